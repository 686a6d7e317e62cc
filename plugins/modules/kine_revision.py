#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kine_revision
short_description: Raise the revision of databases that lost some
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - After a promotion that lost writes, a restore to an earlier time or of an old dump, a database gives revisions again
    that clients of the cluster know already. They would miss changes. This module raises the revision beyond all that
    were ever given, and declares everything before it compacted, so that clients list anew.
  - Runs on the machine of the primary, with C(psql) over the local socket.
  - Use it in three steps, while the control plane is stopped - closed, raised, open. The playbook
    C(mothership.hcp.database_recover) does everything.
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
  databases:
    description: The databases.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the database.
        type: str
        required: true
      high_water:
        description:
          - The greatest revision that is known to have been given. The replica watchdog keeps it in ConfigMap
            C(kine-revision) of the cluster's namespace.
          - With V(0), none is known.
        type: int
        default: 0
      logins:
        description:
          - Roles that can log in when the database is open. By default those that could before it was closed.
        type: list
        elements: str
        default: []
  state:
    description:
      - V(read) only tells.
      - V(closed) takes the logins of the tenant away, ends all sessions and waits until there is none.
      - V(raised) raises the revision of a closed database. One that was raised, and not written to since, is left as it
        is.
      - V(open) gives the logins back.
    type: str
    choices: [read, closed, raised, open]
    default: read
  margin:
    description:
      - How far beyond the greatest known revision. It has to cover what was written after the mark was kept last, which
        is up to 20 seconds.
    type: int
    default: 10000
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
  timeout:
    description: Seconds until the sessions of one database must have ended.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Was anything lost?
  mothership.hcp.kine_revision:
    databases:
      - name: hcp_tenant_a
        high_water: 48211
  become: true
  register: revisions

- name: Raise the revision of a closed database
  mothership.hcp.kine_revision:
    databases:
      - name: hcp_tenant_a
        high_water: 48211
    state: raised
  become: true
"""

RETURN = r"""
databases:
  description: Each database as it is now.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    revision:
      description: The present revision.
      type: int
    compacted:
      description: Everything up to this revision is compacted.
      type: int
    sequence:
      description: The last number of the sequence that revisions come from.
      type: int
    high_water:
      description: As it was given.
      type: int
    behind:
      description: By how many revisions the database is behind O(databases[].high_water). Above 0, some were lost.
      type: int
    closed:
      description: Whether the tenant cannot log in.
      type: bool
    unfinished:
      description: Whether this module closed it and has not opened it again.
      type: bool
    logins:
      description: Roles that can log in, or could before it was closed.
      type: list
      elements: str
    sessions:
      description: Client sessions in it.
      type: int
  sample:
    - {"name": "hcp_tenant_a", "revision": 47802, "compacted": 46100, "sequence": 47810, "high_water": 48211,
       "behind": 409, "closed": false, "unfinished": false, "logins": ["hcp_tenant_a_a"], "sessions": 6}
plan:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {"action": "update", "target": "database/hcp_tenant_a revision"}
restarts:
  description: Always empty.
  returned: success
  type: list
  elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import revision


def argument_spec() -> dict[str, dict[str, t.Any]]:
    database = {
        "name": {"type": "str", "required": True},
        "high_water": {"type": "int", "default": 0},
        "logins": {"type": "list", "elements": "str", "default": []},
    }
    return {
        "databases": {"type": "list", "elements": "dict", "required": True, "options": database},
        "state": {"type": "str", "choices": ["read", "closed", "raised", "open"], "default": "read"},
        "margin": {"type": "int", "default": 10000},
        "port": {"type": "int", "default": 5432},
        "socket_directory": {"type": "path", "default": "/var/run/postgresql"},
        "os_user": {"type": "str", "default": "postgres"},
        "timeout": {"type": "int", "default": 60},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params

    def work() -> dict[str, t.Any]:
        return revision.ensure(
            revision.wanted_from(params["databases"]),
            params["state"],
            revision.psql_from(params),
            margin=params["margin"],
            check_mode=module.check_mode,
            progress=Progress(),
            timeout=params["timeout"],
        )

    run_module(module, work)


if __name__ == "__main__":
    main()
