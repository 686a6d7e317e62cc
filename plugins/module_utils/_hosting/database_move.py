# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the module ``database_move`` does: decides what a move needs next, and writes down how far it is.

Before the switch every run copies anew, so nothing that a killed run left behind is trusted. The switch is one write:
label and phase are on one object.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._controlplane.spec import ClusterSpec
from .._core.errors import HcpError, InvalidInput
from .._core.plan import Change, Plan
from .._datastore.placement import Choice, Wanted, fits, place
from .._kube.client import KubeClient
from .database_placement import described
from .database_record import COPYING, MOVED, SWITCHED, Move, Record, read_records, write_record
from .database_servers import Site, wish_of

#: What there is to do: ``roll``: pods still have to learn the new address. ``back``: undo a move before its switch.
COPY, ROLL, BACK, DROP, NOTHING = "copy", "roll", "back", "drop", "nothing"
STEPS = ("begin", "switch", "finish", "undo", "forget")


@dataclasses.dataclass(frozen=True)
class Asked:
    """What the user wants.

    :param target: name of a server; empty with ``back`` and ``drop_source``.
    """

    target: str = ""
    back: bool = False
    drop_source: bool = False


@dataclasses.dataclass(frozen=True)
class Next:
    """What to do, and the move it belongs to (``None`` with ``nothing``)."""

    action: str
    move: Move | None
    why: str = ""


def decide(asked: Asked, server: str, move: Move | None) -> Next:
    """The next action.

    :param server: that holds the database now.
    :raises InvalidInput: what is asked does not go together with what is recorded.
    """
    if asked.back and asked.drop_source:
        raise InvalidInput("back and drop_source exclude each other", where="back", remedy="give one of the two")
    if move is None:
        return _first(asked, server)
    if move.phase == COPYING:
        return _unfinished(asked, move)
    if move.phase == SWITCHED and not asked.back:
        if asked.drop_source or asked.target not in ("", move.target):
            raise InvalidInput(
                f"the move to {move.target} is not finished",
                where="database_move_server",
                remedy=f"run the move to {move.target} again first",
            )
        return Next(ROLL, move, "the database is switched already")
    return _after(asked, move)


def _first(asked: Asked, server: str) -> Next:
    if asked.back or (asked.drop_source and asked.target):
        raise InvalidInput(
            "no move is recorded", where="back", remedy="name a server with database_move_server to move the database"
        )
    if asked.drop_source:
        return Next(NOTHING, None, "no move is recorded: nothing to drop")
    if not asked.target:
        raise InvalidInput("is needed", where="database_move_server", remedy="name the server to move the database to")
    if asked.target == server:
        return Next(NOTHING, None, f"the database is on {server} already")
    return Next(COPY, Move(server, asked.target, COPYING), "the database moves")


def _unfinished(asked: Asked, move: Move) -> Next:
    if asked.back:
        return Next(BACK, move, "the move was not finished: the old database stays in use")
    if asked.drop_source or asked.target not in ("", move.target):
        raise InvalidInput(
            f"a move from {move.source} to {move.target} was begun and not finished",
            where="database_move_server",
            remedy=f"run the move to {move.target} again, or go back to {move.source} with back=true",
        )
    return Next(COPY, move, "the move was begun by an earlier run: all is copied anew")


def _after(asked: Asked, move: Move) -> Next:
    """After the switch."""
    if asked.back or asked.target == move.source:
        return Next(COPY, Move(move.target, move.source, COPYING, kept=True), "the database moves back")
    if asked.drop_source:
        return Next(DROP, move, f"the old database on {move.source} is dropped")
    if asked.target in ("", move.target):
        return Next(NOTHING, None, f"the database is on {move.target} already")
    raise InvalidInput(
        f"the old database on {move.source} is still there",
        where="database_move_server",
        remedy="drop it with drop_source=true, or go back with back=true, before you move the database on",
    )


@dataclasses.dataclass(frozen=True)
class Request:
    """The module's options.

    :param result: of the comparison: ``rows``, ``max_id``, ``sha256``.
    """

    spec: ClusterSpec
    definition: t.Mapping[str, t.Any]
    step: str
    asked: Asked
    site: Site
    result: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


def one_of(specs: t.Sequence[ClusterSpec], definitions: t.Sequence[t.Mapping[str, t.Any]], name: str) -> t.Any:
    """The cluster of that name and its definition.

    :raises InvalidInput: there is none, or its database is not the site's.
    """
    for spec, definition in zip(specs, definitions):
        if spec.name == name:
            if spec.database_host:
                raise InvalidInput(
                    f"its database is at {spec.database_host}, which is none of the site's servers",
                    where=name,
                    remedy="declare that server in postgresql_servers, with the group of its machines",
                )
            return spec, definition
    raise InvalidInput(
        f"{name!r} is no hosted cluster",
        where="database_move_cluster",
        remedy=f"use one of {', '.join(spec.name for spec in specs)}",
    )


