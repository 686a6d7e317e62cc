#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: status
short_description: Print how the mothership and its hosted clusters are
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Prints nodes, replicas, API readiness, databases, workers and the newest backup, and lists what is not healthy.
  - Runs on the controller and only reads.
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
    description: Name of the mothership.
    type: str
    default: mothership
  kubeconfig:
    description: Kubeconfig of the mothership.
    type: path
    required: true
  kubeconfig_directory:
    description: Folder that holds C(<cluster>/kubeconfig) of each hosted cluster.
    type: path
    required: true
  clusters:
    description: Names of the hosted clusters.
    type: list
    elements: str
    default: []
  databases:
    description: What M(mothership.hcp.postgresql_info) returned, by machine.
    type: dict
    default: {}
  velero_namespace:
    description: Namespace of Velero; leave it out where there are no backups.
    type: str
  strict:
    description: Fail when something is not healthy.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Status
  mothership.hcp.status:
    kubeconfig: artifacts/mothership/kubeconfig
    kubeconfig_directory: artifacts
    clusters: [tenant-a]
    velero_namespace: velero
"""

RETURN = r"""
healthy:
  description: Whether there is no problem.
  returned: always
  type: bool
  sample: true
problems:
  description: What is not as it should be.
  returned: always
  type: list
  elements: str
  sample: ["tenant-a: 1 of 2 replicas are ready"]
status:
  description: Everything that was asked, as data.
  returned: always
  type: dict
  sample: {"server": "https://10.77.0.11:6443", "api": "ok"}
"""
