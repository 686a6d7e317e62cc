#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_phase
short_description: Note when a phase of the site playbook starts and ends
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Returns the time at which a phase starts or ends on a host. M(mothership.hcp.report) makes the table of times
    from what the tasks registered.
  - Refuses to start a phase when machines that it needs did not get through an earlier one.
  - Runs on the controller; it needs no connection to the host.
extends_documentation_fragment:
  - mothership.hcp.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
  idempotent:
    support: full
options:
  name:
    description: Name of the phase.
    type: str
    required: true
  state:
    description: Whether the phase starts or ends.
    type: str
    required: true
    choices: [started, done]
  requires:
    description: Name of a phase that every host of O(machines) which started it must have ended.
    type: str
  machines:
    description: Hosts that O(requires) is about.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: The mothership is ready, go on with the hosted control planes
  mothership.hcp.site_phase:
    name: hosted_control_plane
    state: started
    requires: machines
    machines: "{{ groups['mothership_control_plane'] }}"
  register: __site_hosted_control_plane_started
"""

RETURN = r"""
mothership_phase:
  description: The mark.
  returned: success
  type: dict
  sample: {"name": "machines", "state": "started", "time": 1767225600.125}
"""
