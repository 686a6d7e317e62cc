# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The few things that the watchdog asks of the mothership, and does there."""

from __future__ import annotations

import base64
import datetime
import time
import typing as t

from .decision import Pod
from .https import Refusal, Server

NAME = "replica-watchdog"
MARK = "kine-revision"
_CLUSTER_LABEL = "mothership.hcp/cluster"
_PODS = "app.kubernetes.io/name%3Dhosted-control-plane"
#: Containers that serve the API.
_SERVERS = ("kube-apiserver", "k0s")
_PORT_NAME = "api"
#: Seconds for which a lease holds, and after which the holder no longer trusts it.
_LEASE_SECONDS = 15
_TRUSTED_SECONDS = 10.0
_MERGE = "application/merge-patch+json"

Object = dict[str, t.Any]


class Mothership:
    """Its API.

    :param identity: who this watchdog is: the name of its machine.
    :param namespace: of the lease by which the watchdogs of several machines agree on one of them.
    """

    def __init__(self, server: Server, identity: str, namespace: str) -> None:
        self._server, self._identity = server, identity
        self._leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._held_at: float | None = None
        self._seen_renewal: tuple[str, float] = ("", 0.0)

    # -- the lease ---------------------------------------------------------------------------------------------------

    def hold_lease(self) -> bool:
        """Whether this is the watchdog that acts; takes or renews the lease."""
        asked_at = time.monotonic()
        try:
            lease = self._server.ask("GET", f"{self._leases}/{NAME}")
        except Refusal as refusal:
            if refusal.status != 404:
                raise
            lease = None
        held = self._taken(lease, asked_at)
        self._held_at = asked_at if held else None
        return held

    @property
    def may_act(self) -> bool:
        """Whether the lease is held for sure: nobody else can have taken it yet."""
        return self._held_at is not None and time.monotonic() - self._held_at < _TRUSTED_SECONDS

    def _taken(self, lease: Object | None, now: float) -> bool:
        spec = {"holderIdentity": self._identity, "leaseDurationSeconds": _LEASE_SECONDS, "renewTime": _micro_time()}
        try:
            if lease is None:
                made = {
                    "apiVersion": "coordination.k8s.io/v1",
                    "kind": "Lease",
                    "metadata": {"name": NAME},
                    "spec": spec,
                }
                self._server.ask("POST", self._leases, made)
                return True
            if not self._is_free(lease, now):
                return False
            # With the resourceVersion that was read: of two that try, one is refused.
            self._server.ask("PUT", f"{self._leases}/{NAME}", {**lease, "spec": {**lease["spec"], **spec}})
        except Refusal as refusal:
            if refusal.status != 409:
                raise
            return False
        return True

    def _is_free(self, lease: Object, now: float) -> bool:
        """By this machine's own clock: machines may disagree about the time."""
        spec = lease.get("spec") or {}
        if spec.get("holderIdentity") in (None, "", self._identity):
            return True
        renewal = str(spec.get("renewTime"))
        if renewal != self._seen_renewal[0]:
            self._seen_renewal = (renewal, now)
            return False
        return now - self._seen_renewal[1] > float(spec.get("leaseDurationSeconds") or _LEASE_SECONDS)

    # -- hosted clusters ---------------------------------------------------------------------------------------------

    def clusters(self) -> dict[str, str]:
        """Namespace by name of the hosted cluster."""
        found = self._server.ask("GET", f"/api/v1/namespaces?labelSelector={_CLUSTER_LABEL.replace('/', '%2F')}")
        return {item["metadata"]["labels"][_CLUSTER_LABEL]: item["metadata"]["name"] for item in found["items"]}

    def pods(self, namespace: str) -> list[Pod]:
        """The replicas of one control plane."""
        found = self._server.ask("GET", f"/api/v1/namespaces/{namespace}/pods?labelSelector={_PODS}")
        return [pod_from(item, time.time()) for item in found["items"]]

    def secret(self, namespace: str) -> dict[str, str]:
        """What the watchdog needs to be known to the hosted cluster; empty when there is no such Secret (yet)."""
        try:
            found = self._server.ask("GET", f"/api/v1/namespaces/{namespace}/secrets/{NAME}")
        except Refusal as refusal:
            if refusal.status in (403, 404):
                return {}
            raise
        return {key: base64.b64decode(value).decode("ascii") for key, value in (found.get("data") or {}).items()}

    def delete_pod(self, namespace: str, pod: Pod) -> bool:
        """Delete this very pod; false when it is gone or another one has its name by now."""
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": pod.uid}}
        try:
            self._server.ask("DELETE", f"/api/v1/namespaces/{namespace}/pods/{pod.name}", body)
        except Refusal as refusal:
            if refusal.status in (404, 409):
                return False
            raise
        return True

    def tell(self, namespace: str, kind: str, name: str, uid: str, reason: str, message: str) -> None:
        """An Event about a pod, or about the namespace."""
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        involved = {"apiVersion": "v1", "kind": kind, "name": name, "namespace": namespace, "uid": uid}
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{name}.{time.time_ns():x}", "namespace": namespace},
            "involvedObject": involved,
            "type": "Warning",
            "reason": reason,
            "message": message[:1000],
            "source": {"component": NAME, "host": self._identity},
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
        }
        self._server.ask("POST", f"/api/v1/namespaces/{namespace}/events", event)

    def mark(self, namespace: str) -> int | None:
        """The stored high-water mark; 0 when there is none yet, ``None`` when there is no place for it."""
        try:
            found = self._server.ask("GET", f"/api/v1/namespaces/{namespace}/configmaps/{MARK}")
        except Refusal as refusal:
            if refusal.status in (403, 404):
                return None
            raise
        text = str((found.get("data") or {}).get("high_water", "0"))
        return int(text) if text.isdigit() else 0

    def store_mark(self, namespace: str, value: int) -> None:
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = {"data": {"high_water": str(value), "time": stamp}}
        self._server.ask("PATCH", f"/api/v1/namespaces/{namespace}/configmaps/{MARK}", body, content_type=_MERGE)


def pod_from(item: Object, now: float) -> Pod:
    """What matters of a Pod.

    :param now: seconds since the epoch.
    """
    metadata, status = item["metadata"], item.get("status") or {}
    state: Object = next((one for one in status.get("containerStatuses") or [] if one["name"] in _SERVERS), {})
    running = (state.get("state") or {}).get("running") or {}
    conditions = {one["type"]: one["status"] for one in status.get("conditions") or []}
    return Pod(
        uid=metadata["uid"],
        name=metadata["name"],
        address=status.get("podIP") or "",
        port=_port(item),
        ready=conditions.get("Ready") == "True",
        deleting=bool(metadata.get("deletionTimestamp")),
        running_seconds=max(0.0, now - _seconds(running["startedAt"])) if running.get("startedAt") else None,
        restarts=int(state.get("restartCount") or 0),
    )


def _port(item: Object) -> int:
    ports = [port for one in item["spec"]["containers"] if one["name"] in _SERVERS for port in one.get("ports") or []]
    return next((int(port["containerPort"]) for port in ports if port.get("name") == _PORT_NAME), 0)


def _seconds(stamp: str) -> float:
    moment = datetime.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ")
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


def _micro_time() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
