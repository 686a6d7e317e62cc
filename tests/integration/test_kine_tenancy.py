# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases of hosted clusters on a real PostgreSQL, with the schema made by a real kine."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.kine_database import Request, ensure
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Connection, Psql, ServerDown
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.schema import SchemaMaker
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenant_server import TenantServer
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenants import Login, Tenant
from ansible_collections.mothership.hcp.plugins.module_utils._pki.scram import password_verifier

from tests.integration import processes
from tests.integration.tenants import Client, Refused, postgresql_with_rules

LIMIT = 10


def verifier(password: str) -> str:
    return password_verifier(password, b"0123456789abcdef")


def login(name: str, password: str) -> Login:
    return Login(name, verifier(password))


def new_tenant(password: str = "first") -> Tenant:
    name = processes.unique("hcp").replace("-", "_")
    return Tenant(name, (login(f"{name}_a", password),), LIMIT)


@pytest.fixture(scope="module")
def server() -> t.Iterator[processes.PostgreSQL]:
    with postgresql_with_rules() as started:
        yield started


@pytest.fixture
def connection(server: processes.PostgreSQL) -> Connection:
    return Connection((), str(server.folder), server.port, os_user=None)


@pytest.fixture
def backend(connection: Connection) -> TenantServer:
    return TenantServer(Psql(connection), SchemaMaker(connection, processes.binary("kine"), Progress()), Progress())


@pytest.fixture
def tenants(backend: TenantServer) -> t.Iterator[list[Tenant]]:
    """Two tenants that do not exist yet; dropped afterwards, because limits add up."""
    made = [new_tenant(), new_tenant()]
    yield made
    ensure(Request(made, present=False, end_sessions=True), backend, check_mode=False, warn=print)


def run(tenants: t.Any, backend: t.Any, *, check_mode: bool = False) -> t.Any:
    return ensure(Request(tenants), backend, check_mode=check_mode, warn=print)


def client(server: processes.PostgreSQL, tenant: Tenant, password: str = "first", number: int = 0) -> Client:
    return Client(server, tenant.logins[number].name, password)


def test_databases_are_made_once_and_belong_to_their_tenants(server: t.Any, backend: t.Any, tenants: t.Any) -> None:
    planned = run(tenants, backend, check_mode=True)
    assert tenants[0].name not in server.query("SELECT string_agg(datname, ' ') FROM pg_database")
    made = run(tenants, backend)
    assert made["plan"] == planned["plan"]
    for tenant in tenants:
        owners = "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relname LIKE 'kine%'"
        assert server.query(owners, tenant.name) == tenant.role
        assert int(server.query("SELECT count(*) FROM pg_indexes WHERE tablename = 'kine'", tenant.name)) >= 6
        sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        assert server.query(sessions, tenant.name) == "1"
    again = run(tenants, backend)
    assert (again["changed"], again["plan"]) == (False, [])


def test_a_tenant_reaches_its_own_database_only(server: t.Any, backend: t.Any, tenants: t.Any) -> None:
    run(tenants, backend)
    first, second = tenants
    one = client(server, first)
    assert one.ask(first.name) == first.role
    for other in (second.name, "postgres", "template1"):
        with pytest.raises(Refused, match=r"pg_hba\.conf rejects"):
            one.ask(other)
    with pytest.raises(Refused, match="password authentication failed"):
        client(server, first, "wrong").ask(first.name)
    # Rights hold even where the rules of the server would let it in.
    may = "SELECT has_database_privilege('{0}', '{1}', 'CONNECT')"
    assert server.query(may.format(one.user, first.name)) == "t"
    for other in (second.name, "postgres", "template1"):
        assert server.query(may.format(one.user, other)) == "f"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT rolpassword FROM pg_authid", "permission denied"),
        ("CREATE SCHEMA other", "permission denied for database"),
        ("CREATE TABLE information_schema.x (i int)", "permission denied for schema"),
        ("CREATE TABLE pg_catalog.x (i int)", "permission denied"),
        ("CREATE TEMPORARY TABLE x (i int)", "permission denied to create temporary tables"),
        ("CREATE EXTENSION pgcrypto", "permission denied|not available"),
        ("CREATE DATABASE x", "permission denied to create database"),
        ("CREATE ROLE x", "permission denied to create role"),
        ("SET ROLE postgres", "permission denied to set role"),
        ("COPY (SELECT 1) TO PROGRAM 'true'", "permission denied|must be superuser"),
        ("SELECT pg_read_file('/etc/passwd')", "permission denied"),
        ("ALTER ROLE hcp_tenants IN DATABASE {name} SET mothership.quota_bytes = '1'", "permission denied"),
    ],
)
def test_a_tenant_may_not(server: t.Any, backend: t.Any, tenants: t.Any, sql: str, said: str) -> None:
    run(tenants[:1], backend)
    with pytest.raises(Refused, match=said):
        client(server, tenants[0]).ask(tenants[0].name, sql.format(name=tenants[0].name))


