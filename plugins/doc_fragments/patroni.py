# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options of the modules for PostgreSQL on several machines."""

    DOCUMENTATION = r"""
options:
  name:
    description: Name of this machine among O(members).
    type: str
    required: true
  members:
    description: IP addresses of the server's machines by name, three or more, in the order of the inventory.
    type: dict
    required: true
  etcd_endpoints:
    description: URLs of etcd, such as V(https://10.77.0.21:2379).
    type: list
    elements: str
    required: true
  version:
    description: Major version of PostgreSQL.
    type: str
    default: "15"
  port:
    description: TCP port of PostgreSQL.
    type: int
    default: 5432
  health_port:
    description: TCP port of Patroni's REST API.
    type: int
    default: 8008
  listen_addresses:
    description: Addresses on which PostgreSQL listens.
    type: list
    elements: str
    default: ["*"]
  max_connections:
    description: Greatest number of connections. Five of them are kept for administrators.
    type: int
    default: 200
  allowed_networks:
    description:
      - Networks and addresses from which tenants may connect to PostgreSQL itself.
      - The machines of the server may always, because the proxy on them passes connections on.
    type: list
    elements: str
    required: true
  settings:
    description:
      - More settings of PostgreSQL, laid over those of the collection. Settings that decide who may connect, how WAL is
        copied, and those with an option of their own, are refused.
    type: dict
    default: {}
  watchdog:
    description: Whether Patroni uses the watchdog of the machine; V(automatic) does where there is one.
    type: str
    choices: [automatic, required, "off"]
    default: automatic
  timeout:
    description: Seconds to wait for PostgreSQL, a copy of all databases included.
    type: int
    default: 900
"""
