#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a node of a cluster out of service, or back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_drain
short_description: Take a node out of service, or back
version_added: "0.1.0"
description:
  - Keeps new pods off a node and moves the present ones away by evictions, which respect disruption budgets.
  - Pods of DaemonSets and static pods stay. What pods keep in an C(emptyDir) is lost.
  - A node whose kubelet does not answer is not waited for.
author:
  - The mothership.hcp authors (@mothership-hcp)
extends_documentation_fragment:
  - mothership.hcp.attributes
  - mothership.hcp.kubernetes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description: Name of the node. Nothing is done when the cluster has no such node.
    type: str
    required: true
  state:
    description:
      - V(drained) keeps new pods off and evicts the present ones.
      - V(schedulable) lets new pods come again.
      - V(absent) drains the node and deletes its Node object.
    type: str
    choices: [drained, schedulable, absent]
    default: drained
  wait_timeout:
    description: Seconds until all pods must have left.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Empty a worker before it is removed
  mothership.hcp.node_drain:
    kubeconfig: artifacts/tenant-a/kubeconfig
    name: w1
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
plan:
  description: What was, or in check mode would be, changed.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: What is done.
      type: str
      sample: delete
    target:
      description: What it is about.
      type: str
      sample: Pod/default/web-0
"""

import copy

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline, Progress
from ansible_collections.mothership.hcp.plugins.module_utils._kube.connect import KUBE_ARGUMENTS, connect
from ansible_collections.mothership.hcp.plugins.module_utils._kube.drain import ensure_node


def argument_spec() -> dict:
    """The module's options."""
    return {
        **copy.deepcopy(KUBE_ARGUMENTS),
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "default": "drained", "choices": ["drained", "schedulable", "absent"]},
        "wait_timeout": {"type": "int", "default": 300},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params

    def work() -> dict:
        client = connect(params, check_mode=module.check_mode, warn=module.warn)
        deadline, progress = Deadline(params["wait_timeout"]), Progress()
        plan = ensure_node(
            client,
            params["name"],
            params["state"],
            check_mode=module.check_mode,
            deadline=deadline,
            progress=progress,
        )
        return plan.result()

    run_module(module, work)


if __name__ == "__main__":
    main()
