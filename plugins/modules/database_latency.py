#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: database_latency
short_description: Measure how long PostgreSQL takes to answer and to commit
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - With O(host), the time from this machine to PostgreSQL and back, by the first bytes of its protocol. No login is
    needed.
  - With O(commit), the time that commits take on the server of this machine, the wait for a synchronous standby
    included. They are measured for a second at most, with messages in the write-ahead log; no table is made.
  - A write of kine waits for the sum of both.
  - What cannot be measured is an answer, not a failure.
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
  host:
    description: Name or address at which control planes reach PostgreSQL.
    type: str
  port:
    description: Its port.
    type: int
    default: 5432
  ca_certificate:
    description:
      - PEM of the authority that must have signed the certificate which is shown for O(host). Another one is a problem,
        and so is a server without TLS.
      - Without it no certificate is looked at.
    type: str
    default: ""
  commit:
    description: Whether commits on this machine's server are measured.
    type: bool
    default: false
  samples:
    description: How many commits are measured when they are fast.
    type: int
    default: 100
  local_port:
    description: Port of this machine's server; it is part of the socket's name.
    type: int
    default: 5432
  socket_directory:
    description: Folder of this machine's server's socket.
    type: path
    default: /var/run/postgresql
  os_user:
    description: Operating system user that may connect as C(postgres).
    type: str
    default: postgres
"""

EXAMPLES = r"""
- name: From the mothership to the database
  mothership.hcp.database_latency:
    host: 192.0.2.21

- name: On the database machine
  mothership.hcp.database_latency:
    commit: true
  become: true
"""

RETURN = r"""
round_trip:
  description: Median and 99th percentile in milliseconds; null when it was not asked for or nobody answered.
  returned: success
  type: dict
  sample: {"p50": 0.21, "p99": 0.48, "samples": 20}
commit:
  description: Median and 99th percentile in milliseconds; null when it was not asked for or cannot be measured here.
  returned: success
  type: dict
  sample: {"p50": 1.9, "p99": 4.4, "samples": 100}
problems:
  description: Why something could not be measured.
  returned: success
  type: list
  elements: str
  sample: ["the server of this machine is a standby"]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import latency
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Connection, Psql


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        "host": {"type": "str"},
        "port": {"type": "int", "default": 5432},
        "ca_certificate": {"type": "str", "default": ""},
        "commit": {"type": "bool", "default": False},
        "samples": {"type": "int", "default": 100},
        "local_port": {"type": "int", "default": 5432},
        "socket_directory": {"type": "path", "default": "/var/run/postgresql"},
        "os_user": {"type": "str", "default": "postgres"},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    given = module.params
    at = Connection.as_os_user(given["os_user"], given["socket_directory"], given["local_port"])
    psql = Psql(at) if given["commit"] else None

    def work() -> dict[str, t.Any]:
        measured = latency.measure(
            given["host"],
            given["port"],
            psql,
            ca_certificate=given["ca_certificate"],
            commit_samples=given["samples"],
        )
        return {"changed": False, **measured}

    run_module(module, work)


if __name__ == "__main__":
    main()
