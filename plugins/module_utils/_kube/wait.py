# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Waiting on a watch: LIST once, then hear of every change at once.

Servers may go away, forget old versions or end a watch whenever they like: all of that leads to a new LIST, until
the deadline.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import HcpError, TimedOut, Unreachable
from .._core.progress import Deadline, Progress
from .diagnosis import diagnose
from .discovery import Resource, UnknownKind, resource_for
from .errors import ApiError, error_from_answer
from .objects import list_with_version
from .readiness import (
    BY_KIND,
    Object,
    Verdict,
    condition_true,
    crd_established,
    daemonset_ready,
    deployment_ready,
    gone,
    job_complete,
    no_pod_terminating,
    node_ready,
    pod_ready,
    statefulset_ready,
)

if t.TYPE_CHECKING:
    from .client import KubeClient

__all__ = [
    "BY_KIND",
    "Verdict",
    "Watched",
    "condition_true",
    "crd_established",
    "daemonset_ready",
    "deployment_ready",
    "gone",
    "job_complete",
    "no_pod_terminating",
    "node_ready",
    "pod_ready",
    "statefulset_ready",
    "wait_until",
]

#: Seconds a single watch lasts. Progress is said after each, so it stays below the longest silence of 15 s.
_SLICE = 10
#: Seconds after a slice's end until a silent connection counts as broken.
_GRACE = 3
_PAUSE = 1.0


@dataclasses.dataclass(frozen=True)
class Watched:
    """Which objects are watched: one by name, those with a label, or all of a kind."""

    api_version: str
    kind: str
    namespace: str | None = None
    name: str | None = None
    label_selector: str | None = None


def wait_until(
    client: KubeClient,
    watched: Watched,
    verdict: Verdict,
    *,
    deadline: Deadline,
    progress: Progress,
    subject: str,
    hint: str,
    tolerate_outage: bool = True,
) -> list[Object]:
    """Watch until ``verdict`` says ``None``.

    :param subject: what the progress lines and the error are about.
    :param hint: what to run next when the time is over.
    :param tolerate_outage: keep on when the API server does not answer, until the deadline.
    :return: the watched objects at that moment.
    :raises TimedOut: with the last state, pods' troubles and the newest warning events.
    """
    wait = _Wait(client, watched, verdict, deadline, progress, subject)
    while True:
        try:
            if wait.once():
                return wait.objects
        except ApiError as error:
            if not (error.status == 410 or error.is_overloaded or error.is_starting):
                raise error.about(subject) from error
            wait.pending = f"the API server says: {error.message}"
        except UnknownKind as error:
            # Its CustomResourceDefinition, or the server itself, may be just starting.
            wait.pending = error.message
        except Unreachable:
            if not tolerate_outage:
                raise
            wait.pending = "the API server does not answer"
        wait.say()
        if deadline.passed:
            raise _timed_out(wait, hint)
        deadline.pause(_PAUSE)


class _Wait:
    """The state of one wait: the watched objects by name, and what is still missing."""

    def __init__(
        self,
        client: KubeClient,
        watched: Watched,
        verdict: Verdict,
        deadline: Deadline,
        progress: Progress,
        subject: str,
    ) -> None:
        self.client, self.watched, self.verdict = client, watched, verdict
        self.deadline, self.progress, self.subject = deadline, progress, subject
        self.pending: str | None = "not looked at yet"
        self._known: dict[tuple[str | None, str], Object] = {}

    @property
    def objects(self) -> list[Object]:
        return list(self._known.values())

    def once(self) -> bool:
        """LIST, then watch as long as the server lets us; true when the verdict is satisfied."""
        resource = resource_for(self.client, self.watched.api_version, self.watched.kind)
        listed, version = list_with_version(
            self.client,
            resource,
            self.watched.namespace,
            label_selector=self.watched.label_selector,
            field_selector=self._field_selector,
            timeout=max(1.0, min(_SLICE, self.deadline.remaining)),
        )
        self._known = {_key(obj): obj for obj in listed}
        if self._judge():
            return True
        while not self.deadline.passed:
            began = self.deadline.elapsed
            version_seen = self._watch(resource, version)
            if self.pending is None:
                return True
            self.say()
            if version_seen is None:
                return False
            if version_seen == version and self.deadline.elapsed - began < _PAUSE:
                # A server that ends watches at once must not be asked without a pause.
                self.deadline.pause(_PAUSE)
            version = version_seen
        return False

    def say(self) -> None:
        passed, whole = int(self.deadline.elapsed), int(self.deadline.seconds)
        self.progress.say(self.subject, f"still waiting: {self.pending} ({passed} s of {whole} s)")

    @property
    def _field_selector(self) -> str | None:
        return f"metadata.name={self.watched.name}" if self.watched.name else None

    def _judge(self) -> bool:
        before, self.pending = self.pending, self.verdict(self.objects)
        if self.pending is not None and self.pending != before:
            self.say()
        return self.pending is None

    def _watch(self, resource: Resource, version: str) -> str | None:
        """One watch. Returns the version to continue at, ``None`` when a new LIST is needed."""
        seconds = max(1, min(_SLICE, int(self.deadline.remaining)))
        query: dict[str, t.Any] = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": seconds,
        }
        if self.watched.label_selector:
            query["labelSelector"] = self.watched.label_selector
        if self._field_selector:
            query["fieldSelector"] = self._field_selector
        events = self.client.stream(resource.path(self.watched.namespace), query=query, timeout=seconds + _GRACE)
        for event in events:
            obj = event.get("object") or {}
            if event.get("type") == "ERROR":
                status = int(obj.get("code") or 500)
                if status == 410:
                    return None
                raise error_from_answer(status, obj, method="WATCH", path=resource.path(self.watched.namespace))
            version = str((obj.get("metadata") or {}).get("resourceVersion") or version)
            if event.get("type") == "BOOKMARK":
                continue
            if event.get("type") == "DELETED":
                self._known.pop(_key(obj), None)
            else:
                self._known[_key(obj)] = obj
            if self._judge() or self.deadline.passed:
                break
        return version


def _key(obj: t.Mapping[str, t.Any]) -> tuple[str | None, str]:
    metadata = obj.get("metadata") or {}
    return metadata.get("namespace"), str(metadata.get("name"))


def _timed_out(wait: _Wait, hint: str) -> TimedOut:
    lines = [f"not ready after {int(wait.deadline.seconds)} s: {wait.pending}"]
    details: dict[str, t.Any] = {"awaited": wait.pending}
    try:
        found = diagnose(wait.client, wait.objects, wait.watched.namespace)
    except HcpError as error:
        lines.append(f"the reasons could not be read: {error.message}")
    else:
        details.update(found)
        for title, texts in found.items():
            lines.extend([f"{title.replace('_', ' ')}:", *(f"  {text}" for text in texts)] if texts else [])
    return TimedOut("\n".join(lines), where=wait.subject, remedy=hint, details=details)
