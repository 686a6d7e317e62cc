#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pod_network
short_description: Give the mothership a pod network
version_added: "0.1.0"
description:
  - Runs flannel (VXLAN) on every node of a cluster that has no pod network yet, and waits until it runs.
  - The CNI configuration and plugins of the machines come from the role P(mothership.hcp.kubernetes_node#role).
  - Hosted clusters get their pod network from M(mothership.hcp.hosted_control_plane).
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
  pod_cidr:
    description: Network of the cluster's pods, the same as the control plane's.
    type: str
    default: 10.244.0.0/16
  coredns_image:
    description:
      - Image of CoreDNS. With it, CoreDNS is run as well.
      - kubeadm runs CoreDNS itself; k0s does so with its own image only.
    type: str
  dns_domain:
    description: Domain of the cluster's own names, for CoreDNS.
    type: str
    default: cluster.local
  service_cidr:
    description: Network of the cluster's Services. Its tenth address is that of CoreDNS.
    type: str
    default: 10.96.0.0/16
  wait:
    description: Whether to wait until flannel runs on every node.
    type: bool
    default: true
  wait_timeout:
    description: Seconds until it must run.
    type: int
    default: 120
seealso:
  - module: mothership.hcp.hosted_control_plane
"""

EXAMPLES = r"""
- name: Give the mothership a pod network
  mothership.hcp.pod_network:
    kubeconfig: artifacts/mothership/kubeconfig
    pod_cidr: 10.244.0.0/16
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
      sample: create
    target:
      description: What it is about.
      type: str
      sample: DaemonSet/kube-flannel/kube-flannel
restarts:
  description: Names of what restarts because of the changes.
  returned: success
  type: list
  elements: str
"""

import copy

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.pod_network import Dns, ensure_pod_network
from ansible_collections.mothership.hcp.plugins.module_utils._kube.connect import KUBE_ARGUMENTS, connect


def argument_spec() -> dict:
    """The module's options."""
    return {
        **copy.deepcopy(KUBE_ARGUMENTS),
        "pod_cidr": {"type": "str", "default": "10.244.0.0/16"},
        "coredns_image": {"type": "str"},
        "dns_domain": {"type": "str", "default": "cluster.local"},
        "service_cidr": {"type": "str", "default": "10.96.0.0/16"},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 120},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params

    def work() -> dict:
        return ensure_pod_network(
            params["pod_cidr"],
            connect(params, check_mode=module.check_mode, warn=module.warn),
            check_mode=module.check_mode,
            progress=Progress(),
            timeout=params["wait_timeout"],
            wait=params["wait"],
            dns=Dns(params["coredns_image"], params["dns_domain"], params["service_cidr"])
            if params["coredns_image"]
            else None,
        )

    run_module(module, work)


if __name__ == "__main__":
    main()
