# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintenance of a database of kine's schema on a real PostgreSQL."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import maintenance_run
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Psql
from ansible_collections.mothership.hcp.plugins.modules import kine_database_maintenance

from tests.integration import kine_databases, processes

KEYS, CHANGES = 300, 19


@pytest.fixture
def name(postgresql_server: processes.PostgreSQL) -> t.Iterator[str]:
    made = kine_databases.make(postgresql_server, processes.unique("hcp").replace("-", "_"))
    postgresql_server.query("ALTER TABLE kine SET (autovacuum_enabled = off)", made)
    kine_databases.write(postgresql_server, made, KEYS, CHANGES)
    yield made
    kine_databases.drop(postgresql_server, made)


def run(server: processes.PostgreSQL, name: str, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    defaults = {key: option["default"] for key, option in kine_database_maintenance.argument_spec().items()}
    runner = maintenance_run.Runner(Psql(kine_databases.connection_to(server)), Progress(), 60)
    return maintenance_run.ensure({**defaults, "databases": [name], **options}, runner, check_mode=check_mode)


def last_of_each(server: processes.PostgreSQL, name: str) -> str:
    """All objects as a client would see them."""
    rows = "SELECT DISTINCT ON (name) name, id, deleted, value FROM kine WHERE name LIKE '/%' ORDER BY name, id DESC"
    return server.query(f"SELECT md5(string_agg(r::text, '' ORDER BY name)) FROM ({rows}) r WHERE deleted = 0", name)


def test_what_is_due_is_done_once_and_loses_nothing(postgresql_server: processes.PostgreSQL, name: str) -> None:
    before = last_of_each(postgresql_server, name)
    rows = kine_databases.count(postgresql_server, name)
    planned = run(postgresql_server, name, check_mode=True, compaction_lag=2000)
    assert kine_databases.count(postgresql_server, name) == rows
    done = run(postgresql_server, name, compaction_lag=2000)
    assert [one["action"] for one in done["databases"][0]["actions"]] == ["compact", "vacuum"]
    assert done["plan"] == planned["plan"]
    assert last_of_each(postgresql_server, name) == before
    # What may be watched stays: 1000 revisions; of the older ones only the last of each object.
    revision = int(postgresql_server.query("SELECT max(id) FROM kine", name))
    assert kine_databases.count(postgresql_server, name, f"id > {revision - 1000}") == 1000
    superseded = "id IN (SELECT prev_revision FROM kine WHERE name <> 'compact_rev_key' AND id <= {0})"
    assert kine_databases.count(postgresql_server, name, superseded.format(revision - 1000)) == 0
    stored = postgresql_server.query("SELECT prev_revision FROM kine WHERE name = 'compact_rev_key'", name)
    assert int(stored) == revision - 1000
    sizes = done["databases"][0]
    assert (sizes["before"]["compaction_lag"], sizes["after"]["compaction_lag"]) == (revision, 1000)
    assert sizes["after"]["dead_rows"] == 0
    assert not run(postgresql_server, name, compaction_lag=2000)["changed"]


def test_indexes_are_built_anew_and_leftovers_go(postgresql_server: processes.PostgreSQL, name: str) -> None:
    postgresql_server.query("CREATE INDEX kine_name_index_ccnew ON kine (name)", name)
    postgresql_server.query(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'kine_name_index_ccnew'::regclass", name
    )
    result = run(postgresql_server, name, actions=["reindex"])
    assert "kine_name_index_ccnew" in result["databases"][0]["actions"][0]["why"]
    forced = run(postgresql_server, name, actions=["reindex"], force=True)
    assert forced["databases"][0]["after"]["index_bytes"] < forced["databases"][0]["before"]["index_bytes"]
    names = postgresql_server.query("SELECT string_agg(indexname, ' ') FROM pg_indexes WHERE tablename = 'kine'", name)
    assert "cc" not in names
    assert "kine_name_prev_revision_uindex" in names


def test_a_full_vacuum_is_confirmed_by_name(postgresql_server: processes.PostgreSQL, name: str) -> None:
    postgresql_server.query("DELETE FROM kine WHERE id BETWEEN 100 AND 5000", name)
    with pytest.raises(HcpError, match="confirmed by the names"):
        run(postgresql_server, name, actions=["vacuum_full"])
    result = run(postgresql_server, name, actions=["vacuum_full"], confirm_vacuum_full=[name])
    assert result["databases"][0]["after"]["total_bytes"] < result["databases"][0]["before"]["total_bytes"] / 2
