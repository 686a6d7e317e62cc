# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``kine_database_info`` tells, against what is true on a real PostgreSQL with kine's schema."""

from __future__ import annotations

import contextlib
import subprocess
import time
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import kine_info
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Psql
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.quota_program import Guard, Server, Settings

from tests.integration import kine_databases, processes


@pytest.fixture
def name(postgresql_server: processes.PostgreSQL) -> t.Iterator[str]:
    made = kine_databases.make(postgresql_server, processes.unique("hcp").replace("-", "_"))
    kine_databases.write(postgresql_server, made, keys=200, changes=4)
    yield made
    kine_databases.drop(postgresql_server, made)


def gather(server: processes.PostgreSQL, *names: str) -> dict[str, t.Any]:
    return kine_info.gather(Psql(kine_databases.connection_to(server)), names)


@contextlib.contextmanager
def stuck_session(server: processes.PostgreSQL, name: str) -> t.Iterator[None]:
    """A session of the tenant that began a transaction and does nothing, from its answer on."""
    command = [
        processes.postgresql_binary("psql"),
        "-XqAt",
        f"--dbname={server.dsn.replace('postgres@', name + '@')}{name}",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
        assert session.stdin
        assert session.stdout
        session.stdin.write("BEGIN; SELECT max(id) FROM kine;\n")
        session.stdin.flush()
        try:
            assert session.stdout.readline().strip().isdigit()
            yield
        finally:
            session.kill()


def test_values_are_true(postgresql_server: processes.PostgreSQL, name: str) -> None:
    ask = postgresql_server.query
    # It would take the dead rows away, or count them anew, when its minute comes.
    ask("ALTER TABLE kine SET (autovacuum_enabled = off)", name)
    ask("UPDATE kine SET prev_revision = 300 WHERE name = 'compact_rev_key'", name)
    ask("DELETE FROM kine WHERE id BETWEEN 10 AND 59", name)
    with stuck_session(postgresql_server, name):
        time.sleep(3.3)
        result = gather(postgresql_server, name)
    (told,) = result["databases"]
    assert told["bytes"] == pytest.approx(int(ask(f"SELECT pg_database_size('{name}')")), rel=0.02)
    assert told["table"]["total_bytes"] == int(ask("SELECT pg_total_relation_size('kine')", name))
    assert told["table"]["index_bytes"] == int(ask("SELECT pg_indexes_size('kine')", name))
    assert told["table"]["live_rows"] == kine_databases.count(postgresql_server, name)
    assert told["table"]["dead_rows"] in (50, 51)
    assert told["table"]["bloat"]["method"].startswith("size of the table times")
    assert told["revision"] == int(ask("SELECT max(id) FROM kine", name)) == told["sequence"]
    assert (told["compact_revision"], told["compaction_lag"]) == (300, told["revision"] - 300)
    assert not told["sequence_behind"]
    assert told["connections"] == {name: {"idle in transaction": 1}}
    assert told["connections_total"] == 1
    assert [(one["login"], one["seconds"] > 3) for one in told["stuck_sessions"]] == [(name, True)]
    assert told["oldest_transaction_seconds"] > 3
    assert told["connection_limit"] == 20
    assert 2_100_000_000 < told["transactions_left"] < 2_147_483_648
    assert told["quota"]["bytes"] is None


def test_the_server_is_told(postgresql_server: processes.PostgreSQL, name: str) -> None:
    server = gather(postgresql_server, name)["server"]
    assert server["version"] == postgresql_server.query("SHOW server_version")
    assert server["max_connections"] == int(postgresql_server.query("SHOW max_connections"))
    assert (server["in_recovery"], server["standbys"]) == (False, [])
    assert server["disk_bytes"] > server["disk_free_bytes"] > 0
    assert server["wal_bytes"] > 1 << 20


def test_what_cannot_be_told_is_said(postgresql_server: processes.PostgreSQL, name: str) -> None:
    (told,) = gather(postgresql_server, name)["databases"]
    assert told["slow_statements"] == {
        "available": False,
        "problem": "pg_stat_statements is not in shared_preload_libraries",
        "statements": [],
    }
    assert "metrics_urls" in told["kine"]["problem"]


def test_a_sequence_behind_its_table_is_seen(postgresql_server: processes.PostgreSQL, name: str) -> None:
    postgresql_server.query("SELECT setval('kine_id_seq', 5)", name)
    assert gather(postgresql_server, name)["databases"][0]["sequence_behind"]


def test_a_database_without_table_is_told_with_the_reason(postgresql_server: processes.PostgreSQL) -> None:
    empty = kine_databases.make(postgresql_server, processes.unique("hcp").replace("-", "_"), schema=False)
    try:
        (told,) = gather(postgresql_server, empty)["databases"]
    finally:
        kine_databases.drop(postgresql_server, empty)
    assert told["problem"] == "the table public.kine is not there"


@pytest.mark.parametrize("trigger", ["anything", "mothership_quota", "mothership_commit_order"])
def test_a_trigger_of_the_tenant_is_seen_whatever_its_name(
    postgresql_server: processes.PostgreSQL, name: str, trigger: str
) -> None:
    ask = postgresql_server.query
    ask("CREATE FUNCTION public.mine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'", name)
    ask(f"ALTER FUNCTION public.mine() OWNER TO {name}", name)
    ask(f"CREATE OR REPLACE TRIGGER {trigger} BEFORE INSERT ON kine EXECUTE FUNCTION public.mine()", name)
    (told,) = gather(postgresql_server, name)["databases"]
    assert "trigger" in told["problem"]


def test_bloat_is_measured_where_the_guard_has_been(postgresql_server: processes.PostgreSQL, name: str) -> None:
    ask = postgresql_server.query
    ask(f"ALTER DATABASE {name} SET mothership.quota_bytes = '{64 << 20}'")
    settings = Settings(**kine_databases.settings_of(postgresql_server, psql=processes.postgresql_binary("psql")))
    Guard(settings, Server(settings)).look(0.0)
    ask("DELETE FROM kine WHERE id < 800", name)
    ask("VACUUM kine", name)
    (told,) = gather(postgresql_server, name)["databases"]
    assert told["table"]["bloat"]["method"].startswith("free space map")
    assert 30 < told["table"]["bloat"]["percent"] < 95
    assert (told["quota"]["state"], told["quota"]["bytes"]) == ("ok", 64 << 20)
    assert told["quota"]["used_percent"] > 5


def test_what_an_older_guard_left_is_read_and_brought_up_to_date(
    postgresql_server: processes.PostgreSQL, name: str
) -> None:
    ask = postgresql_server.query
    ask(f"ALTER DATABASE {name} SET mothership.quota_bytes = '{64 << 20}'")
    settings = Settings(**kine_databases.settings_of(postgresql_server, psql=processes.postgresql_binary("psql")))
    Guard(settings, Server(settings)).look(0.0)
    ask("ALTER TABLE mothership.quota DROP COLUMN rate, DROP COLUMN paid_until", name)
    (told,) = gather(postgresql_server, name)["databases"]
    assert (told["quota"]["state"], told["quota"]["writes_slowed"]) == ("ok", False)
    Guard(settings, Server(settings)).look(0.0)
    assert ask("SELECT rate FROM mothership.quota", name) == "0"
