# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Waits for whole sets of objects: until they are ready, until their roll-out is over, until they are gone."""

from __future__ import annotations

import typing as t

from .._core.progress import Deadline, Progress
from .desired import Desired, resolve
from .discovery import Resource
from .objects import describe_command, target
from .readiness import BY_KIND, Object, Verdict, gone, no_pod_terminating
from .repeat import in_threads
from .wait import Watched, wait_until

if t.TYPE_CHECKING:
    from .client import KubeClient


def wait_rolled_out(
    client: KubeClient,
    api_version: str,
    kind: str,
    name: str,
    namespace: str,
    *,
    deadline: Deadline,
    progress: Progress,
    hint: str | None = None,
) -> Object:
    """Wait until a Deployment, DaemonSet or StatefulSet is ready and no pod of an earlier generation is left.

    :return: the workload.
    """
    subject, command = target(kind, name, namespace), hint or describe_command(kind, name, namespace)
    workload = wait_until(
        client,
        Watched(api_version, kind, namespace, name),
        BY_KIND[(api_version, kind)](),
        deadline=deadline,
        progress=progress,
        subject=subject,
        hint=command,
    )[0]
    labels = workload["spec"]["selector"].get("matchLabels") or {}
    if labels:
        wait_until(
            client,
            Watched("v1", "Pod", namespace, label_selector=",".join(f"{key}={value}" for key, value in labels.items())),
            no_pod_terminating(),
            deadline=deadline,
            progress=progress,
            subject=subject,
            hint=command,
        )
    return workload


def wait_ready(
    client: KubeClient,
    objects: t.Sequence[t.Mapping[str, t.Any]],
    *,
    deadline: Deadline,
    progress: Progress,
    threads: int = 8,
) -> None:
    """Wait until all of the objects whose kind has a verdict are ready; others are ready when they exist.

    :raises TimedOut: of one group of objects; of several: :class:`ManyProblems`.
    """
    judged = [one for one in resolve(client, objects) if (one.resource.api_version, one.resource.kind) in BY_KIND]
    _wait_for_groups(client, judged, _ready_verdict, deadline, progress, threads)


def wait_gone(
    client: KubeClient,
    objects: t.Sequence[t.Mapping[str, t.Any]],
    *,
    deadline: Deadline,
    progress: Progress,
    threads: int = 8,
) -> None:
    """Wait until none of the objects exists."""
    _wait_for_groups(client, resolve(client, objects), _gone_verdict, deadline, progress, threads)


_Group = tuple[Resource, t.Optional[str], list[str]]


def _wait_for_groups(
    client: KubeClient,
    wanted: t.Sequence[Desired],
    make_verdict: t.Callable[[Resource, list[str]], Verdict],
    deadline: Deadline,
    progress: Progress,
    threads: int,
) -> None:
    """One watch per kind and namespace, however many objects there are."""
    groups: dict[tuple[Resource, str | None], list[str]] = {}
    for one in wanted:
        groups.setdefault((one.resource, one.namespace), []).append(one.name)

    def wait(group: _Group) -> None:
        resource, namespace, names = group
        only = names[0] if len(names) == 1 else None
        wait_until(
            client,
            Watched(resource.api_version, resource.kind, namespace, only),
            make_verdict(resource, names),
            deadline=deadline,
            progress=progress,
            subject=target(resource.kind, only or f"{len(names)} objects", namespace),
            hint=describe_command(resource.kind, only or "", namespace),
        )

    items = [(resource, namespace, names) for (resource, namespace), names in groups.items()]
    in_threads(wait, items, threads=max(threads, len(items)))


def _ready_verdict(resource: Resource, names: list[str]) -> Verdict:
    judge = BY_KIND[(resource.api_version, resource.kind)]()

    def verdict(objects: list[Object]) -> str | None:
        asked = [obj for obj in objects if obj["metadata"]["name"] in names]
        if len(asked) < len(names):
            return f"{len(asked)} of {len(names)} created"
        return judge(asked)

    return verdict


def _gone_verdict(resource: Resource, names: list[str]) -> Verdict:
    del resource
    judge = gone()
    return lambda objects: judge([obj for obj in objects if obj["metadata"]["name"] in names])
