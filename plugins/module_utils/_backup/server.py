# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Brings the Velero server to its desired state and waits until its storage location is usable."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._core.errors import HcpError
from .._core.plan import Change, Plan
from .._core.progress import Deadline
from .._kube.wait import Watched
from .cluster import Cluster, Manifest
from .scope import Scope
from .server_objects import (
    NEEDED_DEFINITIONS,
    NEEDED_KINDS,
    SCHEDULE_NAME,
    SERVER_NAME,
    VELERO_API,
    ServerSettings,
    core_objects,
    location_object,
    schedule_object,
)

#: Checks of the storage location that fail before waiting is given up; Velero checks once a minute.
_CHECKS_ALLOWED_TO_FAIL = 2
_NOISE = re.compile(
    r'^BackupStorageLocation "[^"]*" is unavailable: |rpc error: code = \w+ desc = |RequestID: \S*, |HostID: \S*, '
)
_DEFINITION = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")


@dataclasses.dataclass(frozen=True)
class Desired:
    """The server, and its schedule unless there is nothing to back up.

    :param scope: ``None`` for no schedule: an existing one is removed.
    :param schedule: cron expression.
    """

    server: ServerSettings
    scope: Scope | None = None
    schedule: str = ""

    def velero_objects(self) -> list[Manifest]:
        """The objects that need Velero's definitions."""
        found = [location_object(self.server)]
        if self.scope and self.schedule:
            found.append(schedule_object(self.server, self.scope, self.schedule))
        return found


def ensure_server(
    cluster: Cluster, desired: Desired, *, absent_api: bool, check_mode: bool, wait: bool, deadline: Deadline
) -> tuple[Plan, Manifest]:
    """Apply, in the order that a first installation and an upgrade need, and wait.

    :param absent_api: there is no API yet (check mode only): all is planned as created.
    :returns: the plan, and the storage location as last seen (empty when unknown).
    """
    if check_mode:
        return _plan_only(cluster, desired, absent_api=absent_api, deadline=deadline), {}
    # Nothing can be checked before the definitions exist.
    ready = _definitions_ready(_read_definitions(cluster))
    before = _location(cluster, desired.server) if ready else None
    plan = _with_restart(cluster.apply(core_objects(desired.server), check_mode=False, deadline=deadline))
    if wait:
        cluster.wait_for_deployment(SERVER_NAME, desired.server.namespace, deadline=deadline)
    if not ready:
        _wait_for_definitions(cluster, desired.server, deadline)
    between = _location(cluster, desired.server) if plan else before
    location_plan = cluster.apply(desired.velero_objects(), check_mode=False, deadline=deadline)
    outdated = _outdated_check(plan, location_plan, before, between)
    plan.extend(location_plan)
    _remove_schedule(cluster, desired, plan, check_mode=False)
    if not wait:
        return plan, _location(cluster, desired.server) or {}
    if not plan and between and location_state(between, outdated) is None:
        return plan, between
    return plan, _wait_for_location(cluster, desired.server, outdated, deadline)


def _with_restart(plan: Plan) -> Plan:
    """The plan, in which a changed pod template restarts the server."""
    return Plan(
        [
            dataclasses.replace(change, restarts=(change.target,))
            if change.action == "update"
            and change.target.startswith("Deployment/")
            and _template(change.before) != _template(change.after)
            else change
            for change in plan.changes
        ]
    )


def _template(deployment: t.Any) -> t.Any:
    return ((deployment or {}).get("spec") or {}).get("template")


def _outdated_check(core: Plan, location: Plan, before: Manifest | None, between: Manifest | None) -> str | None:
    """Time of the check of the storage location that a change has made worthless; ``None`` when none has."""
    if any(change.target.startswith("BackupStorageLocation/") for change in location.changes):
        return _checked_at(between)
    return _checked_at(before) if core else None


def _plan_only(cluster: Cluster, desired: Desired, *, absent_api: bool, deadline: Deadline) -> Plan:
    plan = _with_restart(cluster.apply(core_objects(desired.server), check_mode=True, deadline=deadline))
    if absent_api or not _definitions_ready(_read_definitions(cluster)):
        plan.extend(Plan([_creation(manifest) for manifest in desired.velero_objects()]))
        return plan
    plan.extend(cluster.apply(desired.velero_objects(), check_mode=True, deadline=deadline))
    _remove_schedule(cluster, desired, plan, check_mode=True)
    return plan


def _creation(manifest: Manifest) -> Change:
    metadata = manifest["metadata"]
    return Change("create", f"{manifest['kind']}/{metadata['namespace']}/{metadata['name']}", after=manifest)


