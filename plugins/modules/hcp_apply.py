#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hcp_apply
short_description: Apply many Kubernetes objects in one task
version_added: "0.1.0"
description:
  - Makes Kubernetes objects be as given, with server-side apply, in parallel and in an order that works.
    First come custom resource definitions and namespaces, then accounts, access rules, secrets and configuration,
    then services, then workloads, then custom resources.
  - Reads the current state with one request per kind and namespace.
    Objects that are already as desired are not sent again.
  - Finds what somebody else changed in fields that were applied, and sets them right.
    Fields that were not applied stay as they are.
  - The hash of every applied object is kept in its annotation C(mothership.hcp/applied).
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
  objects:
    description:
      - The objects, each complete with C(apiVersion), C(kind) and C(metadata.name).
      - Objects that live in a namespace and name none go to the namespace C(default).
    type: list
    elements: dict
    required: true
  state:
    description:
      - V(present) applies the objects.
      - V(absent) deletes those of them that exist, in the reverse order. Only their names matter then.
    type: str
    choices: [present, absent]
    default: present
  prune_label_selector:
    description:
      - Also delete what carries these labels and is not among O(objects), such as C(app.kubernetes.io/part-of=shop).
      - Looks in the namespaces of O(objects), for the kinds of O(objects) and the usual kinds that live in a namespace.
        Objects that belong to a controller, and namespaces that are not among the kinds of O(objects), are left alone.
      - Only for O(state=present).
    type: str
  wait:
    description:
      - Wait until deployments, daemon sets, stateful sets, jobs, pods, API services and custom resource definitions
        among O(objects) are ready, or with O(state=absent) until the objects are gone.
    type: bool
    default: false
  wait_timeout:
    description: Seconds after which applying and waiting fail.
    type: int
    default: 300
author:
  - The mothership.hcp authors (@mothership-hcp)
"""

EXAMPLES = r"""
- name: Apply a namespace, its configuration and a workload, and wait until the workload is ready
  mothership.hcp.hcp_apply:
    kubeconfig: artifacts/mothership/kubeconfig
    objects: "{{ lookup('ansible.builtin.file', 'shop.yaml') | ansible.builtin.from_yaml_all }}"
    wait: true

- name: Apply, and delete what an earlier version of the same file contained
  mothership.hcp.hcp_apply:
    kubeconfig: artifacts/mothership/kubeconfig
    objects: "{{ lookup('ansible.builtin.file', 'shop.yaml') | ansible.builtin.from_yaml_all }}"
    prune_label_selector: app.kubernetes.io/part-of=shop

- name: Delete a namespace and wait until it is gone
  mothership.hcp.hcp_apply:
    kubeconfig: artifacts/mothership/kubeconfig
    state: absent
    objects:
      - apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
    wait: true
"""

RETURN = r"""
plan:
  description: What was changed, or in check mode would be, in the order in which it is done. Empty without a change.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: One of V(create), V(update) and V(delete).
      returned: success
      type: str
      sample: create
    target:
      description: Kind, namespace and name.
      returned: success
      type: str
      sample: ConfigMap/shop/settings
  sample:
    - action: update
      target: ConfigMap/shop/settings
restarts:
  description: Names of what restarts because of the change. Always empty; workloads decide that by themselves.
  returned: success
  type: list
  elements: str
  sample: []
summary:
  description: How many objects were, or would be, created, updated and deleted, and how many are as desired.
  returned: success
  type: dict
  sample:
    created: 1
    updated: 1
    deleted: 0
    unchanged: 98
requests:
  description: How many requests were sent to the API server.
  returned: success
  type: int
  sample: 3
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._kube.connect import KUBE_ARGUMENTS, connect
from ansible_collections.mothership.hcp.plugins.module_utils._kube.task import apply_task, take_objects


def argument_spec() -> dict[str, t.Any]:
    """The module's options."""
    return {
        **KUBE_ARGUMENTS,
        # Objects may be Secrets: they are kept out of the log, see take_objects().
        "objects": {"type": "list", "elements": "dict", "required": True, "no_log": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "prune_label_selector": {"type": "str"},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 300},
    }


def main() -> None:
    """Connect, apply or delete, wait."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    objects = take_objects(module)

    def work() -> t.Mapping[str, t.Any]:
        client = connect(module.params, check_mode=module.check_mode, warn=module.warn)
        return apply_task(client, objects, module.params, check_mode=module.check_mode)

    run_module(module, work)


if __name__ == "__main__":
    main()
