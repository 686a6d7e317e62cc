# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Which server a hosted cluster's database goes to: filter, score, reasons. Pure: no input or output.

A database that exists stays where it is; only a move takes it elsewhere. The same input gives the same answer.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import HcpError, InvalidInput
from .servers import DatabaseServer

#: Share of connections and of bytes that may be given away.
FULL = 0.8

_ZONE_POINTS = 50
_SPREAD_POINTS = 10


@dataclasses.dataclass(frozen=True)
class Measured:
    """What a server says of itself.

    :param machine: inventory name of the machine that writes; empty for a server without machines of the site.
    :param problem: why it cannot be used now; empty when it answers.
    :param connections: what it gives to ordinary roles; ``promised``: limits of its databases together.
    :param used_bytes: by databases of hosted clusters; ``free_bytes`` on its disk, ``None`` when not known.
    :param databases: names of databases of hosted clusters; ``closed``: those that nobody may log in to.
    """

    machine: str = ""
    problem: str = ""
    version: str = ""
    connections: int = 0
    promised: int = 0
    used_bytes: int = 0
    free_bytes: int | None = None
    databases: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    ca_certificate: str = ""
    address: str = ""

    @property
    def major(self) -> int:
        """Major version; 0 when not known."""
        first = self.version.partition(".")[0]
        return int(first) if first.isdigit() else 0


@dataclasses.dataclass(frozen=True)
class Wanted:
    """One hosted cluster's wish.

    :param server: named in its definition; ``recorded``: chosen by an earlier run.
    :param connections: most connections that its database may have.
    :param quota_bytes: 0 for none.
    """

    cluster: str
    database: str
    connections: int
    server: str = ""
    recorded: str = ""
    zone: str = ""
    quota_bytes: int = 0


@dataclasses.dataclass(frozen=True)
class Verdict:
    """About one server for one cluster; ``score`` is ``None`` when the server is refused."""

    server: str
    score: float | None
    reasons: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Choice:
    """Where a database goes, and why.

    :param verdicts: of every server, in the order of the declaration.
    """

    cluster: str
    server: str
    why: str
    verdicts: tuple[Verdict, ...] = ()


@dataclasses.dataclass
class _Load:
    """What earlier choices of the same run take from a server."""

    connections: int = 0
    databases: int = 0
    quota: int = 0


def place(
    wishes: t.Sequence[Wanted], servers: t.Sequence[DatabaseServer], measured: t.Mapping[str, Measured]
) -> list[Choice]:
    """A server for each cluster, in the clusters' order; what is placed already counts first.

    :raises HcpError: a cluster fits nowhere, or its definition contradicts where its database is.
    """
    loads = {server.name: _Load() for server in servers}
    choices: dict[str, Choice] = {}
    for wish in wishes:
        settled = _settled(wish, servers, measured)
        if settled is not None:
            choices[wish.cluster] = settled
            if wish.database not in measured.get(settled.server, Measured()).databases:
                _take(loads[settled.server], wish)
    for wish in wishes:
        if wish.cluster not in choices:
            choices[wish.cluster] = _best(wish, servers, measured, loads)
            _take(loads[choices[wish.cluster].server], wish)
    return [choices[wish.cluster] for wish in wishes]


def fits(wish: Wanted, server: DatabaseServer, measured: Measured) -> Verdict:
    """Whether one server can take the database, as for a move there."""
    return _judged(wish, server, measured, _Load())


def _take(load: _Load, wish: Wanted) -> None:
    load.connections += wish.connections
    load.quota += wish.quota_bytes
    load.databases += 1


def _settled(wish: Wanted, servers: t.Sequence[DatabaseServer], measured: t.Mapping[str, Measured]) -> Choice | None:
    """Where the cluster is already, or is told to go."""
    names = [server.name for server in servers]
    found = [
        name
        for name in names
        if wish.database in measured.get(name, Measured()).databases and wish.database not in measured[name].closed
    ]
    present = wish.recorded or (found[0] if len(found) == 1 else "")
    if len(found) > 1 and not wish.recorded and not wish.server:
        raise HcpError(
            f"has a database {wish.database} on {' and on '.join(found)}, and nothing says which one is in use",
            where=wish.cluster,
            remedy="set database_server of the cluster to the right one; drop the other database when you are sure",
        )
    for name, where in ((wish.server, "database_server"), (wish.recorded, "its namespace's label database-server")):
        if name and name not in names:
            raise InvalidInput(
                f"{where} is {name}, which is no declared server",
                where=wish.cluster,
                remedy=f"use one of {', '.join(names)}, or declare it in postgresql_servers",
            )
    if wish.server and present and wish.server != present:
        raise InvalidInput(
            f"database_server is {wish.server}, but its database is on {present} and never moves by itself",
            where=wish.cluster,
            remedy=f"set database_server to {present}, or move it with the playbook mothership.hcp.database_move",
        )
    if present:
        return Choice(wish.cluster, present, "its database is there")
    return Choice(wish.cluster, wish.server, "its definition names it") if wish.server else None


