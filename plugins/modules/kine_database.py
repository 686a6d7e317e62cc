#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kine_database
short_description: Manage the PostgreSQL databases of hosted clusters
version_added: "0.1.0"
description:
  - Makes one database for each hosted cluster, its owner role, and roles that log in and act as the owner, with least
    privilege, a connection limit and time-outs.
  - A database has two logins, with C(_a) and C(_b) behind its name. One of them may log in; both do only while a
    password is rotated. What O(databases[].logins) does not name loses password and sessions.
  - Runs on the database machine, with C(psql) over the local socket as the operating system user of PostgreSQL. SQL
    goes by standard input, and passwords come as SCRAM-SHA-256 verifiers, so no password ever gets there.
  - Runs kine once in each new database, so that its schema is there before the first replica of a control plane starts.
    Replicas that start together on an empty database collide.
  - The connection limits of all databases together may take up to 80 % of what the server gives. A change that goes
    beyond it is refused, with the sum.
  - A database that was closed for a restore or a move is left as it is, with a warning.
  - A run that was stopped in the middle is finished by the next one.
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
    support: full
options:
  databases:
    description:
      - The databases.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the database, of a-z, 0-9 and _.
        type: str
        required: true
      role:
        description:
          - Name of the owner. It has to be the name of the database, because C(pg_hba.conf) admits the members of that
            role only. It is the default.
        type: str
      logins:
        description:
          - Roles that may log in, the one in use first; M(mothership.hcp.kine_credentials) returns them.
          - Without it the owner itself is the login, with O(databases[].verifier).
        type: list
        elements: dict
        suboptions:
          name:
            description:
              - Name of the database with C(_a) or C(_b) behind it, or the name of the database itself.
            type: str
            required: true
          verifier:
            description:
              - SCRAM-SHA-256 verifier of the password.
              - May be missing in check mode, and with O(state=absent).
            type: str
      verifier:
        description:
          - SCRAM-SHA-256 verifier of the password of the owner, where that is the login.
        type: str
      connection_limit:
        description:
          - Greatest number of connections to the database. Replicas of the control plane times the pool of one kine, as
            many more as replicas that an update adds for a while, and some for dumps and monitoring.
        type: int
        default: 60
      quota_bytes:
        description:
          - Bytes that the database may grow to, 0 for no quota. They are only noted here, in the setting
            C(mothership.quota_bytes) of role C(hcp_tenants) in that database.
        type: int
        default: 0
      write_bytes_per_second:
        description:
          - Bytes of large rows that the database takes in a second, 0 for any number. They are only noted here, in the
            setting C(mothership.write_bytes_per_second) of that role; M(mothership.hcp.kine_quota_guard) keeps to it.
        type: int
        default: 0
  state:
    description:
      - V(absent) drops the databases and their roles. The data is lost.
    type: str
    choices: [present, absent]
    default: present
  confirm_drop:
    description:
      - Names of the databases, once more. Needed with O(state=absent).
    type: list
    elements: str
  end_sessions:
    description:
      - With O(state=absent), end the sessions of databases that are in use. Otherwise such a database is not dropped.
    type: bool
    default: false
  max_connections:
    description:
      - What the server will have in C(max_connections). Only read in check mode, where the server may not have been set
        up yet.
    type: int
  kine_path:
    description:
      - Path of kine on the machine.
    type: path
    default: /usr/local/bin/kine
  port:
    description:
      - Port of PostgreSQL, which is part of its socket's name.
    type: int
    default: 5432
  socket_directory:
    description:
      - Folder of PostgreSQL's socket.
    type: path
    default: /var/run/postgresql
  os_user:
    description:
      - Operating system user that PostgreSQL trusts as C(postgres) on its socket.
    type: str
    default: postgres
  timeout:
    description:
      - Seconds that kine may take for the schema of one database.
    type: int
    default: 60
seealso:
  - module: mothership.hcp.postgresql_server
  - module: mothership.hcp.kine_credentials
"""

EXAMPLES = r"""
- name: Make the database of the hosted cluster tenant-a
  mothership.hcp.kine_database:
    databases:
      - name: hcp_tenant_a
        logins:
          - name: hcp_tenant_a_a
            verifier: "{{ kine_credentials.verifiers['tenant-a'] }}"
        connection_limit: 63

- name: Drop it with all its data
  mothership.hcp.kine_database:
    databases:
      - name: hcp_tenant_a
    state: absent
    confirm_drop: hcp_tenant_a
"""

RETURN = r"""
plan:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: One of V(create), V(update), V(delete) and V(run).
      type: str
    target:
      description: What it is about.
      type: str
  sample:
    - {action: create, target: database/hcp_tenant_a}
restarts:
  description: Always empty.
  returned: success
  type: list
  elements: str
databases:
  description: The databases asked for.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the database.
      type: str
    role:
      description: Its owner.
      type: str
    logins:
      description: Roles that may log in, the one in use first.
      type: list
      elements: str
    connection_limit:
      description: Greatest number of connections to it.
      type: int
    changed:
      description: Whether anything about it was changed.
      type: bool
connections:
  description: The connection budget.
  returned: success
  type: dict
  contains:
    limits:
      description: Connection limit of every tenant's database on the server.
      type: dict
    max_connections:
      description: What the server gives altogether. Null in check mode before there is a server.
      type: int
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import kine_database as datastore


def argument_spec() -> dict[str, dict[str, object]]:
    verifier = {"type": "str", "no_log": True}
    login = {"name": {"type": "str", "required": True}, "verifier": verifier}
    database = {
        "name": {"type": "str", "required": True},
        "role": {"type": "str"},
        "logins": {"type": "list", "elements": "dict", "options": login},
        "verifier": verifier,
        "connection_limit": {"type": "int", "default": 60},
        "quota_bytes": {"type": "int", "default": 0},
        "write_bytes_per_second": {"type": "int", "default": 0},
    }
    return {
        "databases": {"type": "list", "elements": "dict", "required": True, "options": database},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "confirm_drop": {"type": "list", "elements": "str"},
        "end_sessions": {"type": "bool", "default": False},
        "max_connections": {"type": "int"},
        "kine_path": {"type": "path", "default": "/usr/local/bin/kine"},
        "port": {"type": "int", "default": 5432},
        "socket_directory": {"type": "path", "default": "/var/run/postgresql"},
        "os_user": {"type": "str", "default": "postgres"},
        "timeout": {"type": "int", "default": 60},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    databases = module.params["databases"]
    given = [one for database in databases for one in (database, *(database["logins"] or []))]

    def work() -> dict[str, object]:
        request = datastore.request_from(module.params, check_mode=module.check_mode)
        backend = datastore.backend_from(module.params, Progress())
        return datastore.ensure(request, backend, check_mode=module.check_mode, warn=module.warn)

    run_module(module, work, secrets=lambda: [str(one["verifier"]) for one in given if one.get("verifier")])


if __name__ == "__main__":
    main()
