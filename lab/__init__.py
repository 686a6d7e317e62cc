# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: machines and components that the demo and the tests run on. Not part of the published collection."""
