#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: k0smotron_adopt
short_description: Take a hosted cluster over from k0smotron
version_added: "0.1.0"
description:
  - Makes a cluster of k0smotron a hosted cluster of this collection. It keeps its CA, its database and its address, so
    that workers notice nothing but a new connection.
  - The work has three phases, with M(mothership.hcp.hosted_control_plane) between the last two. The playbook
    C(mothership.hcp.k0smotron_adopt) runs them in their order.
  - Refuses what cannot be adopted, such as state in etcd or NATS, and says all reasons at once. Lists in RV(notes) what
    a hosted cluster of this collection does not have.
  - k0smotron, its mothership and the adopted control plane are in the same Kubernetes cluster.
  - How far an adoption came is recorded in the Secret C(k0smotron-adoption) of the namespace C(hcp-<name>). It also
    holds the object of k0smotron as it was, for the way back.
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
  phase:
    description:
      - V(prepare) reads the cluster, writes the Secrets of the hosted cluster and its definition, and touches nothing
        of k0smotron.
      - V(switch) deletes the object of k0smotron, but nothing that belongs to it, so that its operator leaves the
        control plane alone. Then the node ports change to Services of this collection. These lead to the old pods too,
        so that workers are served while the new pods start.
      - V(retire) deletes the old control plane. It refuses to while the new one is not ready.
    type: str
    required: true
    choices: [prepare, switch, retire]
  cluster:
    description: Name of the C(Cluster) object of k0smotron.
    type: str
    required: true
  namespace:
    description: Namespace of that object.
    type: str
    default: default
  name:
    description:
      - Name of the adopted cluster; at most 40 characters.
      - By default the value of O(cluster).
    type: str
  directory:
    description: The definition is written to C(<directory>/<name>/hosted_cluster.yml), mode 0600.
    type: path
    required: true
  database_ca_certificate:
    description:
      - PEM certificate of the CA that signed the certificate of PostgreSQL. With it, connections are verified.
    type: str
    default: ""
  database_sslmode:
    description:
      - How kine connects to PostgreSQL, as libpq knows it.
      - By default V(verify-full) with O(database_ca_certificate), else what the address of the database says. When that
        leaves open whether connections are encrypted, the module asks for this option.
    type: str
    choices: [verify-full, verify-ca, require, disable]
  node_port_range:
    description: Node ports of the mothership.
    type: str
    default: 30000-32767
  wait_timeout:
    description: Seconds until k0smotron must have let go, and the old pods must be gone.
    type: int
    default: 180
seealso:
  - module: mothership.hcp.hosted_control_plane
"""

EXAMPLES = r"""
- name: Write down what the cluster becomes
  mothership.hcp.k0smotron_adopt:
    phase: prepare
    kubeconfig: artifacts/mothership/kubeconfig
    cluster: tenant-a
    namespace: k0smotron-clusters
    directory: artifacts
  register: adoption

- name: Let k0smotron go
  mothership.hcp.k0smotron_adopt:
    phase: switch
    kubeconfig: artifacts/mothership/kubeconfig
    cluster: tenant-a
    namespace: k0smotron-clusters
    directory: artifacts

- name: Run the control plane
  mothership.hcp.hosted_control_plane:
    kubeconfig: artifacts/mothership/kubeconfig
    clusters: ["{{ adoption.definition }}"]
    database_host: db1.example.com
    kubeconfig_directory: artifacts

- name: Remove the old control plane
  mothership.hcp.k0smotron_adopt:
    phase: retire
    kubeconfig: artifacts/mothership/kubeconfig
    cluster: tenant-a
    namespace: k0smotron-clusters
    directory: artifacts
"""

RETURN = r"""
definition:
  description: The adopted cluster as an item of C(hosted_clusters).
  returned: success
  type: dict
  sample: {name: tenant-a, distribution: k0s, version: 1.36.3+k0s.2, endpoint: 10.77.0.11, api_port: 30443}
definition_file:
  description: Where the definition is written.
  returned: success
  type: str
  sample: artifacts/tenant-a/hosted_cluster.yml
finished:
  description: Whether the adoption is over.
  returned: success
  type: bool
namespace:
  description: Namespace of the adopted cluster.
  returned: success
  type: str
  sample: hcp-tenant-a
notes:
  description: What changes with the adoption, and what is left to the user.
  returned: success
  type: list
  elements: str
  sample: ["spec.resources: our pods have requests and limits of their own."]
record:
  description: The Secret that holds how far the adoption came, and the object of k0smotron as it was.
  returned: success
  type: str
  sample: Secret/hcp-tenant-a/k0smotron-adoption
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
      sample: Cluster.k0smotron.io/default/tenant-a
restarts:
  description: Always empty.
  returned: success
  type: list
  elements: str
"""

import copy
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.adoption import Adoption
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.options import ARGUMENTS, request_of
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._kube.connect import KUBE_ARGUMENTS, connect


def argument_spec() -> dict:
    """The module's options."""
    return copy.deepcopy({**ARGUMENTS, **KUBE_ARGUMENTS})


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    secrets: list[str] = []

    def work() -> dict:
        # What is adopted exists: there is no plan for a cluster that does not answer.
        client = connect(module.params, check_mode=False, warn=module.warn)
        adoption = Adoption(
            request_of(module.params),
            t.cast(t.Any, client),
            check_mode=module.check_mode,
            progress=Progress(),
            learn_secret=secrets.append,
        )
        return getattr(adoption, module.params["phase"])()

    run_module(module, work, secrets=lambda: secrets)


if __name__ == "__main__":
    main()
