# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Revisions of kine after a database lost some of them: a lossy promotion, a restore to an earlier time, an old dump.

kine's revision is the greatest id of its table, and clients trust that it never goes back: what they know under a
revision would otherwise be given to another write, and they would miss changes for good. So the revision is raised
beyond all that were ever given, and everything before it counts as compacted: clients with an old revision get
"410 Gone" and list anew.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import HcpError, InvalidInput
from .._core.plan import Change, Plan
from .._core.progress import Progress
from . import fence
from .psql import Connection, Psql
from .sql import identifier

READ, CLOSED, RAISED, OPEN = "read", "closed", "raised", "open"
STATES = (READ, CLOSED, RAISED, OPEN)
#: Why the database is closed; one that was closed for another reason is not ours to open.
REASON = "database_recover"
#: Targets are multiples of this: easy to recognise.
_STEP = 1000

# kine keeps the revision below which everything is compacted in the row compact_rev_key.
_READ = """
SELECT json_build_object(
  'revision', coalesce(max(id), 0),
  'newest', (SELECT name FROM public.kine ORDER BY id DESC LIMIT 1),
  'compacted', coalesce((SELECT max(prev_revision) FROM public.kine WHERE name = 'compact_rev_key'), 0),
  'has_compact_row', EXISTS (SELECT FROM public.kine WHERE name = 'compact_rev_key'),
  'sequence', (SELECT last_value FROM public.kine_id_seq))
FROM public.kine;
"""

