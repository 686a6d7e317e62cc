#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_init
short_description: Initialise a Kubernetes control plane with kubeadm
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Renders the configuration of kubeadm, runs C(kubeadm init) unless there is a control plane, and waits until the API
    server says that it is ready.
  - An C(init) that was interrupted is reset and begun again.
  - No bootstrap token stays behind; workers get one of their own when they join.
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
    description: Name of the cluster.
    type: str
    default: mothership
  version:
    description: Version of Kubernetes, without C(v).
    type: str
    required: true
  node_name:
    description: Name of this machine's node.
    type: str
    required: true
  advertise_address:
    description: Address of this machine that the API server tells others.
    type: str
    required: true
  endpoint:
    description: Host name or address under which clients reach the API server.
    type: str
    required: true
  port:
    description: Port of the API server.
    type: int
    default: 6443
  certificate_names:
    description: More names and addresses for the API server's certificate.
    type: list
    elements: str
    default: []
  pod_cidr:
    description: Range of the pods' addresses.
    type: str
    default: 10.244.0.0/16
  service_cidr:
    description: Range of the Services' addresses.
    type: str
    default: 10.96.0.0/16
  dns_domain:
    description: Domain of the cluster's own names.
    type: str
    default: cluster.local
  coredns_tag:
    description: Tag of image C(registry.k8s.io/coredns/coredns).
    type: str
    required: true
  etcd_tag:
    description: Tag of image C(registry.k8s.io/etcd).
    type: str
    required: true
  taint:
    description: Keep ordinary pods off the control plane. Leave it V(false) when there are no other workers.
    type: bool
    default: false
  ignore_preflight_errors:
    description: Checks of kubeadm whose errors are ignored.
    type: list
    elements: str
    default: []
  kubelet_config:
    description: Fields for the KubeletConfiguration of all nodes.
    type: dict
    default: {}
  kube_proxy_config:
    description: Fields for the KubeProxyConfiguration.
    type: dict
    default: {}
  timeout:
    description: Seconds until the API server must be ready.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Initialise the mothership
  mothership.hcp.kubeadm_init:
    version: "1.36.3"
    node_name: ms1
    advertise_address: 10.77.0.11
    endpoint: 10.77.0.11
    coredns_tag: v1.15.0
    etcd_tag: 3.7.3-0
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
server:
  description: URL of the API server.
  returned: success
  type: str
  sample: https://10.77.0.11:6443
timings:
  description: Seconds per phase.
  returned: success
  type: dict
  sample: {"init": 9.1, "ready": 0.1}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._host import kubeadm_init
from ansible_collections.mothership.hcp.plugins.module_utils._host.kubeadm import ClusterSettings
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Machine


def argument_spec() -> dict[str, t.Any]:
    return {
        "name": {"type": "str", "default": "mothership"},
        "version": {"type": "str", "required": True},
        "node_name": {"type": "str", "required": True},
        "advertise_address": {"type": "str", "required": True},
        "endpoint": {"type": "str", "required": True},
        "port": {"type": "int", "default": 6443},
        "certificate_names": {"type": "list", "elements": "str", "default": []},
        "pod_cidr": {"type": "str", "default": "10.244.0.0/16"},
        "service_cidr": {"type": "str", "default": "10.96.0.0/16"},
        "dns_domain": {"type": "str", "default": "cluster.local"},
        "coredns_tag": {"type": "str", "required": True},
        "etcd_tag": {"type": "str", "required": True},
        "taint": {"type": "bool", "default": False},
        "ignore_preflight_errors": {"type": "list", "elements": "str", "default": []},
        "kubelet_config": {"type": "dict", "default": {}},
        "kube_proxy_config": {"type": "dict", "default": {}},
        "timeout": {"type": "int", "default": 300},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    options = dict(module.params)
    timeout = options.pop("timeout")
    options["ignored_errors"] = tuple(options.pop("ignore_preflight_errors"))
    options["certificate_names"] = tuple(options["certificate_names"])
    settings = ClusterSettings(**options)
    machine = Machine()
    run_module(module, lambda: kubeadm_init.run(machine, settings, check_mode=module.check_mode, timeout=timeout))


if __name__ == "__main__":
    main()
