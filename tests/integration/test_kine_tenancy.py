# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases of hosted clusters on a real PostgreSQL, with the schema made by a real kine."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.kine_database import Request, ensure
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Connection, Psql, ServerDown
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.schema import SchemaMaker
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenant_server import TenantServer
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenants import Tenant

from tests.integration import processes

LIMIT = 10


def verifier(password: str) -> str:
    salt = b"0123456789abcdef"
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 4096)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    texts = [base64.b64encode(one).decode() for one in (salt, stored, hmac.digest(salted, b"Server Key", "sha256"))]
    return f"SCRAM-SHA-256$4096:{texts[0]}${texts[1]}:{texts[2]}"


def new_tenant(password: str = "first") -> Tenant:
    name = processes.unique("hcp").replace("-", "_")
    return Tenant(name, name, verifier(password), LIMIT)


@pytest.fixture
def connection(postgresql_server: t.Any) -> t.Any:
    return Connection((), str(postgresql_server.folder), postgresql_server.port, os_user=None)


@pytest.fixture
def backend(connection: t.Any) -> t.Any:
    return TenantServer(Psql(connection), SchemaMaker(connection, processes.binary("kine"), Progress()), Progress())


@pytest.fixture
def tenants(backend: t.Any) -> t.Iterator[t.Any]:
    """Two tenants that do not exist yet; dropped afterwards, because limits add up."""
    made = [new_tenant(), new_tenant()]
    yield made
    ensure(Request(made, present=False), backend, check_mode=False, warn=print)


def run(tenants: t.Any, backend: t.Any, *, check_mode: bool = False) -> t.Any:
    return ensure(Request(tenants), backend, check_mode=check_mode, warn=print)


def test_databases_are_made_once_and_belong_to_their_tenants(
    postgresql_server: t.Any, backend: t.Any, tenants: t.Any
) -> None:
    planned = run(tenants, backend, check_mode=True)
    assert tenants[0].name not in postgresql_server.query("SELECT string_agg(datname, ' ') FROM pg_database")
    made = run(tenants, backend)
    assert made["plan"] == planned["plan"]
    for tenant in tenants:
        owners = "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relname LIKE 'kine%'"
        assert postgresql_server.query(owners, tenant.name) == tenant.role
        assert (
            int(postgresql_server.query("SELECT count(*) FROM pg_indexes WHERE tablename = 'kine'", tenant.name)) >= 6
        )
        assert (
            postgresql_server.query(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()", tenant.name
            )
            == "1"
        )
    again = run(tenants, backend)
    assert (again["changed"], again["plan"]) == (False, [])


def test_a_tenant_reaches_its_own_database_only(postgresql_server: t.Any, backend: t.Any, tenants: t.Any) -> None:
    run(tenants, backend)
    may = "SELECT has_database_privilege('{0}', '{1}', 'CONNECT')"
    first, second = tenants
    assert postgresql_server.query(may.format(first.role, first.name)) == "t"
    for other in (second.name, "postgres", "template1"):
        assert postgresql_server.query(may.format(first.role, other)) == "f"


def test_a_new_password_and_limit_are_taken_over(postgresql_server: t.Any, backend: t.Any, tenants: t.Any) -> None:
    run(tenants, backend)
    changed = dataclasses.replace(tenants[0], verifier=verifier("second"), connection_limit=12)
    result = run([changed, tenants[1]], backend)
    assert [change["target"] for change in result["plan"]] == [f"role/{changed.role}"]
    stored = postgresql_server.query(
        f"SELECT rolpassword, rolconnlimit FROM pg_authid WHERE rolname = '{changed.role}'"
    )
    assert stored == f"{changed.verifier}|12"


@pytest.mark.parametrize("steps_before_the_end", [1, 2, 3, 4])
def test_a_run_that_was_stopped_is_finished_by_the_next(
    backend: t.Any, tenants: t.Any, steps_before_the_end: t.Any
) -> None:
    whole = backend.apply
    try:
        backend.apply = lambda steps: whole(steps[:-steps_before_the_end])
        run(tenants, backend)
    finally:
        backend.apply = whole
    assert run(tenants, backend)["changed"]
    assert not run(tenants, backend)["changed"]


