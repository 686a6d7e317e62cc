# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""What the module ``kine_transfer`` does: one side of a database's move to another server.

The order of a move is: ``dumped`` on the old server, ``loaded`` on the new one, the switch (elsewhere), ``closed`` on
the old server to see that nothing was written meanwhile, ``opened`` on the new one. The new database is closed until
then, so there are never two that take writes.
"""

from __future__ import annotations

import dataclasses
import shutil
import time
import typing as t

from .._core.errors import HcpError, InvalidInput
from .._core.plan import Change, Plan
from .._core.progress import Progress
from . import fence, transfer_rows
from .psql import Connection, Psql, ServerDown
from .sql import identifier, literal
from .transfer_files import Files
from .transfer_rows import Digest

STATES = ("dumped", "loaded", "closed", "opened")


@dataclasses.dataclass(frozen=True)
class Request:
    """The module's options.

    :param path: of the file with the rows.
    :param expected: what the other side has; ``None`` where nothing is compared.
    :param settings: storage settings of the table on the other side.
    """

    database: str
    state: str
    path: str = ""
    expected: Digest | None = None
    settings: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class Tools:
    """The programs of this machine; tests replace them."""

    psql: Psql
    files: Files
    progress: Progress


def request_from(params: t.Mapping[str, t.Any], *, check_mode: bool) -> Request:
    """The options of the module as a request.

    :raises InvalidInput: something is missing or cannot be read.
    """
    state, path = params["state"], params["path"] or ""
    if state in ("dumped", "loaded") and not path.startswith("/"):
        raise InvalidInput(f"is needed for state={state}", where="path", remedy="give the full path of the file")
    expected = None
    if params["expected"]:
        try:
            expected = Digest.from_data(params["expected"])
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput("is no digest", where="expected", remedy="pass what state=dumped returned") from error
    elif state == "loaded" and not check_mode:
        raise InvalidInput("is needed for state=loaded", where="expected", remedy="pass what state=dumped returned")
    return Request(params["database"], state, path, expected, params["settings"] or {}, params["reason"])


def tools_from(params: t.Mapping[str, t.Any], progress: Progress) -> Tools:
    """psql, pg_dump and pg_restore as the module's options say."""
    connection = Connection.as_os_user(params["os_user"], params["socket_directory"], params["port"])
    return Tools(Psql(connection), Files(connection, timeout=params["timeout"]), progress)


def transfer(
    request: Request,
    tools: Tools,
    *,
    check_mode: bool,
    warn: t.Callable[[str], None],
    installed: bool | None = None,
) -> dict[str, t.Any]:
    """Do one side's part and return the module's result.

    :param installed: whether PostgreSQL's client is here; looked up by default.
    """
    here = installed if installed is not None else shutil.which("psql") is not None
    state = _read(request, tools, here=here, check_mode=check_mode, warn=warn)
    if check_mode:
        return _planned(request, state).result(**_figures(None, 0.0))
    started = time.monotonic()
    work = {"dumped": _dump, "loaded": _load, "closed": _close, "opened": _open}[request.state]
    plan, figures = work(request, tools, state, warn)
    return plan.result(**{**_figures(None, time.monotonic() - started), **figures})


def _read(
    request: Request, tools: Tools, *, here: bool, check_mode: bool, warn: t.Callable[[str], None]
) -> fence.Fence:
    if check_mode and not here:
        return fence.Fence(exists=False)
    try:
        return fence.read(tools.psql, request.database)
    except ServerDown as down:
        if not check_mode:
            raise
        warn(f"{down}. The plan takes it that nothing is there.")
        return fence.Fence(exists=False)


def _figures(digest: Digest | None, seconds: float) -> dict[str, t.Any]:
    return {
        "digest": digest.as_data() if digest else None,
        "settings": {},
        "bytes": 0,
        "seconds": round(seconds, 3),
    }


def _planned(request: Request, state: fence.Fence) -> Plan:
    """What would be done, as far as it can be told without doing it."""
    plan = Plan()
    if request.state == "opened":
        if state.reason:
            plan.add(_change(request, "closed", "open"))
        return plan
    if not state.closed and (state.exists or request.state != "closed"):
        plan.add(_change(request, "open", "closed"))
    if request.state == "dumped":
        plan.add(Change("run", f"database/{request.database} to {request.path}"))
    if request.state == "loaded":
        plan.add(Change("run", f"database/{request.database} from {request.path}"))
    return plan


