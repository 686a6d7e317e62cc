# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is due, and why."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import maintenance

LIMITS = maintenance.Thresholds()
DEFAULT = ["compact", "vacuum", "reindex"]


def info(**changed: t.Any) -> dict[str, t.Any]:
    """A database with nothing to do."""
    table = {"live_rows": 10_000, "dead_rows": 10, "last_analyze": "2026-11-22", "index_bytes": 64 << 20}
    table |= {"total_bytes": 256 << 20, "bytes": 192 << 20, "bloat": {"index_ratio": 1.2}, "indexes": {}}
    table |= {key: changed.pop(key) for key in list(changed) if key in table}
    base = {"name": "hcp_a", "problem": None, "table": table, "revision": 50_000, "compact_revision": 40_000}
    merged = {**base, **changed}
    return {**merged, "compaction_lag": merged["revision"] - merged["compact_revision"]}


def due(of: dict[str, t.Any], actions: t.Collection[str] = DEFAULT, **options: t.Any) -> list[maintenance.Task]:
    return maintenance.tasks(of, actions, LIMITS, **options)


def test_a_healthy_database_needs_nothing() -> None:
    assert due(info()) == []


def test_dead_rows_make_vacuum_due() -> None:
    (task,) = due(info(dead_rows=3000))
    assert (task.action, task.why) == ("vacuum", "3000 dead rows are 23 %, more than 20 %")
    assert due(info(live_rows=100, dead_rows=900)) == []


def test_a_table_that_was_never_analysed_is() -> None:
    assert [task.why for task in due(info(last_analyze=None))] == ["it was never analysed"]


def test_large_indexes_are_built_anew() -> None:
    (task,) = due(info(bloat={"index_ratio": 2.5}))
    assert task.scripts == ("REINDEX TABLE CONCURRENTLY public.kine;",)
    assert due(info(bloat={"index_ratio": 2.5}, index_bytes=1 << 20)) == []


def test_a_leftover_of_a_stopped_run_goes() -> None:
    (task,) = due(info(indexes={"kine_pkey_ccnew1": {"valid": False}, "kine_pkey": {"valid": True}}))
    assert task.scripts == ('DROP INDEX CONCURRENTLY IF EXISTS public."kine_pkey_ccnew1";',)


def test_compaction_keeps_the_newest_and_goes_by_parts() -> None:
    compact, vacuum = due(info(revision=145_500))
    assert (compact.action, vacuum.action) == ("compact", "vacuum")
    assert len(compact.scripts) == 105
    assert compact.scripts[0] == maintenance.compaction(0, 41_000)
    assert compact.scripts[-1] == maintenance.compaction(144_000, 144_500)
    assert "1000 are kept" in compact.why


def test_compaction_is_not_due_while_the_api_does_it() -> None:
    assert due(info(revision=139_000)) == []
    assert [task.action for task in due(info(revision=139_000), force=True)] == ["compact", "vacuum", "reindex"]
    assert [task.action for task in due(info(revision=40_900), force=True)] == ["vacuum", "reindex"]


def test_a_full_vacuum_takes_the_place_of_both() -> None:
    assert [task.action for task in due(info(dead_rows=3000), [*DEFAULT, "vacuum_full"])] == ["vacuum_full"]


def test_a_database_with_a_problem_is_left_alone() -> None:
    assert due({"problem": "no table"}, force=True) == []


def test_space_is_checked_before_anything_is_done() -> None:
    task = due(info(bloat={"index_ratio": 3}))
    maintenance.check_space(info(), task, 97 << 20)
    maintenance.check_space(info(), task, None)
    with pytest.raises(HcpError, match=r"needs up to 96.0 MiB .* 95.0 MiB are free"):
        maintenance.check_space(info(), task, 95 << 20)


def test_fewer_revisions_than_watches_need_are_refused() -> None:
    with pytest.raises(InvalidInput, match="at least 1000"):
        maintenance.thresholds_from({"keep_revisions": 10})
