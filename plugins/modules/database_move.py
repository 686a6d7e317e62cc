#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: database_move
short_description: Say what the move of a hosted cluster's database needs next, and keep how far it is
version_added: "0.1.0"
description:
  - Decides by what is recorded on the cluster's namespace, and refuses a server that cannot take the database.
  - The playbook C(mothership.hcp.database_move) is made of it, M(mothership.hcp.kine_transfer),
    M(mothership.hcp.kine_database) and M(mothership.hcp.hosted_control_plane).
  - The record is the label C(mothership.hcp/database-server) and the annotation C(mothership.hcp/database-move).
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
options:
  cluster:
    description: Name of the cluster whose database moves. It has to be among O(clusters).
    type: str
    required: true
  step:
    description:
      - V(begin) says what there is to do, and records the beginning of a move.
      - V(switch) records that the new server is in use, from the next start of the cluster's pods on.
      - V(finish) records that all is done. V(undo) records that the old server stays in use.
      - V(forget) removes the record of a finished move, once the old database is dropped.
    type: str
    choices: [begin, switch, finish, undo, forget]
    default: begin
  target:
    description: Name of the server to move to.
    type: str
    default: ""
  back:
    description: Go back to the server from which the last move came.
    type: bool
    default: false
  drop_source:
    description: The old database of the last move is to be dropped.
    type: bool
    default: false
  result:
    description: RV(mothership.hcp.kine_transfer#module:digest) of what was compared, with O(step=switch).
    type: dict
    default: {}
seealso:
  - module: mothership.hcp.kine_transfer
  - module: mothership.hcp.database_placement
"""

EXAMPLES = r"""
- name: What does the move of tenant-a to server north need
  mothership.hcp.database_move:
    kubeconfig: artifacts/mothership/kubeconfig
    version: "1.36.3"
    endpoint: 10.77.0.11
    clusters: "{{ hosted_clusters }}"
    cluster: tenant-a
    target: north
    servers: "{{ postgresql_servers }}"
    machines: {postgresql: [db1], postgresql_north: [db4]}
    addresses: {db1: 10.77.0.21, db4: 10.77.0.24}
    measured: "{{ measured.results }}"
  delegate_to: localhost
  register: move
"""

RETURN = r"""
action:
  description: One of V(copy), V(roll), V(back), V(drop) and V(nothing).
  returned: success
  type: str
  sample: copy
why:
  description: The reason, for people.
  returned: success
  type: str
database:
  description: Name of the database.
  returned: success
  type: str
  sample: hcp_tenant_a
source:
  description: Server and writing machine that the database comes from; null when there is nothing to do.
  returned: success
  type: dict
  sample: {server: main, machine: db1}
target:
  description: Server and writing machine that it goes to; likewise.
  returned: success
  type: dict
  sample: {server: north, machine: db4}
kept:
  description: Whether the database on the target is the old one of an earlier move, which a way back keeps.
  returned: success
  type: bool
expected:
  description: What the old database held when it was switched, for M(mothership.hcp.kine_transfer); null before.
  returned: success
  type: dict
definitions:
  description: The cluster's definition with the server after the step.
  returned: success
  type: list
  elements: dict
database_servers:
  description: What M(mothership.hcp.hosted_control_plane) takes under the same name.
  returned: success
  type: dict
clusters:
  description: Server, address and machine of the cluster.
  returned: success
  type: dict
batches:
  description: Server and machine with the name of the database.
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
from ansible_collections.mothership.hcp.plugins.module_utils._hosting import database_move
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.database_servers import (
    SERVER_ARGUMENTS,
    site_from,
)
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.options import DEFINITION_ARGUMENTS, clusters_of
from ansible_collections.mothership.hcp.plugins.module_utils._kube.connect import KUBE_ARGUMENTS, connect


def argument_spec() -> dict:
    """The module's options."""
    return {
        **copy.deepcopy({**DEFINITION_ARGUMENTS, **KUBE_ARGUMENTS, **SERVER_ARGUMENTS}),
        "cluster": {"type": "str", "required": True},
        "step": {"type": "str", "choices": list(database_move.STEPS), "default": "begin"},
        "target": {"type": "str", "default": ""},
        "back": {"type": "bool", "default": False},
        "drop_source": {"type": "bool", "default": False},
        "result": {"type": "dict", "default": {}},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    params, check_mode = module.params, module.check_mode

    def work() -> dict:
        spec, definition = database_move.one_of(clusters_of(params), params["clusters"], params["cluster"])
        site = site_from(params, check_mode=check_mode, warn=module.warn)
        client = connect(params, check_mode=check_mode, warn=module.warn)
        asked = database_move.Asked(params["target"], params["back"], params["drop_source"])
        request = database_move.Request(spec, definition, params["step"], asked, site, params["result"])
        return database_move.DatabaseMove(request, client, check_mode=check_mode).run()

    run_module(module, work)


if __name__ == "__main__":
    main()
