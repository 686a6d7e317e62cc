#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: controller_join
short_description: Make a machine a further k0s controller of a cluster
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Makes a token in the cluster's API, joins the machine with M(mothership.hcp.k0s_controller), and revokes the token
    at once, whatever happened.
  - A machine that has joined is only kept as O(controller) says; it restarts when that changed.
extends_documentation_fragment:
  - mothership.hcp.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  kubeconfig:
    description:
      - Kubeconfig of an administrator of the cluster, on the controller.
      - The machine joins through the host that it names.
    type: path
    required: true
  controller:
    description: Options of M(mothership.hcp.k0s_controller).
    type: dict
    required: true
  join_port:
    description: Port of the join API of k0s.
    type: int
    default: 9443
"""

EXAMPLES = r"""
- name: Make the machine a further controller
  mothership.hcp.controller_join:
    kubeconfig: artifacts/mothership/kubeconfig
    controller:
      name: mothership
      version: 1.36.3
      node_name: ms2
      config: "{{ my_cluster_config }}"
"""

RETURN = r"""
plan:
  description: What was, or would be, done.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "create", "target": "control plane mothership"}]
restarts:
  description: Names of services that were, or would be, restarted.
  returned: success
  type: list
  elements: str
  sample: []
timings:
  description: Seconds per phase.
  returned: success
  type: dict
  sample: {"join": 9.4}
"""
