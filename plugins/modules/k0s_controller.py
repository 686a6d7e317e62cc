#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: k0s_controller
short_description: Run a k0s control plane on a machine
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Writes the configuration, puts the staged binary in its place, runs C(k0s install controller), starts the service
    and waits until the API server, and with a worker in it the node, is ready.
  - The service restarts only when its binary, unit, configuration or datastore access changed since it was started.
  - The configuration is given to the staged binary for validation before anything is changed.
  - Prepare the machine with M(mothership.hcp.k0s_node) first.
  - Refused are nodes of kubeadm, workers of k0s, and a change to an older or a much newer version.
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
  name:
    description: Name of the control plane, for messages.
    type: str
    default: mothership
  version:
    description:
      - Version of k0s, such as V(1.36.3+k0s.2).
      - Without the part after the plus, such as V(1.36.3), any release of k0s of that Kubernetes version will do.
    type: str
    required: true
  node_name:
    description: Name of the node.
    type: str
    required: true
  config:
    description: The C(spec) of a k0s ClusterConfig.
    type: dict
    default: {}
  enable_worker:
    description: Run a worker in the controller, so that the machine is a node.
    type: bool
    default: true
  taint:
    description: Keep ordinary pods off the node with the control plane's taint.
    type: bool
    default: false
  labels:
    description: Labels with which the node registers itself.
    type: dict
    default: {}
  kubelet_extra_args:
    description: Further arguments of the kubelet, each without spaces.
    type: list
    elements: str
    default: []
  profile:
    description: Worker profile of the configuration that the node uses.
    type: str
    default: default
  ignore_preflight_checks:
    description: Start although the checks of k0s find something.
    type: bool
    default: false
  disable_components:
    description: Components of k0s to leave out, see C(k0s controller --help).
    type: list
    elements: str
    default: []
  flags:
    description: Further flags of C(k0s controller), each as C(--name=value). They are no place for secrets.
    type: list
    elements: str
    default: []
  token:
    description:
      - Token that joins a further controller, as C(k0s token create --role controller) prints it.
      - It is in a file in memory, for root only, until the controller has joined.
    type: str
    default: ""
  datastore_password:
    description:
      - Password of the PostgreSQL role of kine. It is in a file for root only, and in no argument.
      - The data source in O(config) has none then.
    type: str
    default: ""
  datastore_ca_certificate:
    description:
      - CA certificate, PEM, that kine trusts when the data source asks for C(sslmode=verify-full) or C(verify-ca).
    type: str
    default: ""
  timeout:
    description: Seconds to wait until everything is ready.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Run a control plane with etcd
  mothership.hcp.k0s_controller:
    version: 1.36.3
    node_name: ms1
    config:
      api:
        address: 10.77.0.11
      network:
        provider: custom
      telemetry:
        enabled: false

- name: Run a control plane on PostgreSQL
  mothership.hcp.k0s_controller:
    version: 1.36.3
    node_name: ms1
    config:
      storage:
        type: kine
        kine:
          dataSource: postgres://mothership@10.77.0.21:5432/mothership?sslmode=verify-full
    datastore_password: "{{ mothership_datastore_password }}"
    datastore_ca_certificate: "{{ mothership_datastore_ca }}"
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
  sample: [k0scontroller]
server:
  description: URL of the API server.
  returned: success
  type: str
  sample: https://10.77.0.11:6443
version:
  description: Version of k0s.
  returned: success
  type: str
  sample: 1.36.3+k0s.2
timings:
  description: Seconds per phase.
  returned: success
  type: dict
  sample: {"service": 1.1, "api": 7.4, "node": 6.0}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._host import k0s_controller
from ansible_collections.mothership.hcp.plugins.module_utils._host.k0s_controller import ControllerSettings
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Machine


def argument_spec() -> dict[str, t.Any]:
    return {
        "name": {"type": "str", "default": "mothership"},
        "version": {"type": "str", "required": True},
        "node_name": {"type": "str", "required": True},
        "config": {"type": "dict", "default": {}},
        "enable_worker": {"type": "bool", "default": True},
        "taint": {"type": "bool", "default": False},
        "labels": {"type": "dict", "default": {}},
        "kubelet_extra_args": {"type": "list", "elements": "str", "default": []},
        "profile": {"type": "str", "default": "default"},
        "ignore_preflight_checks": {"type": "bool", "default": False},
        "disable_components": {"type": "list", "elements": "str", "default": []},
        "flags": {"type": "list", "elements": "str", "default": []},
        "token": {"type": "str", "default": "", "no_log": True},
        "datastore_password": {"type": "str", "default": "", "no_log": True},
        "datastore_ca_certificate": {"type": "str", "default": ""},
        "timeout": {"type": "int", "default": 300},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    options = dict(module.params)
    timeout = options.pop("timeout")
    for name in ("kubelet_extra_args", "disable_components", "flags"):
        options[name] = tuple(options[name])
    settings = ControllerSettings(**options)
    machine = Machine()
    run_module(
        module,
        lambda: k0s_controller.run(machine, settings, check_mode=module.check_mode, timeout=timeout),
        secrets=lambda: [settings.token, settings.datastore_password],
    )


if __name__ == "__main__":
    main()
