# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Asks the mothership, the hosted clusters and Velero how they are. Only reads."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._kube import objects

#: Seconds for one question: a status that hangs is no status.
_TIMEOUT = 10
_VELERO = "velero.io/v1"


class Client(t.Protocol):
    """The part of :class:`KubeClient` that is used."""

    server: str

    def request(self, method: str, path: str, *, timeout: float = 30) -> dict[str, t.Any]: ...


@dataclasses.dataclass(frozen=True)
class Node:
    name: str
    ready: bool
    version: str
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class ClusterStatus:
    """A hosted cluster. ``api`` is ``ok`` or what is wrong; ``nodes`` are its workers."""

    name: str
    server: str
    api: str
    ready_replicas: int
    replicas: int
    version: str
    nodes: tuple[Node, ...]


@dataclasses.dataclass(frozen=True)
class BackupStatus:
    """``location`` is the phase of the storage location; the newest backup's fields are empty without one."""

    location: str
    newest: str = ""
    phase: str = ""
    completed: str = ""


@dataclasses.dataclass(frozen=True)
class MothershipStatus:
    server: str
    api: str
    nodes: tuple[Node, ...]
    clusters: tuple[ClusterStatus, ...]
    backup: BackupStatus | None


def gather(
    mothership: t.Callable[[], Client],
    tenants: t.Mapping[str, t.Callable[[], Client]],
    *,
    velero_namespace: str | None,
) -> MothershipStatus:
    """Ask everything at once.

    :param mothership: opens the mothership's API.
    :param tenants: cluster name -> opens its API.
    :param velero_namespace: ``None`` when there are no backups.
    """
    try:
        client = mothership()
        api = readiness(client)
    except HcpError as error:
        return MothershipStatus("", str(error), (), tuple(_unknown(name, "not asked") for name in tenants), None)
    if api != "ok":
        clusters = tuple(_unknown(name, "not asked") for name in tenants)
        return MothershipStatus(client.server, api, (), clusters, None)
    with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
        nodes = pool.submit(_nodes, client)
        backup = pool.submit(_backup, client, velero_namespace) if velero_namespace else None
        asked = [pool.submit(_cluster, client, name, opened) for name, opened in tenants.items()]
        return MothershipStatus(
            server=client.server,
            api=api,
            nodes=nodes.result(),
            clusters=tuple(entry.result() for entry in asked),
            backup=backup.result() if backup else None,
        )


def readiness(client: Client) -> str:
    """``ok``, or what ``/readyz`` says."""
    try:
        answer = client.request("GET", "/readyz", timeout=_TIMEOUT)
    except HcpError as error:
        return error.message
    return str(answer.get("text", answer)).strip()


def _unknown(name: str, why: str) -> ClusterStatus:
    return ClusterStatus(name, "", why, 0, 0, "", ())


def _cluster(mothership: t.Any, name: str, opened: t.Callable[[], Client]) -> ClusterStatus:
    try:
        workload = _workload(mothership, name)
    except HcpError as error:
        return _unknown(name, error.message)
    status = workload.get("status") or {}
    replicas = int((workload.get("spec") or {}).get("replicas") or 0)
    ready = int(status.get("readyReplicas") or 0)
    if not workload:
        return _unknown(name, "does not exist")
    try:
        client = opened()
        api = readiness(client)
        version = str(client.request("GET", "/version", timeout=_TIMEOUT).get("gitVersion", "")) if api == "ok" else ""
        nodes = _nodes(client) if api == "ok" else ()
    except HcpError as error:
        return ClusterStatus(name, "", error.message, ready, replicas, "", ())
    return ClusterStatus(name, client.server, api, ready, replicas, version.removeprefix("v"), nodes)


def _workload(mothership: t.Any, name: str) -> dict[str, t.Any]:
    """What runs the control plane, whichever distribution it is of; empty when there is none."""
    for kind in ("Deployment", "StatefulSet"):
        found = objects.get(mothership, "apps/v1", kind, name, f"hcp-{name}")
        if found is not None:
            return found
    return {}


def _nodes(client: t.Any) -> tuple[Node, ...]:
    return tuple(_node(entry) for entry in objects.list_objects(client, "v1", "Node"))


def _node(entry: t.Mapping[str, t.Any]) -> Node:
    status = entry.get("status") or {}
    ready: t.Mapping[str, t.Any] = next(
        (condition for condition in status.get("conditions") or [] if condition.get("type") == "Ready"), {}
    )
    is_ready = ready.get("status") == "True"
    reason = "" if is_ready else str(ready.get("message") or ready.get("reason") or "no status yet")
    version = str((status.get("nodeInfo") or {}).get("kubeletVersion", "")).removeprefix("v")
    return Node(str(entry["metadata"]["name"]), is_ready, version, reason)


def _backup(client: t.Any, namespace: str) -> BackupStatus:
    try:
        locations = objects.list_objects(client, _VELERO, "BackupStorageLocation", namespace)
        backups = objects.list_objects(client, _VELERO, "Backup", namespace)
    except HcpError as error:
        return BackupStatus(f"unknown: {error.message}")
    phases = [str((entry.get("status") or {}).get("phase") or "not checked yet") for entry in locations]
    location = phases[0] if phases else "absent"
    if not backups:
        return BackupStatus(location)
    newest = max(backups, key=lambda entry: str(entry["metadata"].get("creationTimestamp", "")))
    status = newest.get("status") or {}
    name = str(newest["metadata"]["name"])
    return BackupStatus(location, name, str(status.get("phase") or "New"), str(status.get("completionTimestamp") or ""))
