# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Hosted control planes stopped as a whole, and started again as they were.

How many replicas there were is kept at the workload itself, in the same request that scales it down: who is killed in
between leaves a control plane that runs, or one that knows how to start.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._controlplane.manifests import secret_texts
from .._controlplane.pki_secrets import CREDENTIALS, DATASTORE
from .._controlplane.watchdog import MARK
from .._core.errors import HcpError
from .._core.plan import Change, Plan
from .._core.progress import Deadline, Progress
from .._kube.client import KubeClient
from .._kube.objects import get
from .._kube.readiness import gone
from .._kube.repeat import in_threads
from .._kube.rollout import wait_rolled_out
from .._kube.wait import Watched, wait_until

Object = dict[str, t.Any]

DESCRIBED, STOPPED, STARTED = "described", "stopped", "started"
STATES = (DESCRIBED, STOPPED, STARTED)
KEPT = "mothership.hcp/replicas-before-stop"
_SERVER_LABEL = "mothership.hcp/database-server"
_MERGE = "application/merge-patch+json"
_THREADS = 8
_SECRETS = (CREDENTIALS, DATASTORE)


@dataclasses.dataclass(frozen=True)
class _Plane:
    """One control plane as it is. ``workloads``: the one with the API first, then a kine that its replicas share."""

    name: str
    namespace: str
    labels: t.Mapping[str, str]
    workloads: tuple[Object, ...]
    secrets: t.Mapping[str, t.Mapping[str, str]]
    mark: t.Mapping[str, str] | None


def ensure(
    client: KubeClient | None,
    clusters: t.Sequence[str],
    state: str,
    *,
    marks: t.Mapping[str, int],
    check_mode: bool,
    timeout: float,
    progress: Progress,
) -> dict[str, t.Any]:
    """Stop or start control planes, all at once, and tell about them; see the module's RETURN.

    :param client: of the mothership; ``None`` in check mode when there is none yet.
    :param marks: for ``started``: the revision mark of clusters, written before they start.
    """
    if client is None:
        return Plan().result(clusters={})
    deadline = Deadline(timeout)

    def one(name: str) -> Plan:
        plane = _read(client, name)
        if state == STOPPED:
            return _stop(client, plane, deadline, progress, check_mode=check_mode)
        if state == STARTED:
            return _start(client, plane, marks.get(name, 0), deadline, progress, check_mode=check_mode)
        return Plan()

    plan = Plan()
    for part in in_threads(one, list(clusters), threads=_THREADS):
        plan.extend(part)
    return plan.result(clusters={name: _told(_read(client, name)) for name in clusters})


def _read(client: KubeClient, name: str) -> _Plane:
    namespace = f"hcp-{name}"
    found = get(client, "v1", "Namespace", namespace)
    kinds = (("Deployment", name), ("StatefulSet", name), ("Deployment", f"{name}-kine"))
    workloads = [get(client, "apps/v1", kind, called, namespace) for kind, called in kinds]
    present = tuple(item for item in workloads if item is not None)
    if found is None or not present:
        raise HcpError(
            "there is no such control plane in the mothership",
            where=f"hosted cluster {name}",
            remedy="check the name; 'kubectl get deployments,statefulsets -A' of the mothership shows what there is",
        )
    secrets = {called: secret_texts(get(client, "v1", "Secret", called, namespace) or {}) for called in _SECRETS}
    mark = get(client, "v1", "ConfigMap", MARK, namespace)
    return _Plane(
        name,
        namespace,
        found["metadata"].get("labels") or {},
        present,
        secrets,
        None if mark is None else mark.get("data") or {},
    )


def _told(plane: _Plane) -> dict[str, t.Any]:
    host, database, logins = _database(plane)
    text = (plane.mark or {}).get("high_water", "0")
    return {
        "namespace": plane.namespace,
        "workloads": {f"{item['kind']}/{item['metadata']['name']}": _replicas(item) for item in plane.workloads},
        "stopped": any(_kept(item) is not None for item in plane.workloads),
        "database": database,
        "database_host": host,
        "database_server": plane.labels.get(_SERVER_LABEL, ""),
        "logins": logins,
        "high_water": int(text) if text.isdigit() else 0,
        "high_water_time": (plane.mark or {}).get("time", ""),
    }


