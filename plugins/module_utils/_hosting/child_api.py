# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The API of a hosted cluster itself: reach it, and put the child objects into it."""

from __future__ import annotations

import typing as t

from .._core.errors import HcpError, TimedOut, Unreachable
from .._core.progress import Deadline, Progress
from .._kube.client import KubeClient
from .._kube.errors import ApiError
from .._kube.wait import Watched, wait_until

Object = dict[str, t.Any]

#: The API server makes these by itself a moment after it is ready.
_OWN_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_PAUSE = 0.2
_PROBE_SECONDS = 5.0


def wait_for_api(client: KubeClient, *, subject: str, hint: str, deadline: Deadline, progress: Progress) -> None:
    """Wait until ``/readyz`` of a control plane that may not run yet says ok, and its own namespaces exist.

    There is nothing to watch before an API answers, so it is asked until it does.
    """
    while True:
        pending = _pending(client)
        if pending is None:
            break
        tens = int(deadline.elapsed) // 10 * 10
        progress.say(subject, f"the API {pending} ({tens} s)")
        if deadline.passed:
            raise TimedOut(
                f"the API was not ready after {int(deadline.seconds)} s: {pending}", where=subject, remedy=hint
            )
        deadline.pause(_PAUSE)
    wait_until(
        client,
        Watched("v1", "Namespace"),
        _own_namespaces_exist,
        deadline=deadline,
        progress=progress,
        subject=subject,
        hint=hint,
    )


def wait_for_object(
    client: KubeClient,
    wanted: tuple[str, str, str, str],
    *,
    subject: str,
    hint: str,
    deadline: Deadline,
    progress: Progress,
) -> None:
    """Wait until the control plane itself has made an object, whose kind may not be served yet either.

    :param wanted: apiVersion, kind, namespace, name.
    """
    api_version, kind, namespace, name = wanted

    def exists(found: list[Object]) -> str | None:
        return None if found else f"{kind} {name} does not exist yet"

    wait_until(
        client,
        Watched(api_version, kind, namespace, name),
        exists,
        deadline=deadline,
        progress=progress,
        subject=subject,
        hint=hint,
    )


def answering_client(text: str | None, connect: t.Callable[[str], KubeClient]) -> KubeClient | None:
    """A client for the kubeconfig ``text`` if its server is ready now, else ``None``."""
    if not text:
        return None
    client = connect(text)
    return client if _pending(client) is None else None


def _pending(client: KubeClient) -> str | None:
    """What is missing until the API is ready."""
    try:
        answer = client.request("GET", "/readyz", timeout=_PROBE_SECONDS)
    except Unreachable:
        return "does not answer yet"
    except ApiError as error:
        return f"answers {error.status}"
    except HcpError as error:
        return error.message
    return None if answer.get("text", "ok").strip() == "ok" else "is not ready"


def _own_namespaces_exist(namespaces: list[Object]) -> str | None:
    missing = sorted(set(_OWN_NAMESPACES) - {item["metadata"]["name"] for item in namespaces})
    return f"namespace {missing[0]} does not exist yet" if missing else None
