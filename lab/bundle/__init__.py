# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a bundle: every file a machine needs, built from public sources, named in one manifest."""
