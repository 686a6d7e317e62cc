# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quota guard's decisions, and that it runs without the collection."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import quota_program as program
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import quota_sql

GIB = 1 << 30


@pytest.mark.parametrize(
    ("before", "percent", "after"),
    [
        ("ok", 79.9, "ok"),
        ("ok", 80, "warning"),
        ("ok", 99.9, "warning"),
        ("ok", 100, "refused"),
        ("refused", 95, "refused"),
        ("refused", 89.9, "warning"),
        ("refused", 50, "ok"),
        ("ok", 110, "frozen"),
        ("frozen", 105, "refused"),
        ("frozen", 91, "refused"),
    ],
)
def test_state_follows_the_used_share(before: str, percent: float, after: str) -> None:
    assert program.state_by_quota(before, int(percent * 1000), 100_000, program.Settings()) == after


def test_without_quota_nothing_is_refused() -> None:
    assert program.state_by_quota("frozen", 10 * GIB, 0, program.Settings()) == "ok"


def test_the_reason_says_what_and_what_to_do() -> None:
    text = program.reason_for("refused", "hcp_a", 2 * GIB, GIB, "")
    assert text == "database hcp_a is over its quota, 2.0 GiB of 1.0 GiB: no new objects until objects are deleted"
    assert "short of disk space (4.0 % free" in program.reason_for("refused", "hcp_a", 1, 0, "4.0 % free")
    assert program.reason_for("warning", "hcp_a", 1, 1, "") == ""


def test_the_one_that_grew_most_is_found() -> None:
    growth = program.Growth()
    growth.note(0, {"a": GIB, "b": 0, "c": 5 * GIB})
    growth.note(60, {"a": GIB + (1 << 24), "b": 1 << 25, "c": 5 * GIB})
    assert growth.fastest() == "b"
    assert growth.fastest(besides={"b"}) == "a"
    assert growth.fastest(besides={"a", "b"}) is None
    # What was long ago does not count, and a dropped database is forgotten.
    growth.note(1000, {"a": GIB + (1 << 24)})
    assert growth.fastest() is None


def test_a_full_disk_holds_one_after_the_other_and_lets_go_above_the_floor() -> None:
    growth, disk = program.Growth(), program.Disk(program.Settings(min_free=5))
    growth.note(0, {"a": 0, "b": 0})
    growth.note(10, {"a": 2 << 20, "b": 3 << 20})
    disk.look(10, 6.0, growth)
    assert disk.held == set()
    disk.look(11, 4.9, growth)
    assert disk.held == {"b"}
    disk.look(12, 4.8, growth)
    assert disk.held == {"b"}
    disk.look(42, 4.7, growth)
    assert disk.held == {"a", "b"}
    disk.look(50, 6.9, growth)
    assert disk.state("a") == "refused"
    disk.look(60, 7.0, growth)
    assert disk.state("a") == "ok"


class FakeServer:
    """Answers as psql does and notes what it was told."""

    def __init__(self, *, standby: bool = False, **database: t.Any) -> None:
        self.first = {"standby": standby, "data_directory": "/"}
        self.database = {"name": "hcp_a", "gross": 0, "owner": "hcp_a", "quota": "0", "rate": "0", **database}
        self.inside = {"name": "hcp_a", "state": "ok", "used": 0, "gross": 0, "stored": 0, "numbered": True}
        self.inside |= {"age": 0, "reason": "", "quota": 0, "rate": 0}
        self.scripts: list[tuple[str, str]] = []

    def rows(self, script: str, *, database: str = "postgres") -> list[dict[str, t.Any]]:
        self.scripts.append((database, script))
        if database == "postgres":
            return [self.first] if self.first["standby"] else [self.first, dict(self.database)]
        return [dict(self.inside)] if "FROM mothership.quota;" in script else []

    def inside_scripts(self) -> str:
        return "".join(script for database, script in self.scripts if database != "postgres")


def look(server: FakeServer, *times: float, **settings: t.Any) -> program.Guard:
    guard = program.Guard(program.Settings(min_free=0, **settings), server)  # type: ignore[arg-type]
    for now in times or (0.0,):
        guard.look(now)
    return guard


def test_a_standby_is_left_alone() -> None:
    server = FakeServer(standby=True)
    look(server)
    assert server.inside_scripts() == ""


def test_a_calm_database_is_looked_into_once_a_minute() -> None:
    server = FakeServer(gross=10, quota=str(GIB))
    look(server, 0, 5, 10, 59, 61)
    inside = [script for database, script in server.scripts if database == "hcp_a" and "CREATE SCHEMA" in script]
    assert len(inside) == 2


def test_writes_are_refused_and_the_column_loses_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    server = FakeServer(gross=GIB, quota=str(GIB))
    server.inside.update(used=GIB, gross=GIB)
    guard = look(server)
    told = server.inside_scripts()
    assert guard.states == {"hcp_a": "refused"}
    assert "SET state = 'refused'" in told
    assert "NOTIFY mothership_quota" in told
    assert told.rstrip().endswith("ALTER TABLE public.kine ALTER COLUMN id DROP DEFAULT;")
    assert "database hcp_a: ok -> refused" in capsys.readouterr().out


def test_it_comes_back_with_the_default() -> None:
    server = FakeServer(gross=GIB, quota=str(GIB))
    server.inside.update(state="refused", used=GIB // 2, numbered=False, reason="full")
    guard = look(server)
    assert guard.states == {"hcp_a": "ok"}
    assert "ALTER COLUMN id SET DEFAULT nextval('public.kine_id_seq'::regclass)" in server.inside_scripts()


def test_a_rate_is_noted_where_there_is_no_quota() -> None:
    server = FakeServer(gross=GIB, rate="1048576")
    server.inside.update(used=GIB, gross=GIB, stored=GIB)
    guard = look(server)
    assert guard.states == {"hcp_a": "ok"}
    assert "quota = 0, rate = 1048576" in server.inside_scripts()
    server.inside["rate"], server.scripts = 1048576, []
    guard.look(61.0)
    assert "CREATE SCHEMA" in server.inside_scripts()
    assert "UPDATE mothership.quota SET state" not in server.inside_scripts()


def test_a_database_without_quota_is_cleaned_once() -> None:
    server = FakeServer()
    look(server, 0, 5, 10)
    assert [script for database, script in server.scripts if database == "hcp_a"] == [quota_sql.REMOVE]


def test_it_runs_alone(tmp_path: pathlib.Path) -> None:
    """As on a database machine: no collection, no site packages."""
    psql = tmp_path / "psql"
    psql.write_text(f'#!/bin/sh\ncat > {tmp_path}/asked\necho \'{{"standby": true, "data_directory": "/"}}\'\n')
    psql.chmod(0o755)
    for name, module in (("quota-guard.py", program), ("quota_sql.py", quota_sql)):
        shutil.copy(str(module.__file__), tmp_path / name)
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"psql": str(psql)}))
    command = [sys.executable, "-E", "-s", "-S", "quota-guard.py", f"--settings={settings}", "--once"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "pg_is_in_recovery" in (tmp_path / "asked").read_text()


def test_a_large_database_is_measured_less_often_unless_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 2))
    monkeypatch.setattr(program.time, "monotonic", lambda: float(next(clock)))
    server = FakeServer(gross=GIB * 9 // 10, quota=str(GIB))
    guard = look(server, 0)
    measured = [len(server.scripts)]
    for now, size in ((10, 0), (20, GIB // 50)):
        server.database["gross"] += size
        guard.look(now)
        measured.append(sum("FROM mothership.quota;" in script for _database, script in server.scripts))
    assert measured[1:] == [1, 2]
