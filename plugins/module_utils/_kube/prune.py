# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Deleting: what a label marks as ours and is no longer desired, or what is named."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from .._core.plan import Change
from .._core.progress import Deadline
from .compare import shown
from .desired import Desired, Key, key_of, wave_of
from .discovery import Resource, UnknownKind, resource_for
from .errors import ApiError
from .objects import list_with_version, target
from .repeat import in_threads, retried

if t.TYPE_CHECKING:
    from .client import KubeClient

Object = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class PruneScope:
    """Which objects are deleted when they are not desired: all three must hold.

    :param label_selector: such as ``app.kubernetes.io/managed-by=mothership``; never empty.
    :param kinds: pairs of apiVersion and kind.
    :param namespaces: where kinds that live in a namespace are looked for.
    """

    label_selector: str
    kinds: tuple[tuple[str, str], ...]
    namespaces: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Unwanted:
    """A live object that shall be deleted."""

    resource: Resource
    live: Object

    @property
    def namespace(self) -> str | None:
        return t.cast("str | None", self.live["metadata"].get("namespace"))

    @property
    def name(self) -> str:
        return str(self.live["metadata"]["name"])

    def change(self) -> Change:
        return Change("delete", target(self.resource.kind, self.name, self.namespace), before=shown(self.live))


def superfluous(
    client: KubeClient, scope: PruneScope | None, wanted: t.AbstractSet[Key], *, threads: int
) -> list[Unwanted]:
    """What ``scope`` covers and is not wanted; objects that a controller owns are left to it."""
    if scope is None or not scope.label_selector:
        return []
    places: list[tuple[Resource, str | None]] = []
    for api_version, kind in scope.kinds:
        try:
            resource = resource_for(client, api_version, kind)
        except UnknownKind:
            continue
        namespaces: t.Sequence[str | None] = scope.namespaces if resource.namespaced else (None,)
        places.extend((resource, namespace) for namespace in namespaces)
    found = in_threads(
        lambda place: _labelled(client, place[0], place[1], scope.label_selector), places, threads=threads
    )
    return _in_order(
        one
        for one in itertools.chain.from_iterable(found)
        if key_of(one.resource, one.namespace, one.name) not in wanted
    )


def existing(wanted: t.Iterable[Desired], live: t.Mapping[Key, Object]) -> list[Unwanted]:
    """Those of ``wanted`` that exist."""
    return _in_order(Unwanted(one.resource, live[one.key]) for one in wanted if one.key in live)


def delete_all(client: KubeClient, unwanted: t.Sequence[Unwanted], *, threads: int, deadline: Deadline) -> None:
    """Delete, last wave first; what vanished meanwhile is no error."""
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}

    def delete_one(one: Unwanted) -> None:
        path = one.resource.path(one.namespace, one.name)
        # An object of the same name that was made meanwhile is another one.
        uid = one.live["metadata"].get("uid")
        options = {**body, "preconditions": {"uid": uid}} if uid else body
        try:
            retried(client, lambda: client.request("DELETE", path, body=options), deadline=deadline)
        except ApiError as error:
            if not error.is_not_found:
                raise error.about(target(one.resource.kind, one.name, one.namespace)) from error

    for _wave, members in itertools.groupby(unwanted, key=lambda one: wave_of(one.resource)):
        in_threads(delete_one, list(members), threads=threads)


def _labelled(client: KubeClient, resource: Resource, namespace: str | None, selector: str) -> list[Unwanted]:
    try:
        listed = list_with_version(client, resource, namespace, label_selector=selector)[0]
    except ApiError as error:
        if error.is_not_found:
            return []
        raise error.about(f"{resource.kind} in {namespace or 'the cluster'}") from error
    return [
        Unwanted(resource, obj)
        for obj in listed
        if not obj["metadata"].get("deletionTimestamp")
        and not any(owner.get("controller") for owner in obj["metadata"].get("ownerReferences") or [])
    ]


def _in_order(unwanted: t.Iterable[Unwanted]) -> list[Unwanted]:
    return sorted(unwanted, key=lambda one: (-wave_of(one.resource), one.resource.kind, one.namespace or "", one.name))
