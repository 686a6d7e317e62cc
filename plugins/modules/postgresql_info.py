#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_info
short_description: Tell sizes and connections of the databases of hosted clusters
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Asks the PostgreSQL server of the machine it runs on, over the local socket, as the operating system user that the
    server trusts. Changes nothing.
  - A server that does not run is an answer, not a failure.
extends_documentation_fragment:
  - mothership.hcp.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
  idempotent:
    support: full
options:
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
- name: Look at the databases
  mothership.hcp.postgresql_info:
  become: true
  register: databases
"""

RETURN = r"""
running:
  description: Whether the server answers.
  returned: success
  type: bool
  sample: true
problem:
  description: Why it does not answer; null when it does.
  returned: success
  type: str
  sample: null
server:
  description: Version, limit and number of connections; empty when it does not answer.
  returned: success
  type: dict
  sample: {"version": "15.14", "max_connections": 200, "connections": 14}
databases:
  description: The databases of hosted clusters; C(size) is in bytes.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "hcp_tenant_a", "size": 9437184, "connections": 12, "connection_limit": 63}]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import info
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Psql


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        "port": {"type": "int", "default": 5432},
        "socket_directory": {"type": "path", "default": "/var/run/postgresql"},
        "os_user": {"type": "str", "default": "postgres"},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    psql = Psql(info.connection_from(module.params))
    run_module(module, lambda: {"changed": False, **info.gather(psql)})


if __name__ == "__main__":
    main()