def _database(plane: _Plane) -> tuple[str, str, list[str]]:
    """Host, name and logins of the database, from the password file of kine: what runs is what counts."""
    fields: list[str] = []
    for line in plane.secrets[DATASTORE].get("pgpass", "").splitlines()[:1]:
        fields = _pgpass_fields(line)
    host, database = (fields[0], fields[2]) if len(fields) == 5 else ("", "")
    credentials = plane.secrets[CREDENTIALS]
    names = [credentials.get(key, "") for key in ("username", "next_username")]
    return host, database, [name for name in names if name] or fields[3:4]


def _pgpass_fields(line: str) -> list[str]:
    """The fields of a line of a libpq password file, in which : and \\ may be escaped."""
    fields, escaped = [""], False
    for character in line:
        if character == ":" and not escaped:
            fields.append("")
        elif character == "\\" and not escaped:
            escaped = True
            continue
        else:
            fields[-1] += character
        escaped = False
    return fields


def _stop(client: KubeClient, plane: _Plane, deadline: Deadline, progress: Progress, *, check_mode: bool) -> Plan:
    plan = Plan()
    for workload in plane.workloads:
        replicas = _replicas(workload)
        if replicas:
            plan.add(Change("update", _target(workload), {"replicas": replicas}, {"replicas": 0}))
            if not check_mode:
                _scale(client, workload, 0, str(replicas))
    if check_mode:
        return plan
    for workload in plane.workloads:
        labels = workload["spec"]["selector"]["matchLabels"]
        selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        wait_until(
            client,
            Watched("v1", "Pod", plane.namespace, label_selector=selector),
            gone(),
            deadline=deadline,
            progress=progress,
            subject=plane.name,
            # A pod of a machine that does not answer may still run there, and write.
            hint=f"kubectl --namespace {plane.namespace} get pods --output wide; when the machine of a pod is surely "
            "off, delete the pod with --force, then run again",
        )
    return plan


def _start(
    client: KubeClient, plane: _Plane, mark: int, deadline: Deadline, progress: Progress, *, check_mode: bool
) -> Plan:
    plan = Plan()
    known = (plane.mark or {}).get("high_water", "0")
    if plane.mark is not None and mark > int(known if known.isdigit() else "0"):
        plan.add(
            Change("update", f"ConfigMap/{plane.namespace}/{MARK}", {"high_water": known}, {"high_water": str(mark)})
        )
        if not check_mode:
            path = f"/api/v1/namespaces/{plane.namespace}/configmaps/{MARK}"
            body = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"high_water": str(mark)}}
            client.request("PATCH", path, body=body, content_type=_MERGE)
    kept = [(workload, _kept(workload)) for workload in reversed(plane.workloads)]
    for workload, replicas in kept:
        if replicas is not None:
            plan.add(Change("update", _target(workload), {"replicas": _replicas(workload)}, {"replicas": replicas}))
            if not check_mode:
                _scale(client, workload, replicas, None)
    for workload, replicas in [] if check_mode else kept:
        if replicas or _replicas(workload):
            kind, name = workload["kind"], workload["metadata"]["name"]
            wait_rolled_out(client, "apps/v1", kind, name, plane.namespace, deadline=deadline, progress=progress)
    return plan


def _scale(client: KubeClient, workload: Object, replicas: int, kept: str | None) -> None:
    metadata, plural = workload["metadata"], workload["kind"].lower() + "s"
    body = {
        "apiVersion": "apps/v1",
        "kind": workload["kind"],
        "metadata": {"annotations": {KEPT: kept}},
        "spec": {"replicas": replicas},
    }
    path = f"/apis/apps/v1/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}"
    client.request("PATCH", path, body=body, content_type=_MERGE)


def _replicas(workload: Object) -> int:
    count = workload["spec"].get("replicas")
    return 1 if count is None else int(count)


def _kept(workload: Object) -> int | None:
    text = (workload["metadata"].get("annotations") or {}).get(KEPT)
    return int(text) if text is not None and text.isdigit() else None


def _target(workload: Object) -> str:
    metadata = workload["metadata"]
    return f"{workload['kind']}/{metadata['namespace']}/{metadata['name']}"
