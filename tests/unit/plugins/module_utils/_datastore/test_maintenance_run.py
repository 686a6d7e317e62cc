# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying tasks out."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed, HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import maintenance, maintenance_run
from ansible_collections.mothership.hcp.plugins.modules import kine_database_maintenance

from tests.unit.plugins.module_utils._datastore.test_maintenance import info

OPTIONS = {name: option["default"] for name, option in kine_database_maintenance.argument_spec().items()}
TASK = maintenance.Task("hcp_a", "compact", "why", ("SELECT 1;", "SELECT 2;"))


def told(**changed: t.Any) -> dict[str, t.Any]:
    one = {**info(**changed), "bytes": 300 << 20}
    server = {"in_recovery": False, "disk_free_bytes": 1 << 40}
    return {"running": True, "problem": None, "server": server, "databases": [one]}


class Recorder:
    def __init__(self, answer: dict[str, t.Any]) -> None:
        self.answer, self.done = answer, list[maintenance.Task]()

    def info(self, names: t.Sequence[str]) -> dict[str, t.Any]:
        return self.answer

    def carry_out(self, task: maintenance.Task) -> None:
        self.done.append(task)


def ensure(runner: t.Any, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    return maintenance_run.ensure({**OPTIONS, **options}, runner, check_mode=check_mode)


def test_what_is_due_is_done_and_told() -> None:
    runner = Recorder(told(dead_rows=3000))
    result = ensure(runner)
    assert [task.action for task in runner.done] == ["vacuum"]
    assert result["plan"] == [{"action": "run", "target": "database/hcp_a vacuum"}]
    assert result["lines"] == ["hcp_a, 300.0 MiB: vacuum (3000 dead rows are 23 %, more than 20 %)"]
    assert result["databases"][0]["after"]["dead_rows"] == 3000


def test_check_mode_tells_and_does_nothing() -> None:
    runner = Recorder(told(dead_rows=3000))
    result = ensure(runner, check_mode=True)
    assert (runner.done, result["changed"], result["databases"][0]["after"]) == ([], True, None)


def test_nothing_due_is_no_change() -> None:
    result = ensure(Recorder(told()))
    assert (result["changed"], result["lines"]) == (False, ["hcp_a, 300.0 MiB: nothing is due"])


def test_a_standby_and_a_stopped_server_are_refused() -> None:
    standby = told()
    standby["server"]["in_recovery"] = True
    with pytest.raises(HcpError, match="standby"):
        ensure(Recorder(standby))
    with pytest.raises(HcpError, match="does not answer"):
        ensure(Recorder({"running": False, "problem": "it does not answer"}))


def test_a_full_vacuum_wants_the_names() -> None:
    with pytest.raises(InvalidInput, match="confirmed by the names"):
        ensure(Recorder(told()), actions=["vacuum_full"], confirm_vacuum_full=["hcp_b"])
    runner = Recorder(told())
    ensure(runner, actions=["vacuum_full"], confirm_vacuum_full=["hcp_a"])
    assert [task.action for task in runner.done] == ["vacuum_full"]


class Psql:
    def __init__(self, *errors: str | None) -> None:
        self.errors, self.scripts = list(errors), list[str]()

    def execute(self, script: str, **_options: t.Any) -> str:
        self.scripts.append(script)
        error = self.errors.pop(0) if self.errors else None
        if error:
            raise CommandFailed(error)
        return ""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance_run.time, "sleep", lambda seconds: None)


def carry_out(psql: Psql) -> None:
    maintenance_run.Runner(psql, Progress(), 60).carry_out(TASK)  # type: ignore[arg-type]


def test_every_session_waits_for_locks_a_short_time_only() -> None:
    psql = Psql()
    carry_out(psql)
    assert len(psql.scripts) == 2
    assert all("SET lock_timeout = '5s';\nSET statement_timeout = '60s';" in script for script in psql.scripts)


def test_a_conflict_with_kine_is_tried_again() -> None:
    psql = Psql("ERROR: could not serialize access due to concurrent update")
    carry_out(psql)
    assert len(psql.scripts) == 3


def test_another_error_ends_it() -> None:
    with pytest.raises(HcpError, match="lock timeout"):
        carry_out(Psql("ERROR: canceling statement due to lock timeout"))
    with pytest.raises(HcpError, match="could not serialize"):
        carry_out(Psql(*["could not serialize"] * 20))
