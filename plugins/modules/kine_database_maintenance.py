#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kine_database_maintenance
short_description: Compact, vacuum and reindex databases of hosted clusters
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Does what a database of a hosted cluster needs, by thresholds, and tells why.
  - Runs on the machine of the primary, with C(psql) over the local socket.
  - V(compact) deletes superseded and deleted rows as kine does, in transactions of 1000 revisions. It is due only when
    the API server, which should do it every five minutes, has not. Watches from older revisions begin anew.
  - V(vacuum) makes the space of dead rows usable again and counts rows anew. V(reindex) builds the indexes anew beside
    the old ones. Both, and V(compact), go on while the hosted cluster works.
  - V(vacuum_full) gives space back to the operating system. The hosted cluster stands still meanwhile.
  - A run that was stopped is finished by the next one.
extends_documentation_fragment:
  - mothership.hcp.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: With O(force=true) or V(vacuum_full), every run does the work.
options:
  databases:
    description: Names of the databases. Empty for all of hosted clusters.
    type: list
    elements: str
    default: []
  actions:
    description: What may be done.
    type: list
    elements: str
    choices: [compact, vacuum, reindex, vacuum_full]
    default: [compact, vacuum, reindex]
  force:
    description: Do O(actions) whatever the thresholds say.
    type: bool
    default: false
  confirm_vacuum_full:
    description: With V(vacuum_full), the names of exactly the databases it is for.
    type: list
    elements: str
    default: []
  dead_percent:
    description: Percent of dead rows from which on vacuum is due, for 1000 dead rows and more.
    type: float
    default: 20
  index_ratio:
    description: Size of the indexes by their expected size from which on reindex is due, for 16 MiB and more.
    type: float
    default: 2.0
  compaction_lag:
    description: Revisions that are not compacted from which on compaction is due.
    type: int
    default: 100000
  keep_revisions:
    description: Newest revisions that compaction leaves alone, 1000 or more.
    type: int
    default: 1000
  timeout:
    description: Seconds for one statement.
    type: int
    default: 3600
  port:
    description: Port of the server; it is part of the socket's name.
    type: int
    default: 5432
  socket_directory:
    description: Folder of the server's socket.
    type: path
    default: /var/run/postgresql
  os_user:
    description: Operating system user that may connect as C(postgres).
    type: str
    default: postgres
"""

EXAMPLES = r"""
- name: Do what is due in all databases
  mothership.hcp.kine_database_maintenance:
  become: true

- name: Give the space of one back to the operating system; its cluster stands still meanwhile
  mothership.hcp.kine_database_maintenance:
    databases: [hcp_tenant_a]
    actions: [vacuum_full]
    confirm_vacuum_full: [hcp_tenant_a]
  become: true
"""

RETURN = r"""
plan:
  description: What was, or would be, done.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "run", "target": "database/hcp_tenant_a vacuum"}]
restarts:
  description: Names of services that were, or would be, restarted. Always empty.
  returned: success
  type: list
  elements: str
  sample: []
lines:
  description: The same for people, one line a database.
  returned: success
  type: list
  elements: str
  sample: ["hcp_tenant_a, 64.0 MiB: vacuum (5210 dead rows are 31 %, more than 20 %)"]
databases:
  description:
    - Each database with C(problem), C(actions) (C(action) and C(why)), and what was measured C(before) and C(after)
      (null when nothing was done) - C(bytes), C(index_bytes), C(total_bytes), C(database_bytes), C(live_rows),
      C(dead_rows) and C(compaction_lag).
  returned: success
  type: list
  elements: dict
  sample: [{"name": "hcp_tenant_a", "problem": null, "actions": [], "before": {"bytes": 41943040}, "after": null}]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import info, maintenance_run
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Psql


def argument_spec() -> dict[str, dict[str, t.Any]]:
    actions = ["compact", "vacuum", "reindex"]
    return {
        "databases": {"type": "list", "elements": "str", "default": []},
        "actions": {"type": "list", "elements": "str", "choices": [*actions, "vacuum_full"], "default": actions},
        "force": {"type": "bool", "default": False},
        "confirm_vacuum_full": {"type": "list", "elements": "str", "default": []},
        "dead_percent": {"type": "float", "default": 20},
        "index_ratio": {"type": "float", "default": 2.0},
        "compaction_lag": {"type": "int", "default": 100000},
        "keep_revisions": {"type": "int", "default": 1000},
        "timeout": {"type": "int", "default": 3600},
        "port": {"type": "int", "default": 5432},
        "socket_directory": {"type": "path", "default": "/var/run/postgresql"},
        "os_user": {"type": "str", "default": "postgres"},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    psql = Psql(info.connection_from(module.params))
    runner = maintenance_run.Runner(psql, Progress(), module.params["timeout"])
    run_module(module, lambda: maintenance_run.ensure(module.params, runner, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
