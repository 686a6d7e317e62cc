# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Database logins of hosted clusters: made once, kept in the mothership, shown to PostgreSQL as verifiers only."""

from __future__ import annotations

import dataclasses
import typing as t

from .._controlplane.pki_secrets import CREDENTIALS, credentials_secret
from .._controlplane.services import namespace
from .._controlplane.spec import ClusterSpec
from .._core.errors import HcpError
from .._core.plan import Plan
from .._core.progress import Deadline, Progress
from .._kube.apply import apply_objects
from .._kube.client import KubeClient
from .._kube.objects import list_objects
from . import rotation
from .current import read_secrets
from .rotation import Login, Rotation
from .threads import for_each_cluster

#: Containers that log in to the database.
_KINES = ("kine", "k0s")


@dataclasses.dataclass(frozen=True)
class _Cluster:
    """One cluster's logins as they are now, or as they will be."""

    spec: ClusterSpec
    rotation: Rotation
    plan: Plan = dataclasses.field(default_factory=Plan)
    pods: tuple[str, ...] = ()


def ensure_credentials(
    specs: t.Sequence[ClusterSpec],
    client: KubeClient | None,
    *,
    check_mode: bool,
    progress: Progress,
    step: str = "none",
    timeout: float = 60,
    learn_secret: t.Callable[[str], None] = lambda value: None,
) -> dict[str, t.Any]:
    """Namespaces and ``kine-credentials`` of all clusters; see the module's RETURN for the result.

    :param step: of a rotation, one of ``rotation.STEPS``.
    :param learn_secret: called with every password.
    """
    deadline = Deadline(timeout)
    before = for_each_cluster(lambda spec: _present(spec, client, check_mode=check_mode), specs)
    identity = rotation.identity_of(before)

    def one(spec: ClusterSpec) -> _Cluster:
        made = before[specs.index(spec)]
        if not spec.database_host:
            made = made.after(step, spec, identity, check_mode=check_mode)
        for login in (made.active, made.successor, made.previous):
            if login is not None and login.password:
                learn_secret(login.password)
        active = made.active
        secret = credentials_secret(spec, active.username, active.password, active.salt, made.more)
        plan = apply_objects(
            client, [namespace(spec), secret], check_mode=check_mode, deadline=deadline, progress=progress
        )
        pods = _pods(client, spec) if made.previous is not None else ()
        return _Cluster(spec, made, plan, pods)

    clusters = for_each_cluster(one, specs)
    return _result(clusters)


def _result(clusters: t.Sequence[_Cluster]) -> dict[str, t.Any]:
    plan = Plan([change for cluster in clusters for change in cluster.plan.changes])
    ours = [cluster for cluster in clusters if not cluster.spec.database_host]
    return plan.result(
        verifiers={cluster.spec.name: cluster.rotation.active.verifier for cluster in clusters},
        databases=[_database(cluster) for cluster in ours],
        rotations={cluster.spec.name: _shown(cluster) for cluster in clusters},
        sessions=[_sessions(cluster) for cluster in ours if cluster.rotation.previous is not None],
    )


def _database(cluster: _Cluster) -> dict[str, t.Any]:
    return {
        "name": cluster.spec.database,
        "role": cluster.spec.database,
        "logins": [{"name": login.username, "verifier": login.verifier} for login in cluster.rotation.logins],
        "connection_limit": cluster.spec.connection_limit,
        "quota_bytes": cluster.spec.quota_bytes,
        "write_bytes_per_second": cluster.spec.write_bytes_per_second,
    }


def _shown(cluster: _Cluster) -> dict[str, t.Any]:
    made = cluster.rotation
    return {
        "phase": "external" if cluster.spec.database_host else made.phase,
        "username": made.active.username,
        "next_username": made.successor.username if made.successor else None,
        "previous_username": made.previous.username if made.previous else None,
        "to_do": made.to_do,
    }


def _sessions(cluster: _Cluster) -> dict[str, t.Any]:
    """What :mod:`kine_sessions` has to prove."""
    previous = cluster.rotation.previous
    return {
        "name": cluster.spec.database,
        "login": cluster.rotation.active.username,
        "previous": previous.username if previous else None,
        "pods": list(cluster.pods),
    }


def _present(spec: ClusterSpec, client: KubeClient | None, *, check_mode: bool) -> Rotation:
    """What the Secret holds, or a new login where it holds none."""
    texts, where = read_secrets(client, spec).get(CREDENTIALS, {}), f"Secret/{spec.namespace}/{CREDENTIALS}"
    found = rotation.read(texts)
    if found is not None:
        rotation.check_username(spec, found.active.username, where)
        return found
    password = texts.get("password")
    if spec.database_host and not password and not check_mode:
        raise HcpError(
            f"has no password, and the login at {spec.database_host} is not made by this collection",
            where=where,
            remedy="make the Secret with the keys username and password before, or leave database_host out",
        )
    return Rotation(Login.new(spec.login, known=not check_mode, password=password), fresh=True)


def _pods(client: KubeClient | None, spec: ClusterSpec) -> tuple[str, ...]:
    """Pods that log in to the database and are to stay."""
    if client is None:
        return ()
    found = list_objects(client, "v1", "Pod", spec.namespace)
    return tuple(sorted(pod["metadata"]["name"] for pod in found if _stays(pod) and _logs_in(pod)))


def _stays(pod: t.Mapping[str, t.Any]) -> bool:
    ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    return not ended and not pod["metadata"].get("deletionTimestamp")


def _logs_in(pod: t.Mapping[str, t.Any]) -> bool:
    containers = [*pod["spec"].get("containers", ()), *pod["spec"].get("initContainers", ())]
    return any(container["name"] in _KINES for container in containers)
