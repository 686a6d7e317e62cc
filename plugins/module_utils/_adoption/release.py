# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Take a cluster away from k0smotron while everything that runs it stays.

Its object is deleted with orphan propagation. That alone leaves a gap: an operator at work at that very moment may make
itself the owner of an object again, which would then go with its owner. So the object is held by a finalizer of ours
until the operator is done with it, and the last look at owners is our own.
"""

from __future__ import annotations

import typing as t

from .._core.errors import TimedOut
from .._core.progress import Deadline, Progress
from .._kube.client import KubeClient
from .._kube.discovery import UnknownKind, resource_for
from .._kube.errors import ApiError
from .._kube.objects import get, list_objects
from .names import FINALIZER, KIND
from .old_cluster import OldCluster

Object = dict[str, t.Any]

OWN_FINALIZER = "mothership.hcp/k0smotron-adoption"
#: The server's own: there until its garbage collector has made the owned objects free.
_ORPHAN = "orphan"
#: Seconds that the operator gets to take its finalizer away. It needs one, if it runs.
_OPERATOR_SECONDS = 20.0
_PAUSE = 0.5
_MERGE = "application/merge-patch+json"
#: What the operator makes, and what belongs to a cluster through it.
_OWNED = (
    ("apps/v1", "StatefulSet"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "PersistentVolumeClaim"),
)


def release(client: KubeClient, old: OldCluster, *, deadline: Deadline, progress: Progress) -> None:
    """Delete the object and leave what it owns.

    From then on its operator has nothing that tells it to make, or change, any of those objects.

    :raises TimedOut: it is still there when the time is over.
    """
    patience: Deadline | None = None
    while (found := _find(client, old)) is not None:
        finalizers = list(found["metadata"].get("finalizers") or [])
        others = sorted(set(finalizers) - {OWN_FINALIZER})
        _check_time(old, others, deadline)
        if not found["metadata"].get("deletionTimestamp"):
            _hold_and_delete(client, old, found, finalizers)
            continue
        patience = patience or Deadline(_OPERATOR_SECONDS)
        if not others:
            if _owns_nothing(client, old):
                _set_finalizers(client, old, found, [])
        elif others == [FINALIZER] and patience.passed:
            # The operator does not run. Of what it would do now, nothing concerns a cluster that goes on running.
            _set_finalizers(client, old, found, [name for name in finalizers if name != FINALIZER])
        else:
            progress.say(old.target, f"still waiting for {', '.join(others)} ({int(deadline.elapsed) // 10 * 10} s)")
            deadline.pause(_PAUSE)


def _check_time(old: OldCluster, others: t.Sequence[str], deadline: Deadline) -> None:
    if not deadline.passed:
        return
    missing = ", ".join(others) or "the server"
    raise TimedOut(
        f"was not deleted after {int(deadline.seconds)} s: it waits for {missing}",
        where=old.target,
        remedy="see that the operator and the controller manager run, or take these finalizers away, and run again",
    )


def _find(client: KubeClient, old: OldCluster) -> Object | None:
    """The object, not one of the same name that was made later."""
    found = get(client, old.api_version, KIND, old.name, old.namespace)
    return found if found is not None and found["metadata"].get("uid") == old.raw["metadata"].get("uid") else None


def _hold_and_delete(client: KubeClient, old: OldCluster, found: Object, finalizers: list[str]) -> None:
    if OWN_FINALIZER not in finalizers:
        _set_finalizers(client, old, found, [*finalizers, OWN_FINALIZER])
        return
    body = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Orphan",
        "preconditions": {"uid": found["metadata"]["uid"]},
    }
    _send(client, "DELETE", _path(client, old), body=body)


def _owns_nothing(client: KubeClient, old: OldCluster) -> bool:
    """Take the owner off every object that it still owns; true when there was none."""
    owned = 0
    uid = old.raw["metadata"].get("uid")
    for api_version, kind in (*_OWNED, (old.api_version, "JoinTokenRequest")):
        try:
            objects = list_objects(client, api_version, kind, old.namespace)
        except UnknownKind:
            continue
        for obj in objects:
            owners = obj["metadata"].get("ownerReferences") or []
            rest = [owner for owner in owners if owner.get("uid") != uid]
            if len(rest) < len(owners):
                path = resource_for(client, api_version, kind).path(old.namespace, obj["metadata"]["name"])
                owned += 1
                _merge(client, path, obj, {"ownerReferences": rest})
    return owned == 0


def _set_finalizers(client: KubeClient, old: OldCluster, found: Object, finalizers: list[str]) -> None:
    _merge(client, _path(client, old), found, {"finalizers": finalizers})


def _merge(client: KubeClient, path: str, seen: Object, metadata: t.Mapping[str, t.Any]) -> None:
    """Change metadata of the object as it was seen, and only as it was seen."""
    body = {"metadata": {"resourceVersion": seen["metadata"]["resourceVersion"], **metadata}}
    _send(client, "PATCH", path, body=body, content_type=_MERGE)


def _send(client: KubeClient, method: str, path: str, **more: t.Any) -> None:
    """Somebody else may have been faster: the next look tells."""
    try:
        client.request(method, path, **more)
    except ApiError as error:
        if not (error.is_conflict or error.is_not_found):
            raise


def _path(client: KubeClient, old: OldCluster) -> str:
    return resource_for(client, old.api_version, KIND).path(old.namespace, old.name)
