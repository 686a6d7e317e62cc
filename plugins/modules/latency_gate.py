#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: latency_gate
short_description: Refuse a site whose PostgreSQL or etcd disks are too slow
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Judges what M(mothership.hcp.database_latency) and M(mothership.hcp.disk_latency) measured on the machines of the
    site, by 99th percentiles. Slow is said, too slow fails. M(mothership.hcp.preflight) judges the same way; this is
    for a site whose PostgreSQL did not run yet then.
  - Results are read from variables that must be registered on the machines, C(__latency_writes) on database machines,
    C(__latency_way) on machines of the mothership, and C(__latency_disk) on machines with etcd.
  - The bounds are the variables C(mothership_latency_write_warning) (50), C(mothership_latency_write_limit) (500),
    C(mothership_latency_disk_warning) (10) and C(mothership_latency_disk_limit) (500), in milliseconds.
  - Runs on the controller and changes nothing.
extends_documentation_fragment:
  - mothership.hcp.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
  idempotent:
    support: full
options: {}
"""

EXAMPLES = r"""
- name: Commits
  mothership.hcp.database_latency:
    commit: true
  register: __latency_writes

- name: Fast enough?
  mothership.hcp.latency_gate:
  run_once: true
"""

RETURN = r"""
notes:
  description: What is slow.
  returned: always
  type: list
  elements: str
  sample: []
latency:
  description: What was measured, in milliseconds. C(database.write_p99) is the time of a hosted control plane's write.
  returned: always
  type: dict
  sample: {"database": {"write_p99": 4.1}}
"""
