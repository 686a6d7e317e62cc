#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: worker_join
short_description: Make a machine a worker of a cluster
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Makes a bootstrap token in the cluster's API, joins the machine with M(mothership.hcp.kubeadm_join) or
    M(mothership.hcp.k0s_worker), revokes the token at once, whatever happened, and waits until the node is Ready.
  - A machine that is a worker of this cluster is left alone. One that belongs to another cluster is refused.
  - When a run was killed in the middle of a join, the next one resets what it left and joins again.
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
  cluster:
    description: Name of the cluster, for messages.
    type: str
    required: true
  kubeconfig:
    description:
      - Kubeconfig of an administrator of the cluster, on the controller.
      - The machine joins through the server that it names, so that must be an address which workers reach.
    type: path
    required: true
  distribution:
    description: How the machine joins. It must be that of the cluster.
    type: str
    choices: [kubeadm, k0s]
    default: kubeadm
  node_name:
    description: Name of the node. By default the machine's name in the inventory, in lower case.
    type: str
  labels:
    description: Labels that the node must have. Others stay.
    type: dict
    default: {}
  taints:
    description: Taints that the node must have. Others stay.
    type: list
    elements: dict
    default: []
    suboptions:
      key:
        description: Name of the taint.
        type: str
        required: true
      value:
        description: Value of the taint.
        type: str
        default: ""
      effect:
        description: What the taint does to pods that do not tolerate it.
        type: str
        required: true
        choices: [NoSchedule, PreferNoSchedule, NoExecute]
  ignore_preflight_errors:
    description: Checks of kubeadm whose errors are ignored.
    type: list
    elements: str
    default: []
  ignore_preflight_checks:
    description: Whether k0s skips its checks of the machine. It has no way to skip single ones.
    type: bool
    default: false
  profile:
    description: Worker profile of k0s.
    type: str
    default: default
  kubelet_extra_args:
    description: Further flags of the kubelet, for k0s.
    type: list
    elements: str
    default: []
  upgrade:
    description:
      - Whether a k0s worker gets the binary of the bundle when that is another than it runs. The service stops for it;
        containers go on.
      - Otherwise such a worker keeps its binary, so that workers can be upgraded after their control plane, in batches.
    type: bool
    default: false
  wait_timeout:
    description: Seconds until the node must be Ready.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Make the machine a worker of tenant-a
  mothership.hcp.worker_join:
    cluster: tenant-a
    kubeconfig: artifacts/tenant-a/kubeconfig
    labels:
      topology.kubernetes.io/zone: zone-a
"""

RETURN = r"""
node_name:
  description: Name of the node.
  returned: success
  type: str
  sample: w1
joined:
  description: Whether the machine is a worker of the cluster now.
  returned: success
  type: bool
  sample: true
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
timings:
  description: Seconds per phase.
  returned: success
  type: dict
  sample: {"join": 2.4, "ready": 3.1}
"""
