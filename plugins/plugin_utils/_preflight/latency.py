# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Times that PostgreSQL and etcd's disks take, against bounds: slow is said, too slow is refused."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput

Figures = t.Mapping[str, t.Any]

#: Variables that playbooks register on each machine -> what they hold.
WRITES_VARIABLE = "__latency_writes"
WAY_VARIABLE = "__latency_way"
DISK_VARIABLE = "__latency_disk"


@dataclasses.dataclass(frozen=True)
class Bounds:
    """99th percentiles in milliseconds.

    etcd's own rule is 10 ms for its disk and 25 ms for a commit; an API server writes well with 50 ms. From half a
    second on it does not work any more: etcd's members think that their leader is gone after one second, and holders
    of leases renew them with several writes in ten seconds while everybody else writes too.
    """

    write_warning: float = 50
    write_limit: float = 500
    disk_warning: float = 10
    disk_limit: float = 500

    @classmethod
    def read(cls, get: t.Callable[[str, t.Any], t.Any]) -> Bounds:
        """From the site's variables; a value that is no number is the default."""
        names = {field.name: f"mothership_latency_{field.name}" for field in dataclasses.fields(cls)}
        return cls(**{field: _number(get(name, None), getattr(cls, field)) for field, name in names.items()})


@dataclasses.dataclass(frozen=True)
class Measured:
    """Registered results of ``database_latency`` and ``disk_latency`` by machine.

    :param writes: of database machines, with ``commit``.
    :param ways: of mothership machines, with ``round_trip``.
    :param disks: of machines with etcd, with ``fsync``.
    """

    writes: t.Mapping[str, Figures] = dataclasses.field(default_factory=dict)
    ways: t.Mapping[str, Figures] = dataclasses.field(default_factory=dict)
    disks: t.Mapping[str, Figures] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, machines: t.Iterable[str], hostvars: t.Mapping[str, t.Mapping[str, t.Any]]) -> Measured:
        """What machines registered; those that were not asked are left out."""

        def kept(name: str) -> dict[str, Figures]:
            known = {machine: hostvars[machine][name] for machine in machines if name in hostvars[machine]}
            return {machine: result for machine, result in known.items() if not result.get("skipped")}

        return cls(kept(WRITES_VARIABLE), kept(WAY_VARIABLE), kept(DISK_VARIABLE))


@dataclasses.dataclass
class Judgement:
    """What was found.

    :param figures: what was measured, for the result.
    """

    problems: list[HcpError] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    figures: dict[str, t.Any] = dataclasses.field(default_factory=dict)


def judge(measured: Measured, bounds: Bounds) -> Judgement:
    """Say what is slow and refuse what is too slow."""
    found = Judgement()
    if measured.writes:
        _judge_writes(measured, bounds, found)
    for machine, result in measured.disks.items():
        _judge_disk(machine, result, bounds, found)
    return found


def _judge_writes(measured: Measured, bounds: Bounds, found: Judgement) -> None:
    leaders = {machine: result["commit"] for machine, result in measured.writes.items() if result.get("commit")}
    if not leaders:
        reasons = [text for result in measured.writes.values() for text in result.get("problems") or ()]
        why = f" ({reasons[0]})" if reasons else ""
        found.notes.append(f"the latency of PostgreSQL is not measured yet{why}; site measures it once it runs")
        return
    # Each of several servers has a primary: the slowest counts.
    leader = max(leaders, key=lambda machine: float(leaders[machine]["p99"]))
    commit = leaders[leader]
    ways = {machine: result["round_trip"] for machine, result in measured.ways.items() if result.get("round_trip")}
    farthest = max(ways, key=lambda machine: float(ways[machine]["p99"]), default=None)
    way = float(ways[farthest]["p99"]) if farthest else 0.0
    total = float(commit["p99"]) + way
    found.figures["database"] = {"commit": commit, "round_trips": ways, "write_p99": round(total, 3)}
    said = f"{commit['p99']:.1f} ms for a commit on {leader}" + (
        f", {way:.1f} ms from {farthest} to the database and back" if farthest else ""
    )
    text = f"a write to PostgreSQL takes {total:.1f} ms ({said}; of 100 writes 99 are faster)"
    remedy = (
        "use a faster disk for PostgreSQL, put its machines and the mothership into one place, and look whether its"
        " standby keeps up"
    )
    if total >= bounds.write_limit:
        message = f"{text}; from {bounds.write_limit:g} ms on, hosted control planes lose their leases"
        found.problems.append(
            InvalidInput(message, where=f"machine {leader}", remedy=f"{remedy}; the bound is {_name('write_limit')}")
        )
    elif total >= bounds.write_warning:
        found.notes.append(f"{text}; below {bounds.write_warning:g} ms is good: {remedy}")


def _judge_disk(machine: str, result: Figures, bounds: Bounds, found: Judgement) -> None:
    times = result.get("fsync")
    if not times:
        return
    found.figures.setdefault("disks", {})[machine] = times
    slow = float(times["p99"])
    text = f"the disk of {machine} takes {slow:.1f} ms to keep a write of etcd in {result.get('folder')}"
    remedy = "use a disk that etcd does not share with others, best an SSD"
    if slow >= bounds.disk_limit:
        message = f"{text}; from {bounds.disk_limit:g} ms on, etcd's members lose their leader"
        found.problems.append(
            InvalidInput(message, where=f"machine {machine}", remedy=f"{remedy}; the bound is {_name('disk_limit')}")
        )
    elif slow >= bounds.disk_warning:
        found.notes.append(f"{text}; below {bounds.disk_warning:g} ms is good: {remedy}")


def _name(field: str) -> str:
    return f"mothership_latency_{field}"


def _number(value: t.Any, default: float) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return default
