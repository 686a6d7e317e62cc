# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Makes a backup when one is needed, waits for its end, and proves it readable."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._core.errors import HcpError
from .._core.plan import Change, Plan
from .._core.progress import Deadline, Timings
from .._kube.wait import Watched
from .archive import read_problems, verify_archive
from .cluster import Cluster, Manifest
from .s3 import Store
from .scope import CONTENT_KINDS, ObjectKey, Scope, content_hash, digests
from .server import require_location
from .server_objects import NEEDED_DEFINITIONS, SERVER_NAME, VELERO_API

#: Label of a Backup: what its scope held when it began (see scope.content_hash). It is set last, so a Backup that
#: failed, or could not be proved readable, never stands for the scope.
CONTENT_LABEL = "mothership.hcp/content"

_FINAL = ("Completed", "PartiallyFailed", "Failed", "FailedValidation", "Deleting")
_PROBLEMS_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Request:
    """What a user asks for.

    :param name: of the Backup; empty for ``site-<time>``.
    :param max_age: seconds during which an equal, Completed backup makes another one unnecessary; 0 for never.
    :param store: the bucket, to prove the backup readable; ``None`` to trust Velero's word.
    """

    namespace: str
    scope: Scope
    name: str = ""
    max_age: int = 86400
    store: Store | None = None


def backup_name(now: datetime.datetime) -> str:
    """``site-20261122t144500z``. Velero names those of the Schedule without letters in the time: no collisions."""
    return f"site-{now:%Y%m%dt%H%M%Sz}"


def run_backup(
    cluster: Cluster,
    request: Request,
    *,
    absent_api: bool,
    check_mode: bool,
    deadline: Deadline,
    timings: Timings,
    now: datetime.datetime,
) -> tuple[Plan, dict[str, t.Any]]:
    """Back up unless an equal backup is young enough.

    :param now: aware, in UTC.
    :returns: the plan, and facts about the backup that now stands for the scope.
    :raises HcpError: when the backup cannot be made, did not complete, or cannot be read.
    """
    name = request.name or backup_name(now)
    plan = Plan([Change("create", f"Backup/{request.namespace}/{name}", after=request.scope.backup_spec())])
    if check_mode and (absent_api or not _installed(cluster)):
        return plan, {"name": name, "phase": "", "reason": "nothing to compare with yet"}
    _require_installed(cluster)
    content = _content(cluster, request.scope, check_mode=check_mode)
    wanted = content_hash(request.scope, content)
    equal = _equal_backup(cluster, request, wanted, now)
    if equal is not None:
        return Plan(), {**backup_facts(equal), "reason": "an equal backup is young enough"}
    if check_mode:
        return plan, {"name": name, "phase": "", "reason": "no equal backup is young enough"}
    require_location(cluster, request.namespace, request.scope.location)
    with timings.measure("backup"):
        made = _make(cluster, request, name, deadline)
    facts = backup_facts(made)
    if request.store is not None:
        with timings.measure("verify"):
            facts["verified"] = verify_archive(request.store, name, content)
    cluster.label(made, {CONTENT_LABEL: wanted})
    return plan, {**facts, "reason": "made now"}


def _installed(cluster: Cluster) -> bool:
    definition = cluster.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", NEEDED_DEFINITIONS[0])
    return definition is not None


def _require_installed(cluster: Cluster) -> None:
    if not _installed(cluster):
        raise HcpError("Velero is not installed on this cluster", remedy="run the role mothership.hcp.velero first")


def _content(cluster: Cluster, scope: Scope, *, check_mode: bool) -> dict[ObjectKey, str]:
    found: dict[ObjectKey, str] = {}
    for namespace in scope.namespaces:
        if not check_mode and cluster.get("v1", "Namespace", namespace) is None:
            raise HcpError(
                "the namespace does not exist",
                where=f"namespaces: {namespace}",
                remedy="create the hosted cluster first, or take the namespace off the list",
            )
        for kind in CONTENT_KINDS:
            found.update(digests(cluster.list_objects("v1", kind, namespace)))
    return found


