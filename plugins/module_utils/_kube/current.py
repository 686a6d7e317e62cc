# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Read the current state of many objects with few requests."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.progress import Deadline, Progress
from .desired import Desired, Key, key_of
from .discovery import Resource
from .errors import ApiError
from .objects import describe_command, list_with_version
from .readiness import gone
from .repeat import in_threads, retried
from .wait import Watched, wait_until

if t.TYPE_CHECKING:
    from .client import KubeClient

Object = dict[str, t.Any]
_Group = tuple[Resource, t.Optional[str], list[Desired]]


@dataclasses.dataclass(frozen=True)
class Current:
    """Live objects: those that stay, and those that are being deleted, which count as absent."""

    staying: dict[Key, Object]
    leaving: dict[Key, Object]


def read_current(client: KubeClient, wanted: t.Sequence[Desired], *, threads: int, deadline: Deadline) -> Current:
    """The live objects among ``wanted``: one LIST per kind and namespace, a GET where only one object is asked for.

    Everything in a namespace that is being deleted counts as being deleted.
    """
    found: dict[Key, Object] = {}
    read = in_threads(
        lambda group: retried(client, lambda: _read(client, group), deadline=deadline), _groups(wanted), threads=threads
    )
    for part in read:
        found.update(part)
    ending = {key.name for key, obj in found.items() if key.kind == "Namespace" and _is_leaving(obj)}
    leaving = {key: obj for key, obj in found.items() if _is_leaving(obj) or key.namespace in ending}
    return Current({key: obj for key, obj in found.items() if key not in leaving}, leaving)


def read_settled(
    client: KubeClient, wanted: t.Sequence[Desired], *, threads: int, deadline: Deadline, progress: Progress
) -> dict[Key, Object]:
    """The live objects, after those that are being deleted are gone: what is applied before would vanish."""
    current = read_current(client, wanted, threads=threads, deadline=deadline)
    if not current.leaving:
        return current.staying
    for desired in wanted:
        if desired.key in current.leaving:
            wait_until(
                client,
                Watched(desired.resource.api_version, desired.resource.kind, desired.namespace, desired.name),
                gone(),
                deadline=deadline,
                progress=progress,
                subject=f"{desired.target} is being deleted",
                hint=describe_command(desired.resource.kind, desired.name, desired.namespace),
            )
    return read_current(client, wanted, threads=threads, deadline=deadline).staying


def _groups(wanted: t.Sequence[Desired]) -> list[_Group]:
    groups: dict[tuple[Resource, str | None], list[Desired]] = {}
    for desired in wanted:
        groups.setdefault((desired.resource, desired.namespace), []).append(desired)
    return [(resource, namespace, members) for (resource, namespace), members in groups.items()]


def _read(client: KubeClient, group: _Group) -> dict[Key, Object]:
    resource, namespace, members = group
    try:
        if len(members) == 1:
            listed = [client.request("GET", members[0].path)]
        else:
            listed = list_with_version(client, resource, namespace)[0]
    except ApiError as error:
        if not error.is_not_found or (error.is_starting and not members[0].from_definition):
            raise
        return {}
    asked = {desired.key for desired in members}
    by_key = {key_of(resource, obj["metadata"].get("namespace"), obj["metadata"]["name"]): obj for obj in listed}
    return {key: obj for key, obj in by_key.items() if key in asked}


def _is_leaving(obj: Object) -> bool:
    return bool((obj.get("metadata") or {}).get("deletionTimestamp"))