def _best(
    wish: Wanted,
    servers: t.Sequence[DatabaseServer],
    measured: t.Mapping[str, Measured],
    loads: t.Mapping[str, _Load],
) -> Choice:
    verdicts = [
        _judged(wish, server, measured.get(server.name, Measured(problem="was not asked")), loads[server.name])
        for server in servers
    ]
    accepted = [(verdict.score, -index, verdict) for index, verdict in enumerate(verdicts) if verdict.score is not None]
    if not accepted:
        told = "; ".join(f"{verdict.server}: {', '.join(verdict.reasons)}" for verdict in verdicts)
        raise HcpError(
            f"no PostgreSQL server can take the database {wish.database} ({told})",
            where=wish.cluster,
            remedy="make room on a server, declare a further one in postgresql_servers, or lower what the cluster asks",
        )
    best = max(accepted)[2]
    return Choice(wish.cluster, best.server, "highest score", tuple(verdicts))


def _judged(wish: Wanted, server: DatabaseServer, measured: Measured, load: _Load) -> Verdict:
    refusals = list(_refusals(wish, server, measured, load))
    if refusals:
        return Verdict(server.name, None, tuple(refusals))
    connections = _free_share(measured.connections, measured.promised + load.connections + wish.connections)
    capacity, taken = _bytes(wish, server, measured, load)
    space = _free_share(capacity, taken) if capacity else 1.0
    databases = len(measured.databases) + load.databases
    score = 100 * min(connections, space) + _SPREAD_POINTS / (1 + databases)
    reasons = [f"{connections:.0%} of its connections stay free", f"{databases} databases there"]
    if capacity:
        reasons.append(f"{space:.0%} of its bytes stay free")
    if wish.zone and wish.zone == server.zone:
        score += _ZONE_POINTS
        reasons.append(f"in zone {server.zone}")
    return Verdict(server.name, round(score, 3), tuple(reasons))


def _refusals(wish: Wanted, server: DatabaseServer, measured: Measured, load: _Load) -> t.Iterator[str]:
    if server.external:
        yield "databases on it are made by its owner: name it as database_server when database and login are there"
        return
    if measured.problem:
        yield f"not reachable: {measured.problem}"
        return
    if measured.major not in server.versions:
        allowed = ", ".join(map(str, server.versions))
        yield f"PostgreSQL {measured.version or 'of unknown version'} is none of {allowed}"
    total = measured.promised + load.connections + wish.connections
    if total > measured.connections * FULL:
        yield (
            f"{measured.promised} (promised) + {load.connections} (this run) + {wish.connections} (this cluster) = "
            f"{total} connections, and {FULL:.0%} of {measured.connections} are {measured.connections * FULL:.0f}"
        )
    capacity, taken = _bytes(wish, server, measured, load)
    if capacity and taken > capacity * FULL:
        yield f"{taken} bytes used or promised, and {FULL:.0%} of {capacity} are {capacity * FULL:.0f}"
    if wish.zone and server.zone != wish.zone:
        yield f"in zone {server.zone or '(none)'}, not {wish.zone}"


def _bytes(wish: Wanted, server: DatabaseServer, measured: Measured, load: _Load) -> tuple[int, int]:
    """What the server holds at most (0 when not known), and what would be used or promised of it."""
    room = [measured.used_bytes + measured.free_bytes] if measured.free_bytes is not None else []
    capacity = min([*room, *([server.max_bytes] if server.max_bytes else [])], default=0)
    return capacity, measured.used_bytes + load.quota + wish.quota_bytes


def _free_share(whole: int, taken: int) -> float:
    return max(0.0, 1 - taken / whole) if whole else 0.0
