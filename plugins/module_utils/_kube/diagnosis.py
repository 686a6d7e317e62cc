# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Why something is not ready: conditions, troubles of pods, newest warning events."""

from __future__ import annotations

import typing as t

from .._core.errors import HcpError
from .discovery import BUILT_IN
from .objects import list_with_version, target_of

if t.TYPE_CHECKING:
    from .client import KubeClient

Object = dict[str, t.Any]

_EVENTS = 5
_OBJECTS = 5
_PODS = 10
_SECONDS = 5.0
_LONGEST_TEXT = 300


def diagnose(client: KubeClient, objects: t.Sequence[Object], namespace: str | None) -> dict[str, list[str]]:
    """Texts under ``last_conditions``, ``pods`` and ``newest_warning_events``; what cannot be read is left out."""
    pods: list[Object] = []
    for obj in objects[:_OBJECTS]:
        pods.extend([obj] if obj.get("kind") == "Pod" else _pods_of(client, obj))
    return {
        "last_conditions": [text for obj in objects[:_OBJECTS] for text in conditions(obj)],
        "pods": [text for pod in pods[:_PODS] for text in pod_troubles(pod)],
        "newest_warning_events": _warnings(client, namespace or _namespace_of(objects), objects),
    }


def conditions(obj: Object) -> list[str]:
    """One line for each condition of an object."""
    lines = []
    for condition in (obj.get("status") or {}).get("conditions") or []:
        why = " ".join(str(condition[key]) for key in ("reason", "message") if condition.get(key))
        lines.append(_short(f"{target_of(obj)} {condition.get('type')}={condition.get('status')} {why}".rstrip()))
    return lines


def pod_troubles(pod: Object) -> list[str]:
    """One line for each container that waits, failed or was restarted; for a pod that is not scheduled, why."""
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    lines = []
    if pod["metadata"].get("deletionTimestamp"):
        lines.append(f"{name}: terminating since {pod['metadata']['deletionTimestamp']}")
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") != "True":
            lines.append(f"{name}: not scheduled: {condition.get('message') or condition.get('reason')}")
    containers = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    lines.extend(f"{name}/{container['name']}: {text}" for container in containers if (text := _trouble(container)))
    return [_short(line) for line in lines]


def _trouble(container: Object) -> str:
    state, last = container.get("state") or {}, (container.get("lastState") or {}).get("terminated") or {}
    texts = []
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
    if waiting:
        texts.append(": ".join(filter(None, [waiting.get("reason") or "waiting", waiting.get("message")])))
    elif ended.get("exitCode"):
        texts.append(f"ended with code {ended['exitCode']} ({ended.get('reason')})")
    elif state.get("running") and not container.get("ready"):
        texts.append("runs, its readiness or startup probe does not succeed yet")
    if container.get("restartCount"):
        ending = f", last one with code {last.get('exitCode')} ({last.get('reason')})" if last else ""
        texts.append(f"restarted {container['restartCount']} times{ending}")
    return "; ".join(texts)


def _pods_of(client: KubeClient, obj: Object) -> list[Object]:
    labels = (((obj.get("spec") or {}).get("selector") or {}).get("matchLabels")) or {}
    if obj.get("kind") not in ("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "Job") or not labels:
        return []
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    try:
        return list_with_version(
            client,
            BUILT_IN[("v1", "Pod")],
            obj["metadata"].get("namespace"),
            label_selector=selector,
            timeout=_SECONDS,
        )[0]
    except HcpError:
        return []


def _warnings(client: KubeClient, namespace: str | None, objects: t.Sequence[Object]) -> list[str]:
    # What is not in a namespace, a node for example, has its events in "default".
    try:
        events = list_with_version(
            client, BUILT_IN[("v1", "Event")], namespace or "default", field_selector="type!=Normal", timeout=_SECONDS
        )[0]
    except HcpError:
        return []
    if namespace is None:
        names = {obj["metadata"]["name"] for obj in objects}
        events = [event for event in events if (event.get("involvedObject") or {}).get("name") in names]
    events.sort(key=_time_of, reverse=True)
    return [_event_text(event) for event in events[:_EVENTS]]


def _time_of(event: Object) -> str:
    series = event.get("series") or {}
    return str(
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"].get("creationTimestamp")
        or ""
    )


def _event_text(event: Object) -> str:
    about = event.get("involvedObject") or {}
    return _short(
        f"{_time_of(event)} {about.get('kind')}/{about.get('name')} {event.get('reason')}: {event.get('message')}"
    )


def _namespace_of(objects: t.Sequence[Object]) -> str | None:
    return next((obj["metadata"].get("namespace") for obj in objects), None)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST_TEXT else flat[: _LONGEST_TEXT - 1] + "…"
