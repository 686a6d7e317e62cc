# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest

from tests.bench import footprint
from tests.bench.footprint import BenchError, Database, Mothership, measure, result, working_sets

METRICS = """# HELP container_memory_working_set_bytes [STABLE] Current working set
container_memory_working_set_bytes{container="kine",namespace="hcp-a",pod="a-1"} 3e+07 1767225600000
container_memory_working_set_bytes{container="kine",namespace="hcp-a",pod="a-2"} 2e+07 1767225600000
container_memory_working_set_bytes{container="kube-apiserver",namespace="hcp-b",pod="b-1"} 400 1767225600000
pod_memory_working_set_bytes{namespace="hcp-a",pod="a-1"} 9e+09 1767225600000
"""


def sample(wal: int, size: int, idle: int, *, standby: bool = False) -> dict[str, t.Any]:
    return {
        "standby": standby,
        "wal": wal,
        "sizes": {"hcp_a": size},
        "idle": {"hcp_a": idle},
        "all": {"hcp_a": idle + 1},
    }


def test_memory_of_containers_not_of_pods() -> None:
    assert working_sets(METRICS) == {"hcp-a": {"kine": 5e7}, "hcp-b": {"kube-apiserver": 400.0}}


def test_figures_of_all_clusters_and_of_each() -> None:
    clusters = {"a": "hcp-a", "b": "hcp-b"}
    made = result(clusters, working_sets(METRICS), [sample(1000, 5000, 10), sample(4000, 5100, 12)], 120)
    assert made["total"] == {
        "idle_connections": 11.0,
        "connections": 12.0,
        "wal_bytes_a_minute": 1500.0,
        "database_growth_bytes_a_day": 72000.0,
        "database_bytes": 5100,
        "memory_bytes": 50000400.0,
    }
    assert made["a_cluster"]["idle_connections"] == 5.5
    assert made["memory_bytes_by_container"] == {"kine": 25000000, "kube-apiserver": 200}


def test_the_primary_is_asked_wherever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def run(argv: t.Sequence[str], *, stdin: str = "", timeout: float = 60) -> str:
        asked.append(argv[1])
        if argv[1] == "db1":
            raise BenchError("db1 is away")
        return json.dumps(sample(1, 1, 1, standby=argv[1] == "db2"))

    monkeypatch.setattr(footprint, "run", run)
    database = Database(["db1", "db2", "db3"], "on {machine}")
    database.ask()
    database.ask()
    assert asked == ["db1", "db2", "db3", "db3"]
    with pytest.raises(BenchError, match=r"no primary among db1, db2\. db1 is away"):
        Database(["db1", "db2"], "on {machine}").ask()


def test_a_site_without_clusters_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mothership, "clusters", lambda self: {})
    with pytest.raises(BenchError, match="no hosted clusters"):
        measure(Mothership("kubectl", footprint.ROOT), Database(["db1"], ""), 1, 1)


def test_nothing_but_reading_is_asked_of_the_database() -> None:
    assert footprint.QUESTION.strip().startswith("SELECT json_build_object(")
    assert footprint.QUESTION.count(";") == 1
