# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of databases, from what the server answers."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import kine_info
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import ServerDown

SERVER = {"version": "15.14", "in_recovery": False, "data_directory": "/", "has_statements": False}
SERVER |= {"statements_preloaded": True}


def outside(name: str = "hcp_a", **changed: t.Any) -> dict[str, t.Any]:
    row = {
        "name": name,
        "owner": name,
        "bytes": 9_000_000,
        "quota": "0",
        "write_rate": "0",
        "connections": {"hcp_a_a": {"idle": 3}},
    }
    return {**row, **changed}


def table(**changed: t.Any) -> dict[str, t.Any]:
    """Of a database of 1000 rows."""
    values: dict[str, t.Any] = {"bytes": 1_000_000, "heap_bytes": 900_000, "index_bytes": 500_000}
    values |= {"total_bytes": 1_500_000, "free_bytes": None, "live_rows": 900, "dead_rows": 100, "counted_rows": -1}
    values |= {"vacuums": 1, "last_vacuum": None, "last_analyze": "2026-11-22", "expected_index_bytes": 250_000}
    return {**values, "indexes": {"kine_pkey": {"bytes": 500_000, "valid": True}}, **changed}


def inside(name: str = "hcp_a", **changed: t.Any) -> dict[str, t.Any]:
    row = {"name": name, "problem": None, "guard": None, "table": table(), "revision": 5000, "compact_revision": 4000}
    return {**row, "sequence": 5000, **changed}


class Answers:
    def __init__(self, *scripts: t.Any) -> None:
        self.scripts = list(scripts)

    def rows(self, script: str, **_options: t.Any) -> t.Any:
        answer = self.scripts.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def gather(*answers: t.Any, **options: t.Any) -> dict[str, t.Any]:
    return kine_info.gather(Answers(*answers), **options)  # type: ignore[arg-type]


def test_one_database() -> None:
    told = gather([SERVER, outside()], [inside()])["databases"][0]
    assert (told["compaction_lag"], told["sequence_behind"], told["connections_total"]) == (1000, False, 3)
    assert told["table"]["rows_counted_at_last_analyze"] == 0
    assert told["slow_statements"]["problem"] == "the extension pg_stat_statements is not in database postgres"


def test_a_server_that_is_down_is_an_answer() -> None:
    told = gather(ServerDown("PostgreSQL does not answer"))
    assert (told["running"], told["server"], told["databases"]) == (False, {}, [])


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(InvalidInput, match="called hcp_x"):
        gather([SERVER, outside()], databases=["hcp_x"])


def test_slow_statements_are_told_by_database() -> None:
    preloaded = {**SERVER, "has_statements": True}
    told = gather([preloaded, outside()], [inside()], [{"database": "hcp_a", "mean_ms": 70.0, "query": "SELECT 1"}])
    assert told["databases"][0]["slow_statements"]["statements"] == [{"mean_ms": 70.0, "query": "SELECT 1"}]


def test_bloat_says_how_it_was_found() -> None:
    guessed = kine_info.bloat(table())
    assert (guessed["bytes"], guessed["percent"]) == (100_000, 6.7)
    measured = kine_info.bloat(table(free_bytes=300_000))
    assert (measured["bytes"], measured["percent"]) == (300_000, 20.0)
    assert guessed["method"] != measured["method"]
    assert measured["index_ratio"] == 2.0
    assert kine_info.bloat(table(index_bytes=8192 * 7, expected_index_bytes=None))["index_ratio"] < 1


def test_quota_with_and_without_guard() -> None:
    guard = {"state": "warning", "reason": "", "used": 850, "measured_at": "2026-11-22"}
    told = kine_info.quota({"quota": "1000", "write_rate": "0", "guard": guard})
    assert (told["state"], told["used_percent"], told["problem"]) == ("warning", 85.0, None)
    assert "no guard" in kine_info.quota({"quota": "1000", "write_rate": "0", "guard": None})["problem"]
    assert "no guard" in kine_info.quota({"quota": "0", "write_rate": "9", "guard": None})["problem"]
    assert kine_info.quota({"quota": "0", "write_rate": "0"})["bytes"] is None


def test_kines_are_asked_by_database() -> None:
    told = gather([SERVER, outside()], [inside()], metrics_urls={"hcp_a": ["http://x"]}, fetch=lambda url: "")
    assert told["databases"][0]["kine"]["available"]
