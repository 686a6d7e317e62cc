# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases of hosted clusters for tests: a role in ``hcp_tenants``, kine's schema, rows as kine writes them."""

from __future__ import annotations

import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import commit_order
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Connection
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.schema import SchemaMaker

from tests.integration import processes


def connection_to(server: processes.PostgreSQL) -> Connection:
    return Connection((), str(server.folder), server.port, os_user=None)


def make(server: processes.PostgreSQL, name: str, *, schema: bool = True) -> str:
    """A database and its login of the same name; with kine's tables and the order of commits when ``schema``."""
    if server.query("SELECT count(*) FROM pg_roles WHERE rolname = 'hcp_tenants'") == "0":
        server.query("CREATE ROLE hcp_tenants NOLOGIN")
    server.query(f"CREATE ROLE {name} LOGIN CONNECTION LIMIT 20 IN ROLE hcp_tenants")
    server.query(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
    if schema:
        SchemaMaker(connection_to(server), processes.binary("kine"), Progress()).make(name, name)
        for statement in commit_order.STATEMENTS:
            server.query(statement, name)
    return name


def drop(server: processes.PostgreSQL, name: str) -> None:
    server.query(f"DROP DATABASE {name} WITH (FORCE)")
    server.query(f"DROP ROLE {name}")


def write(server: processes.PostgreSQL, name: str, keys: int, changes: int, size: int = 200) -> None:
    """``keys`` objects, each changed ``changes`` times, so that all rows but the last of each are superseded."""
    value = f"convert_to(repeat('x', {size}), 'UTF8')"
    server.query(
        "INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value) "
        f"SELECT '/registry/test/' || k, 1, 0, 0, 0, 0, {value} FROM generate_series(1, {keys}) k",
        name,
    )
    for _round in range(changes):
        server.query(
            "INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value, old_value) "
            f"SELECT name, 0, 0, 0, id, 0, {value}, value FROM kine WHERE id IN ("
            "SELECT max(id) FROM kine WHERE name LIKE '/registry/test/%' GROUP BY name)",
            name,
        )


def count(server: processes.PostgreSQL, name: str, where: str = "true") -> int:
    return int(server.query(f"SELECT count(*) FROM kine WHERE {where}", name))


def settings_of(server: processes.PostgreSQL, **more: t.Any) -> dict[str, t.Any]:
    """Settings of the quota guard for this server."""
    return {"interval": 1.0, "socket_directory": str(server.folder), "port": server.port, "min_free": 0.0, **more}
