# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hosted cluster's database moved between two real PostgreSQL servers, with the ways back."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess
import threading
import time
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed, HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import fence, transfer
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.kine_database import Request, ensure
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Connection, Psql
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.schema import SchemaMaker
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenant_server import TenantServer
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenants import Login, Tenant, login_pair
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.transfer_files import Files
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.transfer_rows import Digest, digest

from tests.integration import processes

VERIFIER = "SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$" + "A" * 43 + "=:" + "B" * 43 + "="
OBJECTS = 10_000
#: As kine writes them: a create, then an update of every tenth; values of 1 to 3 KiB that do not compress to nothing.
FILL = f"""
INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value, old_value)
SELECT '/registry/configmaps/default/object-' || n, 1, 0, 0, 0, 0,
  convert_to(repeat(md5(n::text), 32 + n % 64), 'UTF8'), NULL FROM generate_series(1, {OBJECTS}) n;
INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value, old_value)
SELECT name, 0, 0, id, id, 0, value || '\\x00ff0a5c'::bytea, value FROM kine WHERE id % 10 = 0;
INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease)
VALUES ('gap-1', 0, 1, 0, 0, 0), ('compact_rev_key', 0, 0, 0, 9, 0);
SELECT nextval('kine_id_seq');
"""


@dataclasses.dataclass(frozen=True)
class Side:
    """One of the two servers."""

    server: processes.PostgreSQL
    connection: Connection

    @property
    def psql(self) -> Psql:
        return Psql(self.connection)

    @property
    def backend(self) -> TenantServer:
        maker = SchemaMaker(self.connection, processes.binary("kine"), Progress())
        return TenantServer(self.psql, maker, Progress())

    def make(self, tenant: t.Any) -> None:
        ensure(Request([tenant]), self.backend, check_mode=False, warn=print)

    def drop(self, tenant: t.Any) -> None:
        ensure(Request([tenant], present=False), self.backend, check_mode=False, warn=print)

    def transfer(self, tenant: t.Any, state: str, path: t.Any = "", **more: t.Any) -> dict[str, t.Any]:
        request = transfer.Request(tenant.name, state, str(path), reason="move to another server", **more)
        tools = transfer.Tools(self.psql, Files(self.connection), Progress())
        return transfer.transfer(request, tools, check_mode=False, warn=print)


def side(server: processes.PostgreSQL) -> Side:
    programs = os.path.dirname(processes.postgresql_binary("pg_dump"))
    os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
    return Side(server, Connection((), str(server.folder), server.port, os_user=None))


@pytest.fixture(scope="module")
def source(postgresql_server: processes.PostgreSQL) -> Side:
    return side(postgresql_server)


@pytest.fixture(scope="module")
def target() -> t.Iterator[Side]:
    with processes.postgresql() as server:
        yield side(server)


@pytest.fixture
def tenant(source: Side, target: Side) -> t.Iterator[t.Any]:
    """A tenant with 10 000 objects on the source."""
    name = processes.unique("hcp").replace("-", "_")
    made = Tenant(name, (Login(login_pair(name)[0], VERIFIER),), 10)
    source.make(made)
    source.psql.execute(f"SET ROLE {made.name};\n{FILL}", database=made.name)
    yield made
    for one in (source, target):
        one.drop(made)


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / "move"
    folder.mkdir(mode=0o700)
    return folder / "rows"


def login(tenant: t.Any) -> str:
    return str(tenant.logins[0].name)


def connects(one: Side, tenant: t.Any) -> bool:
    command = [
        processes.postgresql_binary("psql"),
        f"--dbname=postgres://{login(tenant)}@127.0.0.1:{one.server.port}/{tenant.name}",
    ]
    done = subprocess.run([*command, "--command=SELECT 1"], capture_output=True, timeout=20, check=False)
    return done.returncode == 0


def test_ten_thousand_objects_move(
    source: Side, target: Side, tenant: t.Any, path: pathlib.Path, record_property: t.Any
) -> None:
    target.make(tenant)
    before = digest(source.psql, tenant.name)
    started = time.monotonic()
    dumped = source.transfer(tenant, "dumped", path)
    assert path.stat().st_mode & 0o777 == 0o600
    expected = Digest.from_data(dumped["digest"])
    loaded = target.transfer(tenant, "loaded", path, expected=expected, settings=dumped["settings"])
    source.transfer(tenant, "closed", expected=expected)
    target.transfer(tenant, "opened")
    seconds = time.monotonic() - started
    record_property("seconds_closed", round(seconds, 2))
    record_property("rows_compared", loaded["digest"]["rows"])
    print(f"{loaded['digest']['rows']} rows compared, {seconds:.2f} s closed, file of {dumped['bytes']} bytes")
    assert before == expected == Digest.from_data(loaded["digest"])
    assert expected.rows >= OBJECTS * 1.1
    # The sequence goes on after what was given, also where no row came of it.
    assert int(target.server.query("SELECT nextval('kine_id_seq')", tenant.name)) == expected.sequence + 1
    settings = "SELECT array_to_string(reloptions, ' ') FROM pg_class WHERE relname = 'kine'"
    assert target.server.query(settings, tenant.name) == source.server.query(settings, tenant.name)
    owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'kine'"
    assert target.server.query(owner, tenant.name) == tenant.role
    assert (connects(source, tenant), connects(target, tenant)) == (False, True)
    dsn = f"postgres://{login(tenant)}@127.0.0.1:{target.server.port}/{tenant.name}?sslmode=disable"
    with processes.kine(dsn, path.parent) as url:
        assert url.startswith("http://")