def test_a_tenant_may_use_what_kine_needs(server: t.Any, backend: t.Any, tenants: t.Any) -> None:
    run(tenants[:1], backend)
    one, name = client(server, tenants[0]), tenants[0].name
    one.ask(name, "CREATE TABLE own (i int); CREATE INDEX ON own (i); DROP TABLE own")
    assert one.ask(name, "INSERT INTO kine (name) VALUES ('x') RETURNING name") == "x"
    assert one.ask(name, "SHOW statement_timeout; SHOW lock_timeout") == "5min\n30s"
    assert one.ask(name, "SHOW idle_in_transaction_session_timeout") == "1min"


def test_a_tenant_cannot_exceed_its_limit_with_both_logins_together(
    server: t.Any, backend: t.Any, tenants: t.Any
) -> None:
    first = dataclasses.replace(tenants[0], connection_limit=4)
    both = dataclasses.replace(first, logins=(*first.logins, login(f"{first.name}_b", "second")))
    run([both], backend)
    one, other = client(server, both), client(server, both, "second", 1)
    with one.sessions(both.name, 2), other.sessions(both.name, 2):
        for late in (one, other):
            with pytest.raises(Refused, match="too many connections for database"):
                late.ask(both.name)
    assert one.ask(both.name) == both.role


def test_a_new_password_and_limit_are_taken_over(server: t.Any, backend: t.Any, tenants: t.Any) -> None:
    run(tenants, backend)
    name = tenants[0].logins[0].name
    changed = dataclasses.replace(tenants[0], logins=(login(name, "second"),), connection_limit=12)
    result = run([changed, tenants[1]], backend)
    targets = [f"role/{changed.role}", f"role/{name}", f"database/{changed.name}"]
    assert [change["target"] for change in result["plan"]] == targets
    assert client(server, changed, "second").ask(changed.name) == changed.role
    assert server.query(f"SELECT datconnlimit FROM pg_database WHERE datname = '{changed.name}'") == "12"
    assert not run([changed], backend)["changed"]


def test_a_quota_is_noted_and_taken_back(server: t.Any, backend: t.Any, tenants: t.Any) -> None:
    limited = dataclasses.replace(tenants[0], quota_bytes=2**31)
    for wanted in (limited, tenants[0], limited):
        assert run([wanted], backend)["changed"]
        assert not run([wanted], backend)["changed"]
    noted = (
        "SELECT setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE datname = '{}'"
    )
    assert server.query(noted.format(limited.name)) == "{mothership.quota_bytes=2147483648}"
    # It is the guard's alone: no session takes it over.
    assert client(server, limited).ask(limited.name, "SELECT current_setting('mothership.quota_bytes', true)") == ""


@pytest.mark.parametrize("steps_before_the_end", [1, 2, 3, 4, 5])
def test_a_run_that_was_stopped_is_finished_by_the_next(
    backend: t.Any, tenants: t.Any, steps_before_the_end: t.Any
) -> None:
    whole = backend.apply
    try:
        backend.apply = lambda steps: whole(steps[:-steps_before_the_end])
        run(tenants[:1], backend)
    finally:
        backend.apply = whole
    assert run(tenants[:1], backend)["changed"]
    assert not run(tenants[:1], backend)["changed"]