_RAISE = """
BEGIN;
LOCK TABLE public.kine IN ACCESS EXCLUSIVE MODE;
INSERT INTO public.kine (id, name, created, deleted, create_revision, prev_revision, lease, value, old_value)
VALUES ({target}, 'gap-{target}', 0, 1, 0, 0, 0, NULL, NULL);
SELECT setval('public.kine_id_seq', {target});
UPDATE public.kine SET prev_revision = {target}
WHERE id = (SELECT max(id) FROM public.kine WHERE name = 'compact_rev_key');
COMMIT;
"""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """One database.

    :param high_water: the greatest revision that is known to have been given; 0 when none is known.
    :param logins: roles that can log in when it is open; empty: those that could before it was closed.
    """

    name: str
    high_water: int = 0
    logins: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Revisions:
    """What the table of kine says.

    :param revision: the present one.
    :param newest: name of the row that has it.
    :param sequence: the last id that was given out.
    """

    revision: int
    newest: str | None
    compacted: int
    sequence: int
    has_compact_row: bool = True

    def is_raised_beyond(self, high_water: int) -> bool:
        """Whether it was raised and nothing was written since."""
        ours = self.newest == f"gap-{self.revision}" and self.compacted == self.revision
        return ours and self.revision > high_water

    def target(self, high_water: int, margin: int) -> int:
        """A revision beyond all that were ever given."""
        return -(-(max(self.revision, self.sequence, high_water) + margin) // _STEP) * _STEP


def wanted_from(options: t.Sequence[t.Mapping[str, t.Any]]) -> list[Wanted]:
    """The module's option ``databases``, checked.

    :raises InvalidInput: one is listed twice or has a mark below 0.
    """
    found: dict[str, Wanted] = {}
    for index, option in enumerate(options):
        one = Wanted(option["name"], option["high_water"], tuple(option["logins"] or ()))
        if one.high_water < 0:
            raise InvalidInput("is below 0", where=f"databases[{index}].high_water")
        if one.name in found:
            raise InvalidInput(f"{one.name} is listed twice", where=f"databases[{index}].name")
        found[one.name] = one
    return list(found.values())


def psql_from(params: t.Mapping[str, t.Any]) -> Psql:
    """psql as the module's options say."""
    return Psql(Connection.as_os_user(params["os_user"], params["socket_directory"], params["port"]))


def ensure(
    wanted: t.Sequence[Wanted],
    state: str,
    psql: Psql,
    *,
    margin: int,
    check_mode: bool,
    progress: Progress,
    timeout: float = 60,
) -> dict[str, t.Any]:
    """Bring all databases into ``state`` and return the module's result.

    :raises HcpError: a database does not exist, is no database of kine, or is closed for another reason.
    """
    if margin < 1:
        raise InvalidInput("has to be at least 1", where="margin")
    plan, databases = Plan(), []
    for one in wanted:
        before = _fence(psql, one)
        if state == CLOSED:
            plan.extend(_close(psql, one, before, check_mode=check_mode, progress=progress, timeout=timeout))
        elif state == OPEN:
            plan.extend(_open(psql, one, before, check_mode=check_mode))
        elif state == RAISED:
            plan.extend(_raise(psql, one, before, margin=margin, check_mode=check_mode))
        databases.append(_described(psql, one))
    return plan.result(databases=databases)


def read(psql: Psql, name: str) -> Revisions:
    """The revisions in the database ``name``."""
    try:
        (found,) = psql.rows(_READ, database=name)
    except HcpError as error:
        if "kine" in error.message and "does not exist" in error.message:
            raise HcpError("has no table of kine", where=f"database {name}", remedy="restore it first") from error
        raise
    return Revisions(**found)


def _fence(psql: Psql, one: Wanted) -> fence.Fence:
    found = fence.read(psql, one.name)
    if not found.exists:
        raise HcpError(
            "there is no such database on this server",
            where=f"database {one.name}",
            remedy="run on the machine of the primary; restore the database first if it is lost",
        )
    if found.reason not in ("", REASON):
        raise HcpError(
            f"is closed for another reason: {found.reason}",
            where=f"database {one.name}",
            remedy=f"let '{found.reason}' end, then run again",
        )
    return found


def _close(
    psql: Psql, one: Wanted, before: fence.Fence, *, check_mode: bool, progress: Progress, timeout: float
) -> Plan:
    if before.closed and before.reason and not before.sessions:
        return Plan()
    shown = {"logins": list(before.logins), "sessions": before.sessions}
    if not check_mode:
        progress.say(one.name, "closing it and ending its sessions")
        fence.close(psql, one.name, REASON, timeout=timeout)
    return Plan([Change("update", f"database/{one.name} logins", before=shown, after={"logins": [], "sessions": 0})])


def _open(psql: Psql, one: Wanted, before: fence.Fence, *, check_mode: bool) -> Plan:
    closed_logins = [name for name in one.logins if before.closed or name not in before.logins]
    if not before.reason and not closed_logins:
        return Plan()
    logins = sorted({*before.logins, *closed_logins})
    if not check_mode:
        fence.open_again(psql, one.name)
        # Those that somebody closed by hand, before we did, are not in our memory.
        still = set(one.logins) - set(fence.read(psql, one.name).logins)
        if still:
            psql.execute("".join(f"ALTER ROLE {identifier(name)} LOGIN;\n" for name in sorted(still)))
    return Plan([Change("update", f"database/{one.name} logins", before={"logins": []}, after={"logins": logins})])


def _raise(psql: Psql, one: Wanted, before: fence.Fence, *, margin: int, check_mode: bool) -> Plan:
    found = read(psql, one.name)
    if found.is_raised_beyond(one.high_water):
        return Plan()
    if not check_mode and (not before.closed or before.sessions):
        raise HcpError(
            f"is open ({before.sessions} sessions), and raising its revision under a running control plane would "
            "leave that with a wrong view",
            where=f"database {one.name}",
            remedy="stop the control plane and run with state=closed before",
        )
    if not found.has_compact_row:
        raise HcpError(
            "has no compact revision: no kine ever ran on it",
            where=f"database {one.name}",
            remedy="restore the database, or open it and start the control plane: there is nothing to raise",
        )
    target = found.target(one.high_water, margin)
    if not check_mode:
        psql.execute(_RAISE.format(target=int(target)), database=one.name)
    return Plan(
        [
            Change(
                "update",
                f"database/{one.name} revision",
                before={"revision": found.revision, "compacted": found.compacted, "sequence": found.sequence},
                after={"revision": target, "compacted": target, "sequence": target},
            )
        ]
    )


def _described(psql: Psql, one: Wanted) -> dict[str, t.Any]:
    state, found = fence.read(psql, one.name), read(psql, one.name)
    return {
        "name": one.name,
        "revision": found.revision,
        "compacted": found.compacted,
        "sequence": found.sequence,
        "high_water": one.high_water,
        "behind": max(0, one.high_water - found.revision),
        "closed": state.closed,
        "unfinished": state.reason == REASON,
        "logins": list(state.logins),
        "sessions": state.sessions,
    }
