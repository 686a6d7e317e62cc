# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What there is of a k0smotron cluster: read with few requests."""

from __future__ import annotations

import dataclasses
import typing as t

from .._controlplane.manifests import secret_texts
from .._core.errors import InvalidInput
from .._kube.client import KubeClient
from .._kube.discovery import UnknownKind
from .._kube.objects import get, list_objects
from .names import API_VERSIONS, GROUP, KIND, service_names, stateful_set_name
from .old_cluster import OldCluster, old_cluster

Object = dict[str, t.Any]

_CONTAINER = "controller"


@dataclasses.dataclass(frozen=True)
class OldPlane:
    """The objects that run the old control plane, whoever owns them now."""

    stateful_set: Object | None
    services: tuple[Object, ...]
    pods: tuple[Object, ...] = ()

    @property
    def tag(self) -> str:
        """Tag of the image that runs."""
        if self.stateful_set is None:
            return ""
        for container in self.stateful_set["spec"]["template"]["spec"]["containers"]:
            if container["name"] == _CONTAINER:
                return str(container["image"]).rpartition(":")[2]
        return ""

    @property
    def ready_addresses(self) -> list[str]:
        """Addresses of the pods that serve."""
        return sorted(str(pod["status"]["podIP"]) for pod in self.pods if _serves(pod))


def find_cluster(client: KubeClient, name: str, namespace: str) -> OldCluster | None:
    """The cluster in the newest version that is served; ``None`` when there is none, or no k0smotron."""
    for api_version in API_VERSIONS:
        try:
            raw = get(client, api_version, KIND, name, namespace)
        except UnknownKind:
            continue
        return None if raw is None else old_cluster({**raw, "apiVersion": api_version, "kind": KIND})
    return None


def not_found(client: KubeClient, name: str, namespace: str) -> InvalidInput:
    """The error for a cluster that neither exists nor was adopted, naming those that exist."""
    for api_version in API_VERSIONS:
        try:
            found = list_objects(client, api_version, KIND)
        except UnknownKind:
            continue
        known = sorted(f"{one['metadata']['namespace']}/{one['metadata']['name']}" for one in found)
        return InvalidInput(
            f"there is no {KIND}.{GROUP} {namespace}/{name}",
            where="cluster",
            remedy=f"use one of {', '.join(known)}" if known else "there is none in any namespace: look elsewhere",
        )
    return InvalidInput(
        f"there is no {KIND}.{GROUP} {namespace}/{name}, and k0smotron is not installed in this cluster",
        where="kubeconfig",
        remedy="give the kubeconfig of the cluster that k0smotron runs in",
    )


def read_plane(client: KubeClient, cluster: str, namespace: str) -> OldPlane:
    """The old StatefulSet, its Services and its pods, as far as they exist."""
    stateful_set = get(client, "apps/v1", "StatefulSet", stateful_set_name(cluster), namespace)
    wanted = set(service_names(cluster).values())
    services = [one for one in list_objects(client, "v1", "Service", namespace) if one["metadata"]["name"] in wanted]
    pods: list[Object] = []
    if stateful_set is not None:
        pods = list_objects(client, "v1", "Pod", namespace, label_selector=selector(stateful_set))
    return OldPlane(stateful_set, tuple(services), tuple(pods))


def selector(stateful_set: Object) -> str:
    """Label selector of a StatefulSet's pods."""
    labels = stateful_set["spec"]["selector"].get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def read_secrets(client: KubeClient, namespace: str) -> dict[str, dict[str, str]]:
    """Decoded Secrets of a namespace by name; those that hold no text are left out."""
    found = {}
    for secret in list_objects(client, "v1", "Secret", namespace):
        try:
            found[str(secret["metadata"]["name"])] = secret_texts(secret)
        except UnicodeDecodeError:
            continue
    return found


def join_token_requests(client: KubeClient, old: OldCluster) -> list[str]:
    """Names of the requests for join tokens of this cluster."""
    try:
        found = list_objects(client, old.api_version, "JoinTokenRequest", old.namespace)
    except UnknownKind:
        return []
    return sorted(str(one["metadata"]["name"]) for one in found if _cluster_of(one) == old.name)


def _cluster_of(request: Object) -> str:
    spec = request.get("spec") or {}
    return str(spec.get("clusterName") or (spec.get("clusterRef") or {}).get("name") or "")


def _serves(pod: Object) -> bool:
    status = pod.get("status") or {}
    conditions = {one.get("type"): one.get("status") for one in status.get("conditions") or []}
    return (
        bool(status.get("podIP")) and conditions.get("Ready") == "True" and not pod["metadata"].get("deletionTimestamp")
    )