def test_indexes_that_a_stopped_kine_left_out_are_added(server: t.Any, backend: t.Any, tenants: t.Any) -> None:
    run(tenants, backend)
    name = tenants[0].name
    server.query("DROP INDEX kine_name_prev_revision_uindex", name)
    settings = (
        "SELECT string_agg(split_part(o, '=', 1), ', ') FROM pg_class, unnest(reloptions) o WHERE relname = 'kine'"
    )
    server.query(f"ALTER TABLE kine RESET ({server.query(settings, name)})", name)
    assert run(tenants, backend)["changed"]
    indexes = "SELECT count(*) FROM pg_indexes WHERE indexname = 'kine_name_prev_revision_uindex'"
    assert server.query(indexes, name) == "1"


def test_drift_is_mended(server: t.Any, backend: t.Any, tenants: t.Any) -> None:
    run(tenants, backend)
    tenant = tenants[0]
    server.query(f"ALTER ROLE {tenant.role} SUPERUSER LOGIN")
    server.query(f"ALTER ROLE {tenant.role}_a RESET role")
    server.query(f"GRANT CONNECT ON DATABASE {tenant.name} TO PUBLIC")
    server.query(f"GRANT CREATE ON DATABASE {tenant.name} TO {tenant.role}")
    targets = [change["target"] for change in run(tenants, backend)["plan"]]
    name = tenant.name
    assert targets == [f"role/{name}", f"role/{name}_a", f"database/{name}", f"database/{name} rights of PUBLIC"]


@contextlib.contextmanager
def kine_of(
    server: t.Any, tenant: Tenant, password: str, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int = 0
) -> t.Iterator[str]:
    """kine as a pod runs it: no password in the DSN, the name of the pod as application name."""
    user = tenant.logins[number].name
    folder.mkdir(exist_ok=True)
    passwords = folder / "pgpass"
    passwords.touch(mode=0o600)
    passwords.write_text(f"127.0.0.1:{server.port}:{tenant.name}:{user}:{password}\n")
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    monkeypatch.setenv("PGAPPNAME", f"pod-of-{user}")
    dsn = f"postgres://{user}@127.0.0.1:{server.port}/{tenant.name}?sslmode=disable"
    with processes.kine(dsn, folder) as url:
        yield url


