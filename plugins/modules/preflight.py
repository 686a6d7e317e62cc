#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: List everything that would make the site fail, before anything is changed
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Examines variables, groups, address ranges, versions, the bundle, the controller, the machines and the bucket for
    backups, and fails once with the list of all problems; each says where it is, what is wrong and how to mend it.
  - Runs on the controller and changes nothing.
  - Facts of the machines are those that P(mothership.hcp.machine_facts#module) returned; register them on every
    machine as C(__preflight_machine), with C(ignore_unreachable) and C(ignore_errors), in a task before.
  - Results of M(mothership.hcp.database_latency) and M(mothership.hcp.disk_latency) are judged too when they are
    registered as C(__latency_writes) on database machines, C(__latency_way) on machines of the mothership, and
    C(__latency_disk) on machines with etcd.
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
- name: Look at the machines
  mothership.hcp.machine_facts:
  register: __preflight_machine
  ignore_unreachable: true
  ignore_errors: true

- name: Preflight
  mothership.hcp.preflight:
  run_once: true
"""

RETURN = r"""
notes:
  description: What is allowed but may be an oversight, and what a run mends by itself.
  returned: always
  type: list
  elements: str
  sample: ["PostgreSQL on db1 is installed and does not run: it will be started"]
problem_count:
  description: Number of problems; they are the lines of C(msg).
  returned: failure
  type: int
  sample: 3
clusters:
  description: The hosted clusters, with defaults filled in.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "tenant-a", "version": "1.36.3", "replicas": 2}]
machines:
  description: Machines of the site.
  returned: success
  type: list
  elements: str
  sample: [db1, ms1, w1]
latency:
  description:
    - What was measured, in milliseconds; empty when nothing could be. C(database.write_p99) is what a write of a hosted
      control plane takes.
  returned: success
  type: dict
  sample: {"database": {"write_p99": 4.1}, "disks": {"ms1": {"p50": 0.6, "p99": 3.1, "samples": 200}}}
mothership_phase:
  description: The mark of action M(mothership.hcp.site_phase) that the phase is done.
  returned: success
  type: dict
  sample: {"name": "preflight", "state": "done", "time": 1767225600.125}
seconds:
  description: How long it took.
  returned: success
  type: float
  sample: 0.412
"""
