# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Who is logged in to the databases of hosted clusters, and the proof that nobody uses a previous login. Only reads.

A session belongs to the pod that its application name says. Client addresses do not help: behind address translation or
a balancer, all pods have the same.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import TimedOut
from .._core.progress import Deadline, Progress
from .psql import Psql
from .sql import name_array

_PAUSE = 1.0
#: PostgreSQL cuts longer application names.
_NAME_LENGTH = 63

_QUESTION = """
SELECT json_build_object('database', datname, 'login', usename, 'application', application_name,
  'address', coalesce(host(client_addr), ''), 'sessions', count(*))
FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = ANY({databases})
GROUP BY datname, usename, application_name, client_addr ORDER BY datname, usename, application_name, client_addr;
"""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is to be proved about one database.

    :param login: that every pod must have sessions of.
    :param previous: that nobody may have sessions of.
    """

    name: str
    login: str
    previous: str | None = None
    pods: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Group:
    """Sessions that are alike."""

    database: str
    login: str
    application: str
    address: str
    sessions: int


def wanted_from(options: t.Sequence[t.Mapping[str, t.Any]]) -> list[Wanted]:
    """The module's option ``databases``."""
    return [Wanted(one["name"], one["login"], one.get("previous"), tuple(one.get("pods") or ())) for one in options]


def read(psql: Psql, wanted: t.Sequence[Wanted]) -> list[Group]:
    """All client sessions in these databases."""
    names = name_array(one.name for one in wanted)
    return [Group(**row) for row in psql.rows(_QUESTION.format(databases=names), timeout=20)]


def missing(wanted: Wanted, groups: t.Sequence[Group]) -> list[str]:
    """What keeps the proof from holding, in words."""
    own = [group for group in groups if group.database == wanted.name]
    using = {group.application for group in own if group.login == wanted.login}
    still = [group for group in own if group.login == wanted.previous]
    said = [
        f"{group.application or 'a session without a name'} still has {group.sessions} of {group.login}"
        + (f" from {group.address}" if group.address else "")
        for group in still
    ]
    return said + [f"{pod} has none of {wanted.login}" for pod in wanted.pods if pod[:_NAME_LENGTH] not in using]


def prove(
    psql: Psql, wanted: t.Sequence[Wanted], *, wait: bool, timeout: float, progress: Progress
) -> dict[str, t.Any]:
    """Wait until every pod uses the new login and nobody the previous one; see the module's RETURN for the result.

    :param wait: otherwise look once, and say what is.
    :raises TimedOut: naming who still uses the previous login.
    """
    deadline = Deadline(timeout)
    while True:
        groups = read(psql, wanted)
        open_points = {one.name: missing(one, groups) for one in wanted}
        left = [f"{name}: {text}" for name, texts in open_points.items() for text in texts]
        if not left or not wait:
            return _result(wanted, groups, open_points)
        for name, texts in open_points.items():
            if texts:
                progress.say(f"database {name}", _counted(texts, deadline))
        if not deadline.pause(_PAUSE):
            raise TimedOut(
                f"the previous login cannot be closed after {timeout:g} s: {'; '.join(left)}",
                where="pg_stat_activity",
                remedy="see what keeps these pods (kubectl get pods -n hcp-NAME), end other programs that use the "
                "login, then run again: both logins go on working until then",
            )


def _counted(texts: t.Sequence[str], deadline: Deadline) -> str:
    """At least every 10 seconds another text, so that a long wait is seen to go on."""
    more = f" and {len(texts) - 1} more" if len(texts) > 1 else ""
    return f"{texts[0]}{more} ({int(deadline.elapsed // 10) * 10} s)"


def _result(
    wanted: t.Sequence[Wanted], groups: t.Sequence[Group], open_points: t.Mapping[str, list[str]]
) -> dict[str, t.Any]:
    return {
        "changed": False,
        "proven": not any(open_points.values()),
        "databases": [
            {
                "name": one.name,
                "open_points": open_points[one.name],
                "sessions": [
                    {key: value for key, value in dataclasses.asdict(group).items() if key != "database"}
                    for group in groups
                    if group.database == one.name
                ],
            }
            for one in wanted
        ],
    }
