# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options about several PostgreSQL servers."""

    DOCUMENTATION = r"""
options:
  servers:
    description:
      - The PostgreSQL servers, each with C(name) and either C(group), the inventory group of its machines, or
        C(address), C(port) and C(ca_certificate) of one that exists already. More keys are C(sslmode), C(zone),
        C(max_bytes) and C(versions).
      - An empty list is one server C(main) with group C(postgresql).
    type: list
    elements: dict
    required: true
  machines:
    description: Names of the machines of each group.
    type: dict
    default: {}
  addresses:
    description: Address of each machine.
    type: dict
    default: {}
  virtual_addresses:
    description: Address that the machines of a group have together, by machine; empty where there is none.
    type: dict
    default: {}
  ports:
    description: Port of PostgreSQL on each machine. By default O(port).
    type: dict
    default: {}
  measured:
    description:
      - Results of M(mothership.hcp.postgresql_info) on all the machines, as a loop registers them. C(item) is the name
        of the machine.
    type: list
    elements: dict
    default: []
  port:
    description: Port of PostgreSQL on its machines.
    type: int
    default: 5432
  proxy_port:
    description: Port at the address that machines have together.
    type: int
    default: 5000
  max_connections:
    description: What a server will have that is not set up yet. Only read in check mode.
    type: int
    default: 200
"""
