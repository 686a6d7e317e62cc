#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kine_sessions
short_description: Prove that nobody uses the previous login of a database
version_added: "0.1.0"
description:
  - Waits until every pod of a hosted cluster has sessions with the login in use, and nobody has one with the login
    before it. Then M(mothership.hcp.kine_database) may close that one.
  - Runs on the database machine, with C(psql) over the local socket as the operating system user of PostgreSQL. Nothing
    is changed.
  - A session is known by its application name, which is the name of the pod.
author:
  - The mothership.hcp authors (@mothership-hcp)
extends_documentation_fragment:
  - mothership.hcp.attributes
attributes:
  check_mode:
    support: full
    details: In check mode it looks once and does not wait.
  diff_mode:
    support: none
    details: Nothing is changed.
  idempotent:
    support: full
options:
  databases:
    description:
      - What to prove; M(mothership.hcp.kine_credentials) returns it as C(sessions).
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the database.
        type: str
        required: true
      login:
        description:
          - The login in use.
        type: str
        required: true
      previous:
        description:
          - The login that nobody may have a session of.
        type: str
      pods:
        description:
          - Names of the pods that must have a session of O(databases[].login).
        type: list
        elements: str
        default: []
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
      - Seconds to wait. Pods that end take up to 45 seconds.
    type: int
    default: 180
seealso:
  - module: mothership.hcp.kine_credentials
  - module: mothership.hcp.kine_database
"""

EXAMPLES = r"""
- name: Nobody uses the previous logins
  mothership.hcp.kine_sessions:
    databases: "{{ credentials.sessions }}"
  become: true
"""

RETURN = r"""
proven:
  description: Whether every pod uses the login in use, and nobody the one before it.
  returned: success
  type: bool
databases:
  description: The databases asked for.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the database.
      type: str
    open_points:
      description: What keeps the proof from holding. Empty when it holds.
      type: list
      elements: str
    sessions:
      description: The sessions, those that are alike counted together.
      type: list
      elements: dict
      contains:
        login:
          description: Role that logged in.
          type: str
        application:
          description: Name of the pod, or of another program.
          type: str
        address:
          description: Address that PostgreSQL sees. Empty for the local socket.
          type: str
        sessions:
          description: Their number.
          type: int
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import sessions
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Connection, Psql


def argument_spec() -> dict[str, dict[str, object]]:
    database = {
        "name": {"type": "str", "required": True},
        "login": {"type": "str", "required": True},
        "previous": {"type": "str"},
        "pods": {"type": "list", "elements": "str", "default": []},
    }
    return {
        "databases": {"type": "list", "elements": "dict", "required": True, "options": database},
        "port": {"type": "int", "default": 5432},
        "socket_directory": {"type": "path", "default": "/var/run/postgresql"},
        "os_user": {"type": "str", "default": "postgres"},
        "timeout": {"type": "int", "default": 180},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    given = module.params

    def work() -> dict[str, object]:
        psql = Psql(Connection.as_os_user(given["os_user"], given["socket_directory"], given["port"]))
        wanted = sessions.wanted_from(given["databases"])
        wait = not module.check_mode
        return sessions.prove(psql, wanted, wait=wait, timeout=given["timeout"], progress=Progress())

    run_module(module, work)


if __name__ == "__main__":
    main()
