# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Asks one replica of a hosted control plane directly."""

from __future__ import annotations

import http.client
import json
import ssl
import time

from .decision import FAILED, OK, REFUSED, UNREACHABLE, Answer, Pod
from .https import NoConnection, Refusal, Server

#: Every cluster serves these kinds, and next to nobody writes them. A LIST without resourceVersion is answered from the
#: watch cache of its kind once that is as new as the database, which is what a stuck replica never learns.
PATHS = (
    "/apis/node.k8s.io/v1/runtimeclasses",
    "/apis/networking.k8s.io/v1/ingressclasses",
    "/api/v1/podtemplates",
)
_COUNTER = b"apiserver_watch_cache_consistent_read_total{"
_FELL_BACK = b'fallback="true"'


def ask(
    pod: Pod, name: str, context: ssl.SSLContext, *, timeout: float, slow_seconds: float, with_metrics: bool
) -> Answer:
    """Timed LISTs, and the counter of reads that fell back to the database.

    :param name: of the certificate of the server.
    :param slow_seconds: after a LIST that took longer, the other kinds are not asked.
    """
    server = Server(pod.address, pod.port, name, context)
    slowest, revision, started = 0.0, None, time.monotonic()
    try:
        with server.connected(timeout) as connection:
            for path in PATHS:
                started = time.monotonic()
                answer = json.loads(server.send(connection, "GET", path).read())
                slowest = max(slowest, time.monotonic() - started)
                text = str((answer.get("metadata") or {}).get("resourceVersion", ""))
                revision = max(revision or 0, int(text)) if text.isdigit() else revision
                if slowest > slow_seconds:
                    break
    except NoConnection as error:
        return Answer(UNREACHABLE, text=str(error))
    except Refusal as refusal:
        outcome = REFUSED if refusal.status in (401, 403) else FAILED
        return Answer(outcome, time.monotonic() - started, text=str(refusal.status))
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Answer(FAILED, time.monotonic() - started, text=str(error) or type(error).__name__)
    fallbacks = _fallbacks(server, timeout) if with_metrics else None
    return Answer(OK, slowest, revision, fallbacks)


def _fallbacks(server: Server, timeout: float) -> float | None:
    """The sum over all kinds; ``None`` when the server does not tell."""
    total = 0.0
    try:
        with server.connected(timeout) as connection:
            # Line by line: the whole page has several megabytes.
            for line in server.send(connection, "GET", "/metrics"):
                if line.startswith(_COUNTER) and _FELL_BACK in line:
                    total += float(line.rsplit(b" ", 1)[1])
    except (OSError, Refusal, ValueError, http.client.HTTPException):
        return None
    return total
