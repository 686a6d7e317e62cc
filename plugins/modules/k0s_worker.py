#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: k0s_worker
short_description: Join a machine to a cluster as k0s worker
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Puts the staged binary in its place, runs C(k0s install worker) and starts the service, unless the machine is a
    worker of that cluster. A join that was interrupted is finished.
  - A worker that has joined restarts only when its labels, arguments or, with O(upgrade), its binary changed.
  - The token is in no argument list. The file that holds it is in memory, for root only, and removed after the join.
  - Prepare the machine with M(mothership.hcp.k0s_node) first. M(mothership.hcp.worker_join) uses this module, and also
    makes the token and waits for the node.
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
  node_name:
    description: Name of the node.
    type: str
    required: true
  server:
    description: URL of the API server as the worker reaches it.
    type: str
    required: true
  ca_certificate:
    description: CA certificate of the cluster, the PEM text in base64 as it is in a kubeconfig.
    type: str
    default: ""
  token:
    description: Bootstrap token. Without one a machine that has not joined is only looked at, see RV(needed).
    type: str
    default: ""
  rejoin:
    description: Join again although the machine has joined, because its Node object is gone.
    type: bool
    default: false
  control_plane_version:
    description: Version of the API server. A worker of another minor version is refused.
    type: str
    default: ""
  taints:
    description: Taints with which the node registers itself, each with C(key), C(value) and C(effect).
    type: list
    elements: dict
    default: []
  labels:
    description: Labels with which the node registers itself.
    type: dict
    default: {}
  profile:
    description: Worker profile of the control plane that the node uses.
    type: str
    default: default
  kubelet_extra_args:
    description: Further arguments of the kubelet, each without spaces.
    type: list
    elements: str
    default: []
  ignore_preflight_checks:
    description: Start although the checks of k0s find something.
    type: bool
    default: false
  upgrade:
    description: Bring a worker that has joined up to date, see RV(outdated).
    type: bool
    default: false
  timeout:
    description: Seconds that the join may take.
    type: int
    default: 180
"""

EXAMPLES = r"""
- name: Join a worker with a token that was made elsewhere
  mothership.hcp.k0s_worker:
    node_name: w1
    server: https://10.77.0.11:31443
    ca_certificate: "{{ cluster_ca | b64encode }}"
    token: "{{ bootstrap_token }}"
"""

RETURN = r"""
plan:
  description: What was, or would be, done.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "create", "target": "node w1"}]
restarts:
  description: Names of services that were, or would be, restarted.
  returned: success
  type: list
  elements: str
  sample: []
needed:
  description: Whether a join was, or is, needed.
  returned: success
  type: bool
  sample: true
joined:
  description: Whether the machine is a worker of the cluster now.
  returned: success
  type: bool
  sample: true
outdated:
  description:
    - Whether the worker runs another k0s, or other programs of the bundle, than what the bundle brought last.
    - With O(upgrade), the binary is replaced and the service restarts then.
  returned: success
  type: bool
  sample: false
version:
  description: Version of k0s that the worker has, or would have, afterwards.
  returned: success
  type: str
  sample: 1.36.3+k0s.2
machine_id:
  description: Content of C(/etc/machine-id).
  returned: success
  type: str
  sample: 4c4c4544003510528042b4c04f4e3632
timings:
  description: Seconds per phase.
  returned: success
  type: dict
  sample: {"join": 1.5}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._host import k0s_worker
from ansible_collections.mothership.hcp.plugins.module_utils._host.k0s_worker import WorkerSettings
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Machine


def argument_spec() -> dict[str, t.Any]:
    return {
        "node_name": {"type": "str", "required": True},
        "server": {"type": "str", "required": True},
        "ca_certificate": {"type": "str", "default": ""},
        "token": {"type": "str", "default": "", "no_log": True},
        "rejoin": {"type": "bool", "default": False},
        "control_plane_version": {"type": "str", "default": ""},
        "taints": {"type": "list", "elements": "dict", "default": []},
        "labels": {"type": "dict", "default": {}},
        "profile": {"type": "str", "default": "default"},
        "kubelet_extra_args": {"type": "list", "elements": "str", "default": []},
        "ignore_preflight_checks": {"type": "bool", "default": False},
        "upgrade": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 180},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    options = dict(module.params)
    timeout = options.pop("timeout")
    for name in ("taints", "kubelet_extra_args"):
        options[name] = tuple(options[name])
    settings = WorkerSettings(**options)
    machine = Machine()
    run_module(
        module,
        lambda: k0s_worker.run(machine, settings, check_mode=module.check_mode, timeout=timeout),
        secrets=lambda: [settings.token],
    )


if __name__ == "__main__":
    main()
