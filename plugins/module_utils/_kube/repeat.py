# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Repeat what fails for a moment, until a deadline; many at once in threads."""

from __future__ import annotations

import concurrent.futures
import time
import typing as t

from .._core.errors import HcpError, ManyProblems, Unreachable
from .._core.progress import Deadline
from .errors import ApiError

if t.TYPE_CHECKING:
    from .client import KubeClient

Item = t.TypeVar("Item")
Result = t.TypeVar("Result")

#: Seconds in which a server's answers may be those of a server that has just become ready.
_STARTING_SECONDS = 15.0
#: Seconds in which an outage may pass.
_OUTAGE_SECONDS = 30.0
#: Seconds in which an internal failure of another kind may pass.
_FAILURE_SECONDS = 3.0
#: Beginnings of internal failures that are refusals of the object in truth: a value of the wrong type.
_REFUSALS = ("failed to create typed patch object", "failed to convert new object")
#: Texts of internal failures that pass: of the database, and of webhooks whose pods are starting.
_PASSING_FAILURES = (
    "etcdserver",
    "rpc error",
    "timed out",
    "deadline exceeded",
    "connection refused",
    "failed calling webhook",
)
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 2.0


def retried(client: KubeClient, send: t.Callable[[], Result], *, deadline: Deadline) -> Result:
    """Call ``send`` until it succeeds or its failure is not one that passes.

    :param send: must be idempotent.
    """
    started, pause = time.monotonic(), _FIRST_PAUSE
    while True:
        try:
            return send()
        except (ApiError, Unreachable) as error:
            patience = _patience(client, error)
            if time.monotonic() - started + pause > min(patience, deadline.seconds) or deadline.passed:
                raise
        deadline.pause(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _patience(client: KubeClient, error: HcpError) -> float:
    """Seconds for which an error is worth a repetition; zero when it is final."""
    if isinstance(error, Unreachable):
        return _OUTAGE_SECONDS
    if not isinstance(error, ApiError):
        return 0.0
    if error.status == 500 and error.message.startswith(_REFUSALS):
        return 0.0
    if error.status == 500 and not any(text in error.message for text in _PASSING_FAILURES):
        return _FAILURE_SECONDS
    if error.is_conflict or error.is_overloaded:
        return _OUTAGE_SECONDS
    if error.is_starting or (error.status == 403 and not _has_default_roles(client)):
        return _STARTING_SECONDS
    return 0.0


def _has_default_roles(client: KubeClient) -> bool:
    """A new API server refuses nearly everybody until it has written its default roles."""
    try:
        answer = client.request("GET", "/readyz/poststarthook/rbac/bootstrap-roles", timeout=5)
    except Unreachable:
        return False
    except ApiError as error:
        return error.status in (401, 403, 404)
    return bool(answer.get("text", "").strip() == "ok")


def in_threads(work: t.Callable[[Item], Result], items: t.Sequence[Item], *, threads: int) -> list[Result]:
    """``work`` on every item; results in the items' order.

    :raises HcpError: the one failure, or :class:`ManyProblems` when there are several; all items were tried.
    """
    if len(items) <= 1:
        return [work(item) for item in items]
    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, min(threads, len(items)))) as pool:
        futures = [pool.submit(work, item) for item in items]
    problems = [error for future in futures if isinstance(error := future.exception(), HcpError)]
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise ManyProblems(problems, headline=f"{len(problems)} requests failed:")
    return [future.result() for future in futures]
