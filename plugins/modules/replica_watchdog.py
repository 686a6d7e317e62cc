#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: replica_watchdog
short_description: Run the watchdog for replicas of hosted control planes on a machine of the mothership
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Installs a small program as a service. It asks each replica of each hosted cluster directly for lists of kinds
    that nobody writes, and replaces the pod of a replica that is stuck beside one that works. The probes of Kubernetes
    do not show such a replica.
  - It replaces one replica of a cluster at a time, slows down when that does not help, and replaces nothing when all
    replicas are slow, because then it is the database.
  - It keeps the greatest revision that each cluster's database ever gave in ConfigMap C(kine-revision).
  - Run it on every control plane machine. The programs agree on one of them by a lease.
  - Makes the program's ServiceAccount and rights in the mothership. M(mothership.hcp.hosted_control_plane) makes what
    it needs for each cluster.
  - The program needs Python 3.9 or newer with its standard library, and nothing else.
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
  state:
    description: V(absent) stops and removes the program. Its ServiceAccount stays for other machines.
    type: str
    choices: [present, absent]
    default: present
  identity:
    description: Name of this machine, as the lease shows it.
    type: str
    required: true
  kubeconfig:
    description:
      - Kubeconfig of an administrator of the mothership, on the controller.
      - Needed with O(state=present).
    type: path
  address:
    description: Address of the mothership's API, seen from this machine.
    type: str
    default: 127.0.0.1
  port:
    description: Port of the mothership's API.
    type: int
    default: 6443
  server_name:
    description: Name that the certificates of the mothership's API and of the hosted clusters have.
    type: str
    default: kubernetes
  namespace:
    description: Namespace of the ServiceAccount and the lease. Only that of the collection has the rights.
    type: str
    default: mothership-hcp
  interval:
    description: Seconds from one round of questions to the next.
    type: float
    default: 5
  slow_seconds:
    description:
      - A list that takes longer, twice in a row, counts as stuck. The API server itself gives up waiting after 3
        seconds.
    type: float
    default: 2.5
  start_seconds:
    description: Seconds after which a replica whose API server runs without getting ready counts as stuck.
    type: float
    default: 60
  backoff_seconds:
    description:
      - Pause after a replacement. When ten in a row did not help, each further one doubles it, up to ten minutes.
    type: float
    default: 15
  act:
    description: With V(false), the program tells in its log what it would replace, and replaces nothing.
    type: bool
    default: true
  metrics_port:
    description: Port of the page C(/metrics) on the loopback interface; V(-1) for none.
    type: int
    default: 9479
  token:
    description: Token of the ServiceAccount. The action plugin fills it in.
    type: str
  ca_certificate:
    description: PEM certificate of the mothership's CA. The action plugin fills it in.
    type: str
seealso:
  - module: mothership.hcp.hosted_control_plane
"""

EXAMPLES = r"""
- name: Watch over the replicas of hosted control planes
  mothership.hcp.replica_watchdog:
    identity: "{{ inventory_hostname }}"
    kubeconfig: artifacts/mothership/kubeconfig
  become: true
"""

RETURN = r"""
plan:
  description: What was, or would be, done. What is in the mothership begins with its name.
  returned: success
  type: list
  elements: dict
  sample:
    - {"action": "create", "target": "/etc/systemd/system/mothership-replica-watchdog.service"}
restarts:
  description: Names of services that were, or would be, restarted.
  returned: success
  type: list
  elements: str
  sample: [mothership-replica-watchdog]
"""

import sys
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._host import watchdog_service
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Machine


def argument_spec() -> dict[str, t.Any]:
    return {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "identity": {"type": "str", "required": True},
        "kubeconfig": {"type": "path"},
        "address": {"type": "str", "default": "127.0.0.1"},
        "port": {"type": "int", "default": 6443},
        "server_name": {"type": "str", "default": "kubernetes"},
        "namespace": {"type": "str", "default": "mothership-hcp"},
        "interval": {"type": "float", "default": 5},
        "slow_seconds": {"type": "float", "default": 2.5},
        "start_seconds": {"type": "float", "default": 60},
        "backoff_seconds": {"type": "float", "default": 15},
        "act": {"type": "bool", "default": True},
        "metrics_port": {"type": "int", "default": 9479},
        "token": {"type": "str", "no_log": True},
        "ca_certificate": {"type": "str"},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)

    def work() -> dict[str, t.Any]:
        settings = None
        if module.params["state"] == "present":
            params = {**module.params, "_check_mode": module.check_mode}
            settings = watchdog_service.settings_from(params, sys.executable)
        return watchdog_service.run(Machine(), settings, check_mode=module.check_mode)

    run_module(module, work, secrets=lambda: [module.params["token"] or ""])


if __name__ == "__main__":
    main()
