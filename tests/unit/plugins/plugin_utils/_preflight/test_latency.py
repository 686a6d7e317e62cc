# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.latency import (
    Bounds,
    Judgement,
    Measured,
    judge,
)


def times(p99: float) -> dict[str, Any]:
    return {"p50": p99 / 2, "p99": p99, "samples": 100}


def judged(commit: float | None, ways: dict[str, float] | None = None, disk: float | None = None) -> Judgement:
    writes: dict[str, dict[str, Any]] = {
        "db1": {"commit": None, "problems": ["the server of this machine is a standby"]},
        "db2": {"commit": None if commit is None else times(commit), "problems": ["PostgreSQL does not run here yet"]},
    }
    found = {machine: {"round_trip": times(way)} for machine, way in (ways or {}).items()}
    disks = {} if disk is None else {"ms1": {"folder": "/var/lib/etcd", "fsync": times(disk)}}
    return judge(Measured(writes, found, disks), Bounds())


def test_a_fast_site_is_not_talked_about() -> None:
    found = judged(4.0, {"ms1": 0.4, "ms2": 1.0}, 3.0)
    assert (found.problems, found.notes) == ([], [])
    assert found.figures["database"]["write_p99"] == 5.0
    assert found.figures["disks"]["ms1"]["p99"] == 3.0


def test_a_slow_one_is_said_and_a_hopeless_one_is_refused() -> None:
    (note,) = judged(60.0, {"ms1": 0.4, "ms2": 20.0}).notes
    assert note.startswith("a write to PostgreSQL takes 80.0 ms (60.0 ms for a commit on db2, 20.0 ms from ms2")
    (problem,) = judged(490.0, {"ms2": 20.0}).problems
    assert str(problem).startswith("machine db2: a write to PostgreSQL takes 510.0 ms")
    assert "To fix: use a faster disk" in str(problem)
    assert "mothership_latency_write_limit" in str(problem)


def test_etcds_disks() -> None:
    (note,) = judged(1.0, disk=80.0).notes
    assert note.startswith("the disk of ms1 takes 80.0 ms to keep a write of etcd in /var/lib/etcd")
    (problem,) = judged(1.0, disk=500.0).problems
    assert "etcd's members lose their leader" in str(problem)


def test_before_there_is_a_server_it_is_not_measured_yet() -> None:
    found = judged(None)
    assert found.problems == []
    assert found.notes == [
        "the latency of PostgreSQL is not measured yet (the server of this machine is a standby);"
        " site measures it once it runs"
    ]
    assert judge(Measured(), Bounds()) == Judgement()


@pytest.mark.parametrize(("value", "expected"), [("20", 20.0), (7, 7.0), (None, 50.0), ("fast", 50.0)])
def test_bounds_are_variables(value: Any, expected: float) -> None:
    known = {"mothership_latency_write_warning": value}
    assert Bounds.read(lambda name, default: known.get(name, default)).write_warning == expected


def test_machines_that_were_not_asked_are_left_out() -> None:
    hostvars: dict[str, dict[str, Any]] = {
        "db1": {"__latency_writes": {"commit": times(2)}, "__latency_way": {"skipped": True}},
        "ms1": {"__latency_way": {"failed": True, "msg": "no Python"}, "__latency_writes": {"skipped": True}},
        "w1": {},
    }
    measured = Measured.of(hostvars, hostvars)
    assert (set(measured.writes), set(measured.ways), set(measured.disks)) == ({"db1"}, {"ms1"}, set())
    assert judge(measured, Bounds()).figures["database"]["write_p99"] == 2
