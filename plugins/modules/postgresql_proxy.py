#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_proxy
short_description: Lead connections to the PostgreSQL that leads
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Runs HAProxy on a database machine. It asks Patroni of all machines over TLS who leads, and passes connections on to
    PostgreSQL there. Sessions to a machine that does not lead any more are ended, so that clients connect anew.
  - With O(virtual_address), keepalived gives this address to one of O(machines). They talk to each other by unicast.
    The address moves when a machine or its HAProxy fails, and stays where it is when they come back.
  - Each new configuration is read by C(haproxy -c) and C(keepalived --config-test) before it replaces the old one.
    A running service is reloaded, so that connections stay.
  - C(/etc/haproxy/haproxy.cfg) and C(/etc/keepalived/keepalived.conf) are written whole. Those that somebody else wrote
    and uses are refused, and so are those of M(mothership.hcp.load_balancer).
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
  name:
    description: Which of O(machines) this machine is.
    type: str
    required: true
  machines:
    description: IP addresses of all database machines by name. The first one begins with the virtual address.
    type: dict
    required: true
  port:
    description: Port for clients.
    type: int
    default: 5000
  database_port:
    description: Port of PostgreSQL.
    type: int
    default: 5432
  health_port:
    description: Port at which Patroni answers C(GET /primary).
    type: int
    default: 8008
  allowed_networks:
    description:
      - Networks from which clients may connect, next to the database machines. Empty for all.
      - PostgreSQL sees the address of the database machine in place of the client's, so this is the place to say it.
    type: list
    elements: str
    default: []
  virtual_address:
    description: IP address that moves between O(machines). Empty for none.
    type: str
    default: ""
  keepalived:
    description: Whether keepalived holds O(virtual_address). With V(false) something else leads it to the machines.
    type: bool
    default: true
  virtual_router_id:
    description: Number of the virtual address, from 1 to 255. Each one of a network needs its own.
    type: int
    default: 52
  interface:
    description:
      - Interface of this machine that gets the virtual address.
      - Empty for the one through which the address is reached. With IPv6 it has to be given.
    type: str
    default: ""
  max_connections:
    description: Greatest number of connections. Each one needs two open files.
    type: int
    default: 2000
  tls_folder:
    description: Folder with C(server.crt), C(server.key) and C(ca.crt) of the machine.
    type: str
    default: /etc/mothership-hcp/postgresql-tls
  timeout:
    description: Seconds to wait until HAProxy runs with a new configuration.
    type: int
    default: 30
seealso:
  - module: mothership.hcp.postgresql_authority
  - module: mothership.hcp.load_balancer
"""

EXAMPLES = r"""
- name: One address for three database machines
  mothership.hcp.postgresql_proxy:
    name: "{{ inventory_hostname }}"
    machines: {db1: 192.0.2.21, db2: 192.0.2.22, db3: 192.0.2.23}
    virtual_address: 192.0.2.20
    allowed_networks: [192.0.2.0/24]
"""

RETURN = r"""
plan:
  description: What was, or would be, done.
  returned: success
  type: list
  elements: dict
  sample:
    - {"action": "update", "target": "/etc/haproxy/haproxy.cfg"}
    - {"action": "run", "target": "haproxy.service reload"}
restarts:
  description: Names of services that were, or would be, restarted. Always empty, as services are reloaded.
  returned: success
  type: list
  elements: str
  sample: []
port:
  description: The port given.
  returned: success
  type: int
  sample: 5000
virtual_address:
  description: The virtual address and its interface on this machine; null when keepalived holds none.
  returned: success
  type: dict
  sample: {"address": "192.0.2.20", "interface": "eth0"}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import command, proxy
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.proxy_config import Settings
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.proxy_machine import ProxyMachine


def argument_spec() -> dict[str, t.Any]:
    return {
        "name": {"type": "str", "required": True},
        "machines": {"type": "dict", "required": True},
        "port": {"type": "int", "default": 5000},
        "database_port": {"type": "int", "default": 5432},
        "health_port": {"type": "int", "default": 8008},
        "allowed_networks": {"type": "list", "elements": "str", "default": []},
        "virtual_address": {"type": "str", "default": ""},
        "keepalived": {"type": "bool", "default": True},
        "virtual_router_id": {"type": "int", "default": 52},
        "interface": {"type": "str", "default": ""},
        "max_connections": {"type": "int", "default": 2000},
        "tls_folder": {"type": "str", "default": "/etc/mothership-hcp/postgresql-tls"},
        "timeout": {"type": "int", "default": 30},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)

    def work() -> dict[str, t.Any]:
        settings = Settings.from_options(module.params)
        machine = ProxyMachine(command.run, Progress())
        return proxy.ensure(settings, machine, timeout=module.params["timeout"], check_mode=module.check_mode)

    run_module(module, work)


if __name__ == "__main__":
    main()