def _remove_schedule(cluster: Cluster, desired: Desired, plan: Plan, *, check_mode: bool) -> None:
    if desired.scope and desired.schedule:
        return
    namespace = desired.server.namespace
    if cluster.get(VELERO_API, "Schedule", SCHEDULE_NAME, namespace) is None:
        return
    plan.add(Change("delete", f"Schedule/{namespace}/{SCHEDULE_NAME}"))
    if not check_mode:
        cluster.delete(VELERO_API, "Schedule", SCHEDULE_NAME, namespace)


def _read_definitions(cluster: Cluster) -> list[Manifest]:
    found = (cluster.get(*_DEFINITION, name) for name in NEEDED_DEFINITIONS)
    return [definition for definition in found if definition]


def _definitions_ready(found: t.Iterable[Manifest]) -> bool:
    ready = {
        definition["metadata"]["name"]
        for definition in found
        for condition in (definition.get("status") or {}).get("conditions") or []
        if condition.get("type") == "Established" and condition.get("status") == "True"
    }
    return ready.issuperset(NEEDED_DEFINITIONS)


def _wait_for_definitions(cluster: Cluster, settings: ServerSettings, deadline: Deadline) -> None:
    cluster.wait(
        Watched(*_DEFINITION),
        lambda found: None if _definitions_ready(found) else "Velero's definitions are not established",
        deadline=deadline,
        subject="Velero's definitions",
        hint=f"kubectl --namespace {settings.namespace} logs deployment/{SERVER_NAME} --container definitions",
    )
    # Established, but what the API server tells about its kinds may lag a moment behind.
    for kind in NEEDED_KINDS:
        cluster.wait(
            Watched(VELERO_API, kind, namespace=settings.namespace),
            lambda found: None,
            deadline=deadline,
            subject=f"kind {kind} of {VELERO_API}",
            hint="kubectl api-resources --api-group velero.io",
        )


def _location(cluster: Cluster, settings: ServerSettings) -> Manifest | None:
    return cluster.get(VELERO_API, "BackupStorageLocation", settings.location, settings.namespace)


def _checked_at(location: Manifest | None) -> str:
    return str(((location or {}).get("status") or {}).get("lastValidationTime", ""))


def location_state(location: Manifest, checked_before: str | None) -> str | None:
    """``None`` when the location is usable, else what is the matter.

    :param checked_before: time of a check that came too early to count.
    """
    checked = _checked_at(location)
    if not checked or (checked_before is not None and checked == checked_before):
        return "not checked by Velero yet"
    status = location.get("status") or {}
    if status.get("phase") != "Available":
        return f"{status.get('phase', 'unknown')}: {_essence(status.get('message') or 'no reason given')}"
    return None


def _essence(message: str) -> str:
    """Velero's message without the wrapping that tells a user nothing."""
    return _NOISE.sub("", message)


def _log_command(namespace: str) -> str:
    return f"kubectl --namespace {namespace} logs deployment/{SERVER_NAME} --tail 30"


def _wait_for_location(
    cluster: Cluster, settings: ServerSettings, checked_before: str | None, deadline: Deadline
) -> Manifest:
    failed: set[str] = set()

    def verdict(found: list[Manifest]) -> str | None:
        problem = location_state(found[0], checked_before) if found else "not created yet"
        if problem and found and _checked_at(found[0]) not in ("", checked_before):
            # The first check may come before the pod's network is ready. A second one will not be the last to fail.
            failed.add(_checked_at(found[0]))
        return problem if len(failed) < _CHECKS_ALLOWED_TO_FAIL else None

    location = cluster.wait(
        Watched(VELERO_API, "BackupStorageLocation", namespace=settings.namespace, name=settings.location),
        verdict,
        deadline=deadline,
        subject=f"BackupStorageLocation {settings.namespace}/{settings.location}",
        hint=_log_command(settings.namespace),
    )[0]
    problem = location_state(location, checked_before)
    if problem:
        raise HcpError(
            f"Velero cannot use the storage location ({problem})",
            where=f"BackupStorageLocation {settings.namespace}/{settings.location}",
            remedy="check the s3_ options, and that the mothership's pods can connect to the server: "
            + _log_command(settings.namespace),
        )
    return location


def require_location(cluster: Cluster, namespace: str, name: str) -> Manifest:
    """The storage location, Available.

    :raises HcpError: when a backup could not be stored.
    """
    location = cluster.get(VELERO_API, "BackupStorageLocation", name, namespace)
    where = f"BackupStorageLocation {namespace}/{name}"
    if location is None:
        raise HcpError("the storage location does not exist", where=where, remedy="run the role mothership.hcp.velero")
    problem = location_state(location, None)
    if problem:
        raise HcpError(
            f"Velero cannot use it ({problem})",
            where=where,
            remedy=f"run the role mothership.hcp.velero, or see {_log_command(namespace)}",
        )
    if (location.get("spec") or {}).get("accessMode") == "ReadOnly":
        raise HcpError("the storage location is read-only", where=where, remedy="set velero_read_only to false")
    return location