def _change(request: Request, before: str, after: str) -> Change:
    return Change("update", f"database/{request.database} logins", before=before, after=after)


def _closing(request: Request, tools: Tools, state: fence.Fence) -> Plan:
    """Closed in any case; a change when it was not."""
    tools.progress.say(f"database {request.database}", "closing it and ending its sessions")
    fence.close(tools.psql, request.database, request.reason)
    return Plan() if state.closed else Plan([_change(request, "open", "closed")])


Work = tuple[Plan, dict[str, t.Any]]


def _dump(request: Request, tools: Tools, state: fence.Fence, warn: t.Callable[[str], None]) -> Work:
    table = transfer_rows.describe(tools.psql, request.database)
    if table.others:
        warn(f"{request.database} also has {', '.join(table.others)}, which kine does not use: they stay behind.")
    plan = _closing(request, tools, state)
    subject = f"database {request.database}"
    tools.progress.say(subject, "hashing all rows")
    digest = transfer_rows.digest(tools.psql, request.database)
    tools.progress.say(subject, f"writing {digest.rows} rows to a file")
    size = tools.files.dump(request.database, request.path)
    plan.add(Change("run", f"database/{request.database} to {request.path}"))
    return plan, {"digest": digest.as_data(), "settings": dict(table.settings), "bytes": size}


def _load(request: Request, tools: Tools, state: fence.Fence, warn: t.Callable[[str], None]) -> Work:
    expected, subject = t.cast(Digest, request.expected), f"database {request.database}"
    plan = _closing(request, tools, state)
    present = _digest_if_alike(request, tools, expected)
    if present is not None and not transfer_rows.differences(expected, present):
        tools.progress.say(subject, "holds the same rows already")
        return plan, {"digest": present.as_data(), "settings": dict(request.settings)}
    tools.progress.say(subject, f"loading {expected.rows} rows")
    tools.psql.execute("TRUNCATE TABLE public.kine;\n", database=request.database)
    tools.files.restore(request.database, request.path)
    tools.psql.execute(
        f"{_settings_sql(request)}SET statement_timeout = 0;\nANALYZE public.kine;\n",
        database=request.database,
        timeout=1800,
    )
    plan.add(Change("run", f"database/{request.database} from {request.path}"))
    tools.progress.say(subject, "hashing all rows")
    found = transfer_rows.digest(tools.psql, request.database, range_size=expected.range_size)
    different = transfer_rows.differences(expected, found)
    if different:
        raise HcpError(
            f"what was loaded is not what was dumped: {'; '.join(different)}",
            where=subject,
            remedy="nothing was switched: the old database is the one in use. Run the move again",
            details={"expected": expected.as_data(), "found": found.as_data()},
        )
    return plan, {"digest": found.as_data(), "settings": dict(request.settings)}


def _digest_if_alike(request: Request, tools: Tools, expected: Digest) -> Digest | None:
    """The hashes, if the cheap figures agree: a killed run may have loaded everything already."""
    transfer_rows.describe(tools.psql, request.database)
    if transfer_rows.sums(tools.psql, request.database) != (expected.rows, expected.max_id) or not expected.rows:
        return None
    return transfer_rows.digest(tools.psql, request.database, range_size=expected.range_size)


def _settings_sql(request: Request) -> str:
    if not request.settings:
        return ""
    settings = ", ".join(f"{identifier(key)} = {literal(value)}" for key, value in sorted(request.settings.items()))
    return f"ALTER TABLE public.kine SET ({settings});\n"


def _close(request: Request, tools: Tools, state: fence.Fence, warn: t.Callable[[str], None]) -> Work:
    del warn
    if not state.exists:
        return Plan(), {}
    plan = _closing(request, tools, state)
    if request.expected is not None:
        rows, greatest = transfer_rows.sums(tools.psql, request.database)
        if (rows, greatest) != (request.expected.rows, request.expected.max_id):
            raise HcpError(
                f"was written to after it had been copied: {rows} rows up to id {greatest}, "
                f"copied were {request.expected.rows} up to {request.expected.max_id}",
                where=f"database {request.database}",
                remedy="run the move again, and no other playbook for this cluster meanwhile",
            )
    return plan, {}


def _open(request: Request, tools: Tools, state: fence.Fence, warn: t.Callable[[str], None]) -> Work:
    del warn, state
    tools.progress.say(f"database {request.database}", "opening it")
    opened = fence.open_again(tools.psql, request.database)
    return Plan([_change(request, "closed", "open")] if opened else []), {}