def test_a_failed_load_leaves_the_source_as_it_was(
    source: Side, target: Side, tenant: t.Any, path: pathlib.Path
) -> None:
    target.make(tenant)
    before = digest(source.psql, tenant.name)
    dumped = source.transfer(tenant, "dumped", path)
    assert not connects(source, tenant)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    expected = Digest.from_data(dumped["digest"])
    with pytest.raises(CommandFailed):
        target.transfer(tenant, "loaded", path, expected=expected)
    assert not connects(target, tenant)
    target.drop(tenant)
    assert source.transfer(tenant, "opened")["changed"]
    assert connects(source, tenant)
    assert digest(source.psql, tenant.name) == before
    comment = f"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{tenant.name}'"
    assert "closed" not in source.server.query(comment)


def test_one_changed_byte_is_found(source: Side, target: Side, tenant: t.Any, path: pathlib.Path) -> None:
    target.make(tenant)
    dumped = source.transfer(tenant, "dumped", path)
    expected = Digest.from_data(dumped["digest"])
    target.transfer(tenant, "loaded", path, expected=expected)
    target.psql.execute("UPDATE kine SET value = value || 'x' WHERE id = 4711", database=tenant.name)
    again = target.transfer(tenant, "loaded", path, expected=expected)
    assert [change["action"] for change in again["plan"]] == ["run"]
    ranges = {**expected.ranges, 0: (expected.ranges[0][0], "0" * 64)}
    with pytest.raises(HcpError, match="other rows between id 0 and 9999"):
        target.transfer(tenant, "loaded", path, expected=dataclasses.replace(expected, ranges=ranges))


def test_a_second_load_does_nothing(source: Side, target: Side, tenant: t.Any, path: pathlib.Path) -> None:
    target.make(tenant)
    expected = Digest.from_data(source.transfer(tenant, "dumped", path)["digest"])
    assert target.transfer(tenant, "loaded", path, expected=expected)["changed"]
    assert not target.transfer(tenant, "loaded", path, expected=expected)["changed"]


def test_writes_end_when_the_database_closes(source: Side, tenant: t.Any, path: pathlib.Path) -> None:
    """Four writers insert all the time: none gets a row in after the digest."""
    name, done = tenant.name, threading.Event()
    columns = "name, created, deleted, create_revision, prev_revision, lease"
    insert = f"INSERT INTO kine ({columns}) SELECT md5(random()::text), 1, 0, 0, 0, 0"
    command = [processes.postgresql_binary("psql"), "--no-psqlrc", "--quiet"]
    command += [f"--dbname=postgres://{login(tenant)}@127.0.0.1:{source.server.port}/{name}", f"--command={insert}"]

    def write() -> None:
        while not done.is_set():
            subprocess.run(command, capture_output=True, timeout=20, check=False)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    try:
        time.sleep(1)
        expected = Digest.from_data(source.transfer(tenant, "dumped", path)["digest"])
        time.sleep(1)
        source.transfer(tenant, "closed", expected=expected)
    finally:
        done.set()
        for writer in writers:
            writer.join(25)
    assert expected.rows > OBJECTS * 1.1
    source.psql.execute("INSERT INTO kine (name) VALUES ('by a superuser')", database=name)
    with pytest.raises(HcpError, match="was written to after it had been copied"):
        source.transfer(tenant, "closed", expected=expected)


def test_closing_keeps_what_it_was_like(source: Side, tenant: t.Any) -> None:
    before = fence.read(source.psql, tenant.name)
    assert not before.closed
    for reason in ("first", "second"):
        closed = fence.close(source.psql, tenant.name, reason)
        assert (closed.closed, closed.reason) == (True, "first")
    # Whoever gives the login back meanwhile does not get in: the database itself admits nobody.
    source.server.query(f"ALTER ROLE {login(tenant)} LOGIN")
    assert not connects(source, tenant)
    assert not fence.read(source.psql, tenant.name).closed
    assert fence.open_again(source.psql, tenant.name)
    assert not fence.open_again(source.psql, tenant.name)
    assert fence.read(source.psql, tenant.name) == before