def test_kine_serves_with_either_login_and_says_its_pod(
    server: t.Any, backend: t.Any, tenants: t.Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = dataclasses.replace(
        tenants[0], logins=(*tenants[0].logins, login(f"{tenants[0].name}_b", "second")), connection_limit=40
    )
    run([both], backend)
    with (
        kine_of(server, both, "first", tmp_path / "a", monkeypatch) as first,
        kine_of(server, both, "second", tmp_path / "b", monkeypatch, 1) as second,
    ):
        assert first != second
        seen = server.query(
            "SELECT DISTINCT usename, application_name FROM pg_stat_activity "
            f"WHERE datname = '{both.name}' AND application_name LIKE 'pod-of-%' ORDER BY 1"
        )
        assert seen.splitlines() == [f"{name.name}|pod-of-{name.name}" for name in both.logins]
        owners = "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relname LIKE 'kine%'"
        assert server.query(owners, both.name) == both.role


def test_a_login_that_is_closed_loses_its_sessions_and_its_password(
    server: t.Any, backend: t.Any, tenants: t.Any
) -> None:
    first = tenants[0]
    both = dataclasses.replace(first, logins=(login(f"{first.name}_b", "second"), *first.logins))
    run([both], backend)
    old, new = client(server, both, "first", 1), client(server, both, "second")
    with old.sessions(both.name, 2) as sessions:
        assert not run([both], backend)["changed"]
        only = dataclasses.replace(both, logins=both.logins[:1])
        result = run([only], backend)
        assert [change["target"] for change in result["plan"]] == [f"role/{old.user}"]
        assert [process.wait(10) != 0 for process in sessions] == [True, True]
    with pytest.raises(Refused, match=r"password authentication failed|not permitted to log in"):
        old.ask(both.name)
    assert new.ask(both.name) == both.role
    stored = f"SELECT rolcanlogin, rolpassword IS NULL FROM pg_authid WHERE rolname = '{old.user}'"
    assert server.query(stored) == "f|t"
    assert not run([only], backend)["changed"]


def test_the_older_form_moves_to_two_logins_while_kine_serves(
    server: t.Any, backend: t.Any, tenants: t.Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = tenants[0].name
    old = Tenant(name, (login(name, "old"),), 40)
    run([old], backend)
    # As collections before this one left it: everything stands at the role.
    server.query(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
    server.query(f"GRANT CREATE, TEMPORARY ON DATABASE {name} TO {name}")
    with kine_of(server, old, "old", tmp_path / "old", monkeypatch):
        both = Tenant(name, (login(name, "old"), login(f"{name}_a", "new")), 40)
        targets = [change["target"] for change in run([both], backend)["plan"]]
        assert targets == [f"role/{name}_a", f"database/{name}"]
        assert not run([both], backend)["changed"]
        with kine_of(server, both, "new", tmp_path / "new", monkeypatch, 1):
            assert client(server, both, "old").ask(name) == name
            assert client(server, both, "new", 1).ask(name) == name
    new = Tenant(name, both.logins[1:], 40)
    assert [change["target"] for change in run([new], backend)["plan"]] == [f"role/{name}"]
    assert client(server, new, "new").ask(name, "INSERT INTO kine (name) VALUES ('x') RETURNING name") == "x"
    with pytest.raises(Refused):
        client(server, old, "old").ask(name)
    assert not run([new], backend)["changed"]


def test_limits_beyond_the_server_are_refused_before_anything_is_made(
    server: t.Any, backend: t.Any, tenants: t.Any
) -> None:
    greedy = dataclasses.replace(tenants[0], connection_limit=153)
    with pytest.raises(HcpError, match=r"153 \(hcp_\w+\) \+ 5 \(.*= 158 .* 80% = 157 may be given away"):
        run([greedy], backend)
    assert server.query(f"SELECT count(*) FROM pg_roles WHERE rolname = '{greedy.role}'") == "0"
    assert run([dataclasses.replace(greedy, connection_limit=152)], backend, check_mode=True)["changed"]


def test_a_database_in_use_is_dropped_only_when_told(server: t.Any, backend: t.Any, tenants: t.Any) -> None:
    run(tenants, backend)
    drop = Request(tenants[:1], present=False)
    with client(server, tenants[0]).sessions(tenants[0].name, 1) as (session,):
        with pytest.raises(HcpError, match=f"sessions 1 of {tenants[0].logins[0].name}"):
            ensure(drop, backend, check_mode=False, warn=print)
        assert session.poll() is None
        forced = dataclasses.replace(drop, end_sessions=True)
        result = ensure(forced, backend, check_mode=False, warn=print)
        assert session.wait(10) != 0
    assert [change["action"] for change in result["plan"]] == ["delete", "delete", "delete"]
    assert server.query(f"SELECT count(*) FROM pg_roles WHERE rolname LIKE '{tenants[0].name}%'") == "0"


def test_a_database_that_was_closed_is_left_alone(server: t.Any, backend: t.Any, tenants: t.Any) -> None:
    run(tenants[:1], backend)
    name = tenants[0].name
    server.query(f"COMMENT ON DATABASE {name} IS 'mothership.hcp closed x'")
    server.query(f"ALTER ROLE {name}_a NOLOGIN")
    warnings: list[str] = []
    result = ensure(Request(tenants[:1]), backend, check_mode=False, warn=warnings.append)
    assert (result["changed"], len(warnings)) == (False, 1)


def test_the_log_holds_no_verifier(server: t.Any, backend: t.Any, tenants: t.Any) -> None:
    server.query("ALTER SYSTEM SET log_statement = 'all'")
    server.query("SELECT pg_reload_conf()")
    try:
        run(tenants, backend)
    finally:
        server.query("ALTER SYSTEM RESET log_statement")
        server.query("SELECT pg_reload_conf()")
    log = (server.folder / "postgresql.log").read_text()
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
