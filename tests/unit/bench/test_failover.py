# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import json

import pytest

from tests.bench import database_faults, failover
from tests.bench.acknowledged import longest_gap
from tests.bench.database_faults import Databases, FaultError, Machine

NETWORKS = json.dumps({"lab": {"IPAddress": "192.0.2.21"}})


class Programs:
    """Notes what is run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failing: str = "") -> None:
        self.calls: list[str] = []
        self._failing = failing
        monkeypatch.setattr(database_faults, "run", self.run)

    def run(self, *argv: str, timeout: float = 60, check: bool = True) -> str:
        self.calls.append(" ".join(argv))
        if self._failing and self._failing in self.calls[-1]:
            raise FaultError(f"{argv[0]} ended with 1")
        return NETWORKS if argv[:2] == ("podman", "inspect") else ""


def test_the_longest_gap_counts_from_begin_to_end() -> None:
    assert longest_gap([1.0, 2.0, 7.0, 8.0], 0.0, 10.0) == 5.0
    assert longest_gap([1.0], 0.0, 10.0) == 9.0
    assert longest_gap([], 3.0, 10.0) == 7.0
    assert longest_gap([1.0, 11.0], 0.5, 10.0) == 9.0


@pytest.mark.parametrize(
    ("kind", "made", "undone"),
    [
        ("kill", "podman kill --signal=KILL db1", "podman start db1"),
        ("cut", "podman network disconnect --force lab db1", "podman network connect --ip=192.0.2.21 lab db1"),
        ("switchover", "podman exec db1 patronictl --config-file p.yml switchover --force", None),
        ("none", None, None),
    ],
)
def test_faults_are_made_and_undone(
    kind: str, made: str | None, undone: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = Programs(monkeypatch)
    databases = Databases(["db1"], "p.yml")
    programs.calls.clear()
    with contextlib.suppress(KeyError), databases.fault(kind, databases.machines[0]):
        inside = list(programs.calls)
        raise KeyError("the measurement failed")
    assert [call for call in inside if "inspect" not in call] == ([made] if made else [])
    assert programs.calls[len(inside) :] == ([undone] if undone else [])


def test_the_primary_is_who_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    Programs(monkeypatch)
    databases = Databases(["db1", "db2"], "p.yml")
    monkeypatch.setattr(Machine, "leads", lambda self: self.name == "db2")
    assert databases.primary().name == "db2"
    monkeypatch.setattr(Machine, "leads", lambda self: False)
    with pytest.raises(FaultError, match="no primary among db1, db2"):
        databases.primary(seconds=0)


def test_a_program_has_a_time_limit() -> None:
    with pytest.raises(FaultError, match="sleep"):
        database_faults.run("sleep", "9", timeout=0.1)
    with pytest.raises(FaultError, match="ended with 1"):
        database_faults.run("false")


def test_restarts_are_those_of_the_time_between() -> None:
    before, after = {"a": 1, "b": 0}, {"a": 3, "c": 1}
    assert failover.compared(before, after) == {
        "pods_replaced": 1,
        "container_restarts": 3,
        "pods_restarted_by_hand": 0,
    }


def test_options_that_there_are_not() -> None:
    with pytest.raises(SystemExit):
        failover.main(["--fault", "flood"])
