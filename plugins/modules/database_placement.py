#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: database_placement
short_description: Choose a PostgreSQL server for the database of each hosted cluster
version_added: "0.1.0"
description:
  - Refuses servers that cannot take a database, because they do not answer, have another version than kine is tested
    with, would give away more than 80 % of their connections or bytes, or are in another zone than asked for. Of the
    others it takes the one with the largest free share; fewer databases decide between equals.
  - The choice is written to the label C(mothership.hcp/database-server) of the cluster's namespace and kept. Only the
    playbook C(mothership.hcp.database_move) changes it.
  - Databases on a server without machines of the site are made by its owner, so such a server is never chosen; a
    cluster uses it by naming it.
author:
  - The mothership.hcp authors (@mothership-hcp)
extends_documentation_fragment:
  - mothership.hcp.attributes
  - mothership.hcp.kubernetes
  - mothership.hcp.hosted_clusters
  - mothership.hcp.database_servers
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
seealso:
  - module: mothership.hcp.postgresql_info
  - module: mothership.hcp.kine_database
  - module: mothership.hcp.database_move
"""

EXAMPLES = r"""
- name: Choose a server for each database
  mothership.hcp.database_placement:
    kubeconfig: artifacts/mothership/kubeconfig
    version: "1.36.3"
    endpoint: 10.77.0.11
    clusters:
      - name: tenant-a
      - name: tenant-b
        database_zone: north
    servers:
      - {name: main, group: postgresql}
      - {name: north, group: postgresql_north, zone: north, max_bytes: 200GiB}
    machines: {postgresql: [db1], postgresql_north: [db4]}
    addresses: {db1: 10.77.0.21, db4: 10.77.0.24}
    measured: "{{ measured.results }}"
  delegate_to: localhost
  register: placement
"""

RETURN = r"""
clusters:
  description: For each cluster its server, address, machine, and why.
  returned: success
  type: dict
  sample:
    tenant-a:
      server: main
      host: 10.77.0.21
      port: 5432
      machine: db1
      external: false
      why: highest score
      verdicts:
        - {server: main, accepted: true, score: 75.2, reasons: ["70% of its connections stay free"]}
        - {server: north, accepted: false, score: null, reasons: ["not reachable: db4: timed out"]}
definitions:
  description: The clusters as given, each with its server; pass them on.
  returned: success
  type: list
  elements: dict
database_servers:
  description: What M(mothership.hcp.hosted_control_plane) takes under the same name.
  returned: success
  type: dict
batches:
  description: The machine that writes and the names of databases, for each server that gets any.
  returned: success
  type: list
  elements: dict
plan:
  description: What was, or in check mode would be, changed.
  returned: success
  type: list
  elements: dict
  sample:
    - {action: update, target: Namespace/hcp-tenant-a}
restarts:
  description: Always empty.
  returned: success
  type: list
  elements: str
"""

import copy

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.database_placement import place_databases
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.database_servers import (
    SERVER_ARGUMENTS,
    site_from,
)
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.options import DEFINITION_ARGUMENTS, clusters_of
from ansible_collections.mothership.hcp.plugins.module_utils._kube.connect import KUBE_ARGUMENTS, connect


def argument_spec() -> dict:
    """The module's options."""
    return copy.deepcopy({**DEFINITION_ARGUMENTS, **KUBE_ARGUMENTS, **SERVER_ARGUMENTS})


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)

    def work() -> dict:
        specs = clusters_of(module.params)
        site = site_from(module.params, check_mode=module.check_mode, warn=module.warn)
        client = connect(module.params, check_mode=module.check_mode, warn=module.warn)
        return place_databases(specs, module.params["clusters"], site, client, check_mode=module.check_mode)

    run_module(module, work)


if __name__ == "__main__":
    main()
