#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kine_credentials
short_description: Make the database logins of hosted clusters
version_added: "0.1.0"
description:
  - Ensures, for every hosted cluster, its namespace in the mothership and therein the Secret C(kine-credentials) with
    user name, password and salt.
  - A password is made once and never leaves the Secret. What it returns for PostgreSQL is a SCRAM verifier, from which
    the password cannot be computed.
  - A database has two logins that take turns. To rotate a password without a moment in which a pod cannot log in, run
    the playbook C(mothership.hcp.password_rotation); it uses the steps of O(rotation). The Secret remembers how far a
    rotation is, so that a run that was stopped is finished by the next, and a normal run leaves it where it is.
author:
  - The mothership.hcp authors (@mothership-hcp)
extends_documentation_fragment:
  - mothership.hcp.attributes
  - mothership.hcp.kubernetes
  - mothership.hcp.hosted_clusters
options:
  rotation:
    description:
      - The step of a rotation to take, for clusters whose turn it is. A step that is done already does nothing.
      - V(stage) makes the next login, V(switch) makes it the one in use, V(expire) takes the previous one out of
        RV(databases), V(finish) forgets it. C(kine_database) is to be run after V(stage) and V(expire), and
        C(hosted_control_plane) after V(switch) and V(expire).
      - V(stage) begins no rotation for a cluster that had its turn in one which another cluster has not finished.
      - Clusters with a O(clusters[].database_host) of their own are left out.
    type: str
    choices: [none, stage, switch, expire, finish]
    default: none
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
seealso:
  - module: mothership.hcp.kine_database
  - module: mothership.hcp.kine_sessions
  - module: mothership.hcp.hosted_control_plane
"""

EXAMPLES = r"""
- name: Make the database logins
  mothership.hcp.kine_credentials:
    kubeconfig: artifacts/mothership/kubeconfig
    version: "1.36.3"
    endpoint: 10.77.0.11
    clusters:
      - name: tenant-a
      - name: tenant-b
        replicas: 3
  delegate_to: localhost
  register: credentials

- name: Create the databases
  mothership.hcp.kine_database:
    databases: "{{ credentials.databases }}"
  become: true
"""

RETURN = r"""
verifiers:
  description:
    - SCRAM verifier of each cluster's password by the cluster's name.
    - V(null) while check mode only plans to make it.
  returned: success
  type: dict
  sample: {tenant-a: "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy"}
databases:
  description: What M(mothership.hcp.kine_database) takes, in the order of the clusters.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the database.
      type: str
      sample: hcp_tenant_a
    role:
      description: Name of the role that owns it.
      type: str
      sample: hcp_tenant_a
    logins:
      description: Name and verifier of who may log in, the one in use first.
      type: list
      elements: dict
      sample: [{"name": "hcp_tenant_a_a", "verifier": "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy"}]
    connection_limit:
      description: Connections to the database, enough for a rolling update.
      type: int
      sample: 63
    quota_bytes:
      description: Bytes that it may grow to, 0 for no quota.
      type: int
    write_bytes_per_second:
      description: Bytes of large rows that it takes in a second, 0 for any number.
      type: int
rotations:
  description: How far the rotation of each cluster's password is, by the cluster's name.
  returned: success
  type: dict
  contains:
    phase:
      description: One of V(idle), V(staged), V(switched), V(expired), and V(external) where there is none.
      type: str
    username:
      description: The login in use.
      type: str
    next_username:
      description: The one that will be used.
      type: str
    previous_username:
      description: The one that was used before.
      type: str
    to_do:
      description: What is left, in words.
      type: list
      elements: str
sessions:
  description: What M(mothership.hcp.kine_sessions) has to prove before a previous login is closed.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the database.
      type: str
    login:
      description: The login in use.
      type: str
    previous:
      description: The login that nobody may use any more.
      type: str
    pods:
      description: Names of the pods that must have sessions.
      type: list
      elements: str
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
      sample: Secret/hcp-tenant-a/kine-credentials
restarts:
  description: Always empty; a changed password takes effect with M(mothership.hcp.hosted_control_plane).
  returned: success
  type: list
  elements: str
"""

import copy

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.credentials import ensure_credentials
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.options import DEFINITION_ARGUMENTS, clusters_of
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.rotation import STEPS
from ansible_collections.mothership.hcp.plugins.module_utils._kube.connect import KUBE_ARGUMENTS, connect


def argument_spec() -> dict:
    """The module's options."""
    rotation = {"type": "str", "choices": list(STEPS), "default": "none"}
    return copy.deepcopy({**DEFINITION_ARGUMENTS, **KUBE_ARGUMENTS, "rotation": rotation})


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    secrets: list[str] = []

    def work() -> dict:
        specs = clusters_of(module.params)
        client = connect(module.params, check_mode=module.check_mode, warn=module.warn)
        return ensure_credentials(
            specs,
            client,
            check_mode=module.check_mode,
            progress=Progress(),
            step=module.params["rotation"],
            learn_secret=secrets.append,
        )

    run_module(module, work, secrets=lambda: secrets)


if __name__ == "__main__":
    main()
