#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_info
short_description: Tell the state of a PostgreSQL machine and of the databases of hosted clusters
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Asks the PostgreSQL server of the machine it runs on, over the local socket, as the operating system user that the
    server trusts. Changes nothing.
  - A server that does not run is an answer, not a failure.
  - On a machine with Patroni it asks Patroni too, with the certificate of the machine.
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
  name:
    description: Name of this machine among those of its server; for its lag.
    type: str
    default: ""
  version:
    description: Major version of PostgreSQL; part of the name of the data directory.
    type: str
    default: "15"
  health_port:
    description: TCP port of Patroni's REST API.
    type: int
    default: 8008
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
role:
  description: V(primary), V(replica), or V(unknown) when the server does not answer.
  returned: success
  type: str
  sample: primary
patroni:
  description:
    - What Patroni says of this machine. Empty when there is no Patroni or it does not answer.
    - C(lag) is in bytes of WAL, null when unknown. C(sync_state) is V(primary), V(sync) for the replica that writes
      wait for, or V(async).
  returned: success
  type: dict
  sample:
    state: running
    timeline: 3
    lag: 0
    sync_state: sync
    pending_restart: false
    leader: db1
    members: {"db1": "leader, running", "db2": "sync_standby, running", "db3": "replica, running"}
data:
  description: What the data directory holds, for M(mothership.hcp.patroni_member). Empty when there is none.
  returned: success
  type: dict
  sample: {"system_identifier": "7448217843121", "state": "in production", "checkpoint": "0/3000060", "timeline": 1}
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
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import command, info, member_info
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_api import PatroniApi
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_config import TlsFiles
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Psql


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        "port": {"type": "int", "default": 5432},
        "socket_directory": {"type": "path", "default": "/var/run/postgresql"},
        "os_user": {"type": "str", "default": "postgres"},
        "name": {"type": "str", "default": ""},
        "version": {"type": "str", "default": "15"},
        "health_port": {"type": "int", "default": 8008},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    psql = Psql(info.connection_from(module.params))
    api = PatroniApi(TlsFiles(), module.params["health_port"])

    def work() -> dict[str, t.Any]:
        found = member_info.data(command.run, module.params["version"])
        patroni = member_info.patroni(api, module.params["name"])
        return {"changed": False, **info.gather(psql), "patroni": patroni, "data": found}

    run_module(module, work)


if __name__ == "__main__":
    main()