class DatabaseMove:
    """One step of a move."""

    def __init__(self, request: Request, client: KubeClient | None, *, check_mode: bool) -> None:
        self.request, self.client, self.check_mode = request, client, check_mode
        self.spec, self.site = request.spec, request.site
        self.plan = Plan()

    def run(self) -> dict[str, t.Any]:
        """Do the step and return the module's result."""
        record = read_records(self.client, [self.spec])[self.spec.name]
        steps = {
            "begin": self._begin,
            "switch": self._switch,
            "finish": self._finish,
            "undo": self._undo,
            "forget": self._forget,
        }
        following = steps[self.request.step](record)
        return self.plan.result(**self._facts(following, record))

    def _begin(self, record: Record) -> Next:
        server = self._present(record)
        following = decide(self.request.asked, server, record.move)
        if following.move is not None:
            for name in (following.move.source, following.move.target):
                self._check_machine(name)
        if following.action == COPY:
            move = t.cast(Move, following.move)
            self._check_target(move, fresh=record.move is None)
            self._write(record, Record(server, move))
        return following

    def _switch(self, record: Record) -> Next:
        move = self._recorded(record)
        result = self.request.result
        after = dataclasses.replace(
            move,
            phase=SWITCHED,
            sha256=str(result.get("sha256", "")),
            rows=int(result.get("rows", 0)),
            max_id=int(result.get("max_id", 0)),
        )
        self._write(record, Record(move.target, after))
        return Next(ROLL, after)

    def _finish(self, record: Record) -> Next:
        move = dataclasses.replace(self._recorded(record), phase=MOVED, kept=False)
        self._write(record, Record(record.server, move))
        return Next(NOTHING, move)

    def _undo(self, record: Record) -> Next:
        move = self._recorded(record)
        before = Move(move.target, move.source, MOVED) if move.kept else None
        self._write(record, Record(move.source, before))
        return Next(NOTHING, move)

    def _forget(self, record: Record) -> Next:
        self._write(record, Record(record.server, None))
        return Next(NOTHING, record.move)

    def _recorded(self, record: Record) -> Move:
        if record.move is not None:
            return record.move
        if not self.check_mode:
            raise HcpError(
                "no move is recorded",
                where=f"Namespace/{self.spec.namespace}",
                remedy="run the playbook mothership.hcp.database_move from its beginning",
            )
        asked = self.request.asked
        return Move(self._present(record), asked.target, COPYING)

    def _present(self, record: Record) -> str:
        """The server that holds the database; the definition may name the target of the move already."""
        wish = dataclasses.replace(wish_of(self.spec, record), server="")
        if not record.server and not self._found(wish):
            raise HcpError(
                "has no database yet",
                where=self.spec.name,
                remedy="set database_server in its definition and run the playbook mothership.hcp.site",
            )
        return place([wish], self.site.servers, self.site.measured)[0].server

    def _found(self, wish: Wanted) -> bool:
        return any(wish.database in measured.databases for measured in self.site.measured.values())

    def _check_machine(self, name: str) -> None:
        server, measured = self.site.named(name), self.site.measured[name]
        if server.external:
            raise HcpError(
                "has no machines of the site, and a move needs PostgreSQL's programs on both sides",
                where=f"PostgreSQL server {name}",
                remedy="dump and load such a database by hand: docs/external-postgresql.md says how",
            )
        if measured.problem:
            raise HcpError(
                f"cannot be used: {measured.problem}",
                where=f"PostgreSQL server {name}",
                remedy="bring it up, then run the move again",
            )

    def _check_target(self, move: Move, *, fresh: bool) -> None:
        source, target = self.site.measured[move.source], self.site.measured[move.target]
        where = f"PostgreSQL server {move.target}"
        if target.major < source.major:
            raise HcpError(
                f"runs PostgreSQL {target.version}, older than {source.version} on {move.source}",
                where=where,
                remedy="a dump does not load into an older version: upgrade the server first",
            )
        present = self.spec.database in target.databases
        if present and fresh:
            raise HcpError(
                f"has a database {self.spec.database} already, and no move is recorded that made it",
                where=where,
                remedy="look what is in it, and drop it there when it is not needed",
            )
        server = self.site.named(move.target)
        if not self.site.certificate(server):
            raise HcpError(
                "nobody knows the CA of its certificate",
                where=where,
                remedy="run mothership.hcp.site --tags postgresql, or give ca_certificate in postgresql_servers",
            )
        verdict = fits(wish_of(self.spec, Record()), server, target)
        if verdict.score is None and not present:
            raise HcpError(
                f"cannot take the database: {'; '.join(verdict.reasons)}",
                where=where,
                remedy="make room there, or choose another server",
            )

    def _write(self, before: Record, after: Record) -> None:
        if before == after:
            return
        shown = [{"database-server": one.server, "move": _shown(one.move)} for one in (before, after)]
        self.plan.add(Change("update", f"Namespace/{self.spec.namespace}", before=shown[0], after=shown[1]))
        if self.client is not None and not self.check_mode:
            write_record(self.client, self.spec, after)

    def _facts(self, following: Next, record: Record) -> dict[str, t.Any]:
        move = following.move
        choice = Choice(self.spec.name, move.target if move else record.server or self._present(record), "moved")
        plain = {**self.request.definition, "database_server": None}
        return {
            "action": following.action,
            "why": following.why,
            "database": self.spec.database,
            "source": self._side(move.source) if move else None,
            "target": self._side(move.target) if move else None,
            "kept": bool(move and move.kept),
            "expected": _expected(move),
            **described([self.spec], [plain], self.site, [choice]),
        }

    def _side(self, name: str) -> dict[str, t.Any]:
        return {"server": name, "machine": self.site.measured[name].machine}


def _expected(move: Move | None) -> dict[str, t.Any] | None:
    """What the old database held at the switch, as ``kine_transfer`` takes it; it has no ranges to compare."""
    if move is None or move.phase == COPYING:
        return None
    figures = {"rows": move.rows, "max_id": move.max_id, "sequence": move.max_id, "sha256": move.sha256}
    return {**figures, "range_size": 1, "ranges": []}


def _shown(move: Move | None) -> str:
    return "none" if move is None else f"{move.source} to {move.target}, {move.phase}"
