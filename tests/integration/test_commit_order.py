# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revisions become visible in their order: a later one never before an earlier one that is still open."""

from __future__ import annotations

import concurrent.futures
import pathlib
import time

from ansible_collections.mothership.hcp.plugins.module_utils._datastore import commit_order

from tests.integration import processes

_ROW = "INSERT INTO kine (name, created, deleted, prev_revision, lease) VALUES ('{name}', 1, 0, 0, 0)"
_OPEN_SECONDS = 1.5


def _seen_after_a_quick_write(server: processes.PostgreSQL, database: str, name: str) -> list[str]:
    """Names that a reader sees once a quick write has ended that began while a slow one was open."""
    slow = f"BEGIN; {_ROW.format(name=name + '-slow')}; SELECT pg_sleep({_OPEN_SECONDS}); COMMIT"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(server.query, slow, database)
        time.sleep(_OPEN_SECONDS / 3)
        server.query(_ROW.format(name=f"{name}-quick"), database)
        seen = server.query(f"SELECT name FROM kine WHERE name LIKE '{name}-%' ORDER BY id", database).splitlines()
        first.result()
    return seen


def test_a_later_revision_waits_for_an_earlier_one(
    postgresql_server: processes.PostgreSQL, tmp_path: pathlib.Path
) -> None:
    database = processes.unique("order").replace("-", "_")
    with processes.kine(f"{postgresql_server.dsn}{database}?sslmode=disable", tmp_path):
        # The negative control: without the trigger a reader sees the higher revision and not yet the lower one.
        assert _seen_after_a_quick_write(postgresql_server, database, "before") == ["before-quick"]
        postgresql_server.query("; ".join(commit_order.STATEMENTS), database)
        assert _seen_after_a_quick_write(postgresql_server, database, "after") == ["after-slow", "after-quick"]