def _equal_backup(cluster: Cluster, request: Request, wanted: str, now: datetime.datetime) -> Manifest | None:
    selector = f"{CONTENT_LABEL}={wanted}"
    candidates = cluster.list_objects(VELERO_API, "Backup", request.namespace, selector)
    usable = [
        backup
        for backup in candidates
        if (not request.name or backup["metadata"]["name"] == request.name) and _is_good(backup, request, now)
    ]
    return max(usable, key=_completed_at, default=None)


def _is_good(backup: Manifest, request: Request, now: datetime.datetime) -> bool:
    status = backup.get("status") or {}
    if status.get("phase") != "Completed" or backup["metadata"].get("deletionTimestamp"):
        return False
    if request.name:
        return True
    completed = _time(_completed_at(backup))
    expires = _time(str(status.get("expiration", "")))
    if completed is None or (expires is not None and expires <= now):
        return False
    return (now - completed).total_seconds() < request.max_age


def _completed_at(backup: Manifest) -> str:
    return str((backup.get("status") or {}).get("completionTimestamp", ""))


def _time(text: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None


def _make(cluster: Cluster, request: Request, name: str, deadline: Deadline) -> Manifest:
    if cluster.get(VELERO_API, "Backup", name, request.namespace) is not None:
        raise HcpError(
            "a backup of this name exists, and it does not hold what the clusters hold now",
            where=f"Backup {request.namespace}/{name}",
            remedy="choose another name, or give none",
        )
    cluster.create(
        {
            "apiVersion": VELERO_API,
            "kind": "Backup",
            "metadata": {"name": name, "namespace": request.namespace},
            "spec": request.scope.backup_spec(),
        }
    )
    last = cluster.wait(
        Watched(VELERO_API, "Backup", namespace=request.namespace, name=name),
        backup_state,
        deadline=deadline,
        subject=f"Backup {name}",
        hint=_log_command(request.namespace, name),
    )
    if backup_facts(last[0])["phase"] != "Completed":
        raise _failure(last[0], request)
    return last[0]


def backup_state(found: list[Manifest]) -> str | None:
    """``None`` when the Backup came to an end, else how far it is."""
    if not found:
        return "not created yet"
    status = found[0].get("status") or {}
    phase = status.get("phase", "New")
    if phase in _FINAL:
        return None
    progress = status.get("progress") or {}
    if progress.get("totalItems"):
        return f"{phase}, {progress.get('itemsBackedUp', 0)} of {progress['totalItems']} items"
    return str(phase)


def backup_facts(backup: Manifest) -> dict[str, t.Any]:
    """What the result tells about a backup."""
    status = backup.get("status") or {}
    progress = status.get("progress") or {}
    return {
        "name": backup["metadata"]["name"],
        "phase": status.get("phase", ""),
        "item_count": int(progress.get("itemsBackedUp", 0)),
        "warnings_count": int(status.get("warnings", 0)),
        "errors_count": int(status.get("errors", 0)),
        "completed": str(status.get("completionTimestamp", "")),
        "expires": str(status.get("expiration", "")),
    }


def _failure(backup: Manifest, request: Request) -> HcpError:
    status = backup.get("status") or {}
    facts = backup_facts(backup)
    reasons = [*(status.get("validationErrors") or [])]
    if status.get("failureReason"):
        reasons.append(status["failureReason"])
    if request.store is not None:
        reasons += read_problems(request.store, facts["name"])
    told = "; ".join(reasons[:_PROBLEMS_SHOWN]) or "Velero gives no reason"
    more = len(reasons) - _PROBLEMS_SHOWN
    return HcpError(
        f"the backup ended as {facts['phase']} with {facts['errors_count']} errors and"
        f" {facts['warnings_count']} warnings: {told}" + (f" (and {more} more)" if more > 0 else ""),
        where=f"Backup {request.namespace}/{facts['name']}",
        remedy=f"mend the cause and back up again; more: {_log_command(request.namespace, facts['name'])}",
        details={"backup": facts, "problems": reasons},
    )


def _log_command(namespace: str, name: str) -> str:
    return f"kubectl --namespace {namespace} logs deployment/{SERVER_NAME} --since 1h | grep {namespace}/{name}"
