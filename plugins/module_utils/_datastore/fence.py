# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A database closed to everybody but superusers, and opened again as it was.

What closing takes away is written into the comment of the database in the same transaction: who is killed in between
leaves either an open database, or a closed one that knows how to open. A connection limit of 0 keeps out also logins
that somebody switches on meanwhile; superusers are exempt from it, so that dumps and repairs still work.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .._core.errors import HcpError, TimedOut
from .._core.progress import Deadline
from .psql import Psql
from .sql import identifier, literal

#: The comment of a closed database begins with this.
MARK = "mothership.hcp closed "

_PAUSE = 0.2

# Logins: roles that own the database or may become its owner. Superusers may become everybody and are left alone.
_STATE = """
SELECT json_build_object(
  'comment', coalesce(shobj_description(d.oid, 'pg_database'), ''),
  'limit', d.datconnlimit,
  'logins', (SELECT coalesce(json_agg(r.rolname ORDER BY r.rolname), '[]') FROM pg_roles r
    WHERE r.rolcanlogin AND NOT r.rolsuper AND pg_has_role(r.oid, d.datdba, 'MEMBER')),
  'sessions', (SELECT count(*) FROM pg_stat_activity a
    WHERE a.datid = d.oid AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'))
FROM pg_database d WHERE d.datname = {name};
"""

_END_SESSIONS = """
SELECT json_build_object('ended', count(pg_terminate_backend(pid))) FROM pg_stat_activity
WHERE datname = {name} AND pid <> pg_backend_pid() AND backend_type = 'client backend';
"""


@dataclasses.dataclass(frozen=True)
class Fence:
    """Whether a database is closed.

    :param logins: that can log in now; of a closed database those that could before.
    :param connection_limit: likewise.
    :param sessions: client sessions in the database.
    """

    exists: bool
    closed: bool = False
    reason: str = ""
    logins: tuple[str, ...] = ()
    connection_limit: int = -1
    sessions: int = 0


def read(psql: Psql, database: str) -> Fence:
    """The state of ``database``; a database that does not exist is an answer too."""
    found = psql.rows(_STATE.format(name=literal(database)))
    if not found:
        return Fence(exists=False)
    state: dict[str, t.Any] = found[0]
    kept = kept_in(state["comment"])
    if kept is None:
        return Fence(True, False, "", tuple(state["logins"]), int(state["limit"]), int(state["sessions"]))
    # What works now is newer than what is remembered: somebody opened it by hand, in part or as a whole.
    closed = not state["logins"] and int(state["limit"]) == 0
    logins = tuple(state["logins"]) or tuple(kept["logins"])
    limit = int(state["limit"]) or int(kept["connection_limit"])
    return Fence(True, closed, str(kept["reason"]), logins, limit, int(state["sessions"]))


def kept_in(comment: str) -> dict[str, t.Any] | None:
    """What the comment of a closed database keeps; ``None`` for every other comment."""
    if not comment.startswith(MARK):
        return None
    try:
        kept = json.loads(comment[len(MARK) :])
        return {"logins": kept["logins"], "connection_limit": kept["connection_limit"], "reason": kept["reason"]}
    except (ValueError, KeyError, TypeError):
        return None


def close(psql: Psql, database: str, reason: str, *, timeout: float = 30) -> Fence:
    """No new sessions, and the present ones ended; a closed database keeps what it remembers from the first time.

    :raises HcpError: there is no such database.
    :raises TimedOut: sessions did not end.
    """
    fence = read(psql, database)
    if not fence.exists:
        raise HcpError("there is no such database on this server", where=f"database {database}")
    psql.execute(_closing_sql(database, fence, reason))
    _end_sessions(psql, database, Deadline(timeout))
    return read(psql, database)


def open_again(psql: Psql, database: str) -> bool:
    """Give logins and connection limit back as they were; false when the database was not closed by :func:`close`."""
    fence = read(psql, database)
    if not fence.exists or not fence.reason:
        return False
    name = identifier(database)
    logins = "".join(f"ALTER ROLE {identifier(login)} LOGIN;\n" for login in fence.logins)
    psql.execute(
        f"BEGIN;\n{logins}ALTER DATABASE {name} CONNECTION LIMIT {fence.connection_limit};\n"
        f"COMMENT ON DATABASE {name} IS NULL;\nCOMMIT;\n"
    )
    return True


def _closing_sql(database: str, fence: Fence, reason: str) -> str:
    name = identifier(database)
    why = fence.reason or reason or "no reason given"
    kept = {"logins": list(fence.logins), "connection_limit": fence.connection_limit, "reason": why}
    logins = "".join(f"ALTER ROLE {identifier(login)} NOLOGIN;\n" for login in fence.logins)
    comment = literal(MARK + json.dumps(kept, sort_keys=True))
    no_more = f"ALTER DATABASE {name} CONNECTION LIMIT 0;\n"
    return f"BEGIN;\n{logins}{no_more}COMMENT ON DATABASE {name} IS {comment};\nCOMMIT;\n"


def _end_sessions(psql: Psql, database: str, deadline: Deadline) -> None:
    """Until two looks in a row find none: a session that was being made meanwhile shows up a moment later."""
    quiet = 0
    while quiet < 2:
        (answer,) = psql.rows(_END_SESSIONS.format(name=literal(database)))
        quiet = quiet + 1 if answer["ended"] == 0 else 0
        if quiet < 2 and not deadline.pause(_PAUSE):
            raise TimedOut(
                f"sessions did not end within {deadline.seconds:g} s",
                where=f"database {database}",
                remedy=f"look at pg_stat_activity of {database}, then run again",
            )
