#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hosted_control_plane
short_description: Run control planes of hosted clusters on the mothership
version_added: "0.1.0"
description:
  - Brings hosted clusters to their definition. In the mothership these are certificates, configuration, a Deployment,
    Services, a disruption budget and a network policy for each. In the hosted cluster itself these are what
    C(kubeadm join) needs, DNS, kube-proxy, the konnectivity agent and the pod network.
  - Waits until all replicas run the newest specification and the API answers through its endpoint.
  - Certificates that exist are kept. Only those that are missing, end within 30 days or lack a name are issued again;
    the pods are then replaced one after the other. A CA that exists is never replaced.
  - The state of a hosted cluster is its database together with the Secrets labelled C(mothership.hcp/state=true) of its
    namespace. Pods are disposable.
  - Ports are allocated once and kept.
  - A list read through one replica may be up to about a second older than what another replica acknowledged. The
    Service of the API therefore keeps each client on one replica.
author:
  - The mothership.hcp authors (@mothership-hcp)
extends_documentation_fragment:
  - mothership.hcp.attributes
  - mothership.hcp.kubernetes
  - mothership.hcp.hosted_clusters
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  database_host:
    description: DNS name or address of PostgreSQL, as its certificate names it.
    type: str
    required: true
  database_port:
    description: Port of PostgreSQL.
    type: int
    default: 5432
  database_ca_certificate:
    description:
      - PEM certificate of the CA that signed the certificate of PostgreSQL.
      - When empty, the one in use is kept. In check mode there may be none yet.
    type: str
    default: ""
  database_servers:
    description:
      - PostgreSQL servers by name, each with C(host), C(port) and C(ca_certificate). A cluster with
        O(clusters[].database_server) uses the one of that name.
      - RV(mothership.hcp.database_placement#module:database_servers) is it.
    type: dict
    default: {}
  kubeconfig_directory:
    description:
      - The administrator's kubeconfig of each cluster is written to C(<directory>/<name>/kubeconfig), mode 0600.
    type: path
    required: true
  wait_timeout:
    description: Seconds until a control plane must be rolled out.
    type: int
    default: 240
seealso:
  - module: mothership.hcp.kine_credentials
  - module: mothership.hcp.kine_database
"""

EXAMPLES = r"""
- name: Run two control planes
  mothership.hcp.hosted_control_plane:
    kubeconfig: artifacts/mothership/kubeconfig
    version: "1.36.3"
    endpoint: 10.77.0.11
    clusters:
      - name: tenant-a
      - name: tenant-b
        endpoint: tenant-b.k8s.example.com
        replicas: 3
        api_server_extra_args:
          audit-log-path: "-"
    database_host: db1.example.com
    database_ca_certificate: "{{ postgresql.ca_certificate }}"
    kubeconfig_directory: artifacts
  delegate_to: localhost
"""

RETURN = r"""
clusters:
  description: What is known about each cluster, by its name.
  returned: success
  type: dict
  sample:
    tenant-a:
      namespace: hcp-tenant-a
      endpoint: 10.77.0.11
      server: https://10.77.0.11:30017
      api_port: 30017
      konnectivity_port: 30042
      replicas: 2
      version: "1.36.3"
      kubeconfig: artifacts/tenant-a/kubeconfig
      ca_certificate_hash: "sha256:85463181fba46a2e7f30496482caf019f24c6cac068736403e840414679665a3"
      certificates_issued: ["api-server: ends on 2027-01-04"]
      timings: {objects: 0.31, api: 6.7, rollout: 8.2, child_objects: 0.42}
plan:
  description: What was, or in check mode would be, changed. Targets within a hosted cluster begin with its name.
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
      sample: "tenant-a: DaemonSet/kube-system/kube-proxy"
restarts:
  description: Deployments whose pods are replaced.
  returned: success
  type: list
  elements: str
  sample: [Deployment/hcp-tenant-a/tenant-a]
"""

import copy

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.hosted_clusters import HostedClusters
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.options import DEFINITION_ARGUMENTS, request_of
from ansible_collections.mothership.hcp.plugins.module_utils._kube.connect import KUBE_ARGUMENTS, connect


def argument_spec() -> dict:
    """The module's options."""
    return {
        **copy.deepcopy({**DEFINITION_ARGUMENTS, **KUBE_ARGUMENTS}),
        "database_host": {"type": "str", "required": True},
        "database_port": {"type": "int", "default": 5432},
        "database_ca_certificate": {"type": "str", "default": ""},
        "database_servers": {"type": "dict", "default": {}},
        "kubeconfig_directory": {"type": "path", "required": True},
        "wait_timeout": {"type": "int", "default": 240},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    secrets: list[str] = []

    def work() -> dict:
        request = request_of(module.params)
        client = connect(module.params, check_mode=module.check_mode, warn=module.warn)
        return HostedClusters(
            request,
            client,
            check_mode=module.check_mode,
            progress=Progress(),
            warn=module.warn,
            learn_secret=secrets.append,
        ).run()

    run_module(module, work, secrets=lambda: secrets)


if __name__ == "__main__":
    main()