def test_indexes_that_a_stopped_kine_left_out_are_added(
    postgresql_server: t.Any, backend: t.Any, tenants: t.Any
) -> None:
    run(tenants, backend)
    name = tenants[0].name
    postgresql_server.query("DROP INDEX kine_name_prev_revision_uindex", name)
    settings = (
        "SELECT string_agg(split_part(o, '=', 1), ', ') FROM pg_class, unnest(reloptions) o WHERE relname = 'kine'"
    )
    postgresql_server.query(f"ALTER TABLE kine RESET ({postgresql_server.query(settings, name)})", name)
    assert run(tenants, backend)["changed"]
    indexes = "SELECT count(*) FROM pg_indexes WHERE indexname = 'kine_name_prev_revision_uindex'"
    assert postgresql_server.query(indexes, name) == "1"


def test_drift_is_mended(postgresql_server: t.Any, backend: t.Any, tenants: t.Any) -> None:
    run(tenants, backend)
    tenant = tenants[0]
    postgresql_server.query(f"ALTER ROLE {tenant.role} SUPERUSER")
    postgresql_server.query(f"GRANT CONNECT ON DATABASE {tenant.name} TO PUBLIC")
    targets = [change["target"] for change in run(tenants, backend)["plan"]]
    assert targets == [f"role/{tenant.role}", f"database/{tenant.name} rights of PUBLIC"]


def test_kine_serves_from_the_prepared_schema(
    postgresql_server: t.Any, backend: t.Any, tenants: t.Any, tmp_path: Path
) -> None:
    run(tenants, backend)
    tenant = tenants[0]
    dsn = f"postgres://{tenant.role}@127.0.0.1:{postgresql_server.port}/{tenant.name}?sslmode=disable"
    with processes.kine(dsn, tmp_path) as url:
        assert url.startswith("http://")


def test_limits_beyond_the_server_are_refused_before_anything_is_made(
    postgresql_server: t.Any, backend: t.Any, tenants: t.Any
) -> None:
    greedy = dataclasses.replace(tenants[0], connection_limit=500)
    with pytest.raises(HcpError, match="the connection limits do not fit"):
        run([greedy], backend)
    assert postgresql_server.query(f"SELECT count(*) FROM pg_roles WHERE rolname = '{greedy.role}'") == "0"


def test_dropping_ends_sessions(postgresql_server: t.Any, backend: t.Any, tenants: t.Any) -> None:
    run(tenants, backend)
    name = tenants[0].name
    command = [
        processes.postgresql_binary("psql"),
        f"--dbname={postgresql_server.dsn}{name}",
        "-c",
        "SELECT pg_sleep(30)",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as session:
        result = ensure(Request(tenants[:1], present=False), backend, check_mode=False, warn=print)
        assert session.wait(10) != 0
    assert [change["action"] for change in result["plan"]] == ["delete", "delete"]


def test_the_log_holds_no_verifier(postgresql_server: t.Any, backend: t.Any, tenants: t.Any) -> None:
    postgresql_server.query("ALTER SYSTEM SET log_statement = 'all'")
    postgresql_server.query("SELECT pg_reload_conf()")
    try:
        run(tenants, backend)
    finally:
        postgresql_server.query("ALTER SYSTEM RESET log_statement")
        postgresql_server.query("SELECT pg_reload_conf()")
    log = (postgresql_server.folder / "postgresql.log").read_text()
    assert "ALTER SYSTEM RESET" in log
    assert "SCRAM-SHA-256$" not in log


def test_a_server_that_is_down_is_said(connection: t.Any) -> None:
    nobody = dataclasses.replace(connection, port=processes.free_port())
    with pytest.raises(ServerDown, match=f"PGSQL.{nobody.port}"):
        Psql(nobody).execute("SELECT 1")


def test_a_kine_that_cannot_connect_is_said(connection: t.Any) -> None:
    nobody = dataclasses.replace(connection, port=processes.free_port())
    maker = SchemaMaker(nobody, processes.binary("kine"), Progress(), timeout=3)
    with pytest.raises(HcpError, match="kine"):
        maker.make("hcp_none", "hcp_none")
