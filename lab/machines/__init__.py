# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lab machines: containers with systemd and sshd that Ansible reaches over SSH as if they were bare metal."""
