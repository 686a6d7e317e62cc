#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kine_transfer
short_description: One side of moving the database of a hosted cluster to another PostgreSQL server
version_added: "0.1.0"
description:
  - Closes, dumps, loads, compares and opens the database of one hosted cluster. Runs on the database machine that
    writes, with C(psql), C(pg_dump) and C(pg_restore) over the local socket.
  - The playbook C(mothership.hcp.database_move) uses it on both servers. Used alone it gives no protection against two
    databases that take writes.
  - A closed database admits superusers only. What it was like before is kept in its comment, so that it opens again as
    it was.
  - The content of rows appears in no result, log or argument. Files have mode 0600.
author:
  - The mothership.hcp authors (@mothership-hcp)
extends_documentation_fragment:
  - mothership.hcp.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - O(state=dumped) writes the file each time. The other states change nothing when all is as asked.
options:
  database:
    description: Name of the database.
    type: str
    required: true
  state:
    description:
      - V(dumped) closes the database, hashes all rows and writes them to O(path).
      - V(loaded) closes the database, replaces its rows by those of O(path), and compares them with O(expected). The
        table must be there, as M(mothership.hcp.kine_database) makes it. Nothing is loaded when all rows are there.
      - V(closed) closes the database, and fails when it was written to since O(expected). A database that does not
        exist is no failure.
      - V(opened) lets clients in again, if one of the other states had closed the database.
    type: str
    choices: [dumped, loaded, closed, opened]
    required: true
  path:
    description:
      - Full path of the file with the rows. Its folder must have mode 0700; the file belongs to the folder's owner.
    type: path
  expected:
    description: What the other side returned as RV(digest).
    type: dict
  settings:
    description: Storage settings of the table on the other side, as it returned them.
    type: dict
    default: {}
  reason:
    description: Why the database is closed; kept in its comment.
    type: str
    default: move to another server
  port:
    description: Port of PostgreSQL, which is part of its socket's name.
    type: int
    default: 5432
  socket_directory:
    description: Folder of PostgreSQL's socket.
    type: path
    default: /var/run/postgresql
  os_user:
    description: Operating system user that PostgreSQL trusts as C(postgres) on its socket.
    type: str
    default: postgres
  timeout:
    description: Seconds that dump or load may take.
    type: int
    default: 3600
seealso:
  - module: mothership.hcp.database_move
  - module: mothership.hcp.kine_database
"""

EXAMPLES = r"""
- name: Close the database and write its rows to a file
  mothership.hcp.kine_transfer:
    database: hcp_tenant_a
    state: dumped
    path: /var/lib/mothership/database-move/tenant-a/rows
  become: true
  register: dumped

- name: Open it again
  mothership.hcp.kine_transfer:
    database: hcp_tenant_a
    state: opened
  become: true
"""

RETURN = r"""
digest:
  description: Rows, greatest id, sequence and hashes of the table; null where nothing was hashed.
  returned: success
  type: dict
  contains:
    rows:
      description: Number of rows.
      type: int
    max_id:
      description: Greatest id, which is the revision of the hosted cluster.
      type: int
    sequence:
      description: Last id that the sequence gave.
      type: int
    sha256:
      description: Hash over every row.
      type: str
    range_size:
      description: Ids in one range.
      type: int
    ranges:
      description: Number, rows and hash of each range of ids.
      type: list
      elements: list
settings:
  description: Storage settings of the table.
  returned: success
  type: dict
bytes:
  description: Size of the file that was written.
  returned: success
  type: int
seconds:
  description: How long it took.
  returned: success
  type: float
plan:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {action: update, target: database/hcp_tenant_a logins}
restarts:
  description: Always empty.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import transfer


def argument_spec() -> dict[str, dict[str, object]]:
    return {
        "database": {"type": "str", "required": True},
        "state": {"type": "str", "choices": list(transfer.STATES), "required": True},
        "path": {"type": "path"},
        "expected": {"type": "dict"},
        "settings": {"type": "dict", "default": {}},
        "reason": {"type": "str", "default": "move to another server"},
        "port": {"type": "int", "default": 5432},
        "socket_directory": {"type": "path", "default": "/var/run/postgresql"},
        "os_user": {"type": "str", "default": "postgres"},
        "timeout": {"type": "int", "default": 3600},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)

    def work() -> dict[str, object]:
        request = transfer.request_from(module.params, check_mode=module.check_mode)
        tools = transfer.tools_from(module.params, Progress())
        return transfer.transfer(request, tools, check_mode=module.check_mode, warn=module.warn)

    run_module(module, work)


if __name__ == "__main__":
    main()
