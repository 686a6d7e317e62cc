# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

from ansible_collections.mothership.hcp.plugins.module_utils._datastore import info
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.command import Outcome
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Psql

ROWS = [
    {"version": "15.14", "max_connections": 200, "connections": 14},
    {"name": "hcp_tenant_a", "size": 9437184, "connections": 12, "connection_limit": 63},
]
PARAMS = {"os_user": "postgres", "socket_directory": "/var/run/postgresql", "port": 5433}


def gather(outcome: Outcome) -> tuple[dict[str, object], list[str]]:
    scripts: list[str] = []

    def run(argv: object, *, stdin: str, **_options: object) -> Outcome:
        scripts.append(stdin)
        return outcome

    return info.gather(Psql(info.connection_from(PARAMS), run)), scripts  # type: ignore[arg-type]


def test_sizes_and_connections() -> None:
    found, scripts = gather(Outcome(0, "\n".join(json.dumps(row) for row in ROWS), ""))
    server = {**ROWS[0], "free_bytes": None, "ca_certificate": ""}
    assert found == {"running": True, "problem": None, "role": "unknown", "server": server, "databases": ROWS[1:]}
    assert len(scripts) == 1
    assert all(line.startswith(("SELECT", " ", "FROM", "")) for line in scripts[0].splitlines())


def test_a_server_that_is_down_is_an_answer() -> None:
    said = 'psql: error: connection to server on socket "/x" failed: No such file or directory'
    found, _scripts = gather(Outcome(2, "", said))
    assert (found["running"], found["databases"]) == (False, [])
    assert "PostgreSQL does not answer" in str(found["problem"])


def test_the_port_is_part_of_the_socket() -> None:
    assert info.connection_from(PARAMS).socket == "/var/run/postgresql/.s.PGSQL.5433"
