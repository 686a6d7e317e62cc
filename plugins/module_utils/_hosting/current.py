# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the mothership holds now: read with as few requests as there are questions."""

from __future__ import annotations

import re
import typing as t

from .._controlplane.manifests import secret_texts
from .._controlplane.services import api_service_name, konnectivity_service_name
from .._controlplane.spec import ClusterSpec
from .._core.errors import HcpError, InvalidInput
from .._kube.client import KubeClient
from .._kube.objects import get, list_objects

Object = dict[str, t.Any]

#: The containers whose image says which Kubernetes runs.
_API_CONTAINERS = ("kube-apiserver", "k0s")
_TAG = re.compile(r":v(\d+)\.(\d+)\.(\d+)(?:-k0s\.\d+)?$")
_CONTROL_PLANE_LABEL = "node-role.kubernetes.io/control-plane"


def read_secrets(client: KubeClient | None, spec: ClusterSpec) -> dict[str, dict[str, str]]:
    """Decoded Secrets of the cluster's namespace by name; empty when there is none, or no API yet."""
    if client is None:
        return {}
    found = list_objects(client, "v1", "Secret", spec.namespace)
    return {secret["metadata"]["name"]: secret_texts(secret) for secret in found}


def read_services(client: KubeClient | None) -> list[Object]:
    """All Services of the mothership."""
    return [] if client is None else list_objects(client, "v1", "Service")


def used_node_ports(services: t.Iterable[Object]) -> dict[int, str]:
    """Node port -> ``namespace/name`` of its Service."""
    used = {}
    for service in services:
        metadata, spec = service["metadata"], service.get("spec") or {}
        owner = f"{metadata.get('namespace')}/{metadata['name']}"
        ports = [port.get("nodePort") for port in spec.get("ports") or []] + [spec.get("healthCheckNodePort")]
        used.update({int(port): owner for port in ports if port})
    return used


def present_ports(
    services: t.Iterable[Object], specs: t.Iterable[ClusterSpec]
) -> dict[str, tuple[int | None, int | None]]:
    """Cluster name -> node ports (API, konnectivity) that its own Services have."""
    by_name = {(item["metadata"].get("namespace"), item["metadata"]["name"]): item for item in services}
    return {
        spec.name: (
            _first_node_port(by_name.get((spec.namespace, api_service_name(spec)))),
            _first_node_port(by_name.get((spec.namespace, konnectivity_service_name(spec)))),
        )
        for spec in specs
    }


def first_node_address(client: KubeClient) -> str:
    """Internal IPv4 address of the mothership's oldest control plane node.

    The oldest, so that machines added later do not change what hosted clusters advertise.
    """
    nodes = list_objects(client, "v1", "Node")
    nodes.sort(key=_seniority)
    for node in nodes:
        for address in (node.get("status") or {}).get("addresses") or []:
            if address.get("type") == "InternalIP" and ":" not in address["address"]:
                return str(address["address"])
    raise HcpError(
        "no node of the mothership has an internal IPv4 address",
        where="advertise_address",
        remedy="set advertise_address to an address of the mothership that workers reach",
    )


def _seniority(node: Object) -> tuple[bool, str, str]:
    """Control plane nodes first, the oldest of them before the others."""
    metadata = node["metadata"]
    is_worker = _CONTROL_PLANE_LABEL not in (metadata.get("labels") or {})
    return is_worker, metadata.get("creationTimestamp") or "", metadata["name"]


def _first_node_port(service: Object | None) -> int | None:
    ports = (service or {}).get("spec", {}).get("ports") or [{}]
    port = ports[0].get("nodePort")
    return int(port) if port else None


def check_present_workload(client: KubeClient | None, spec: ClusterSpec, kind: str) -> None:
    """Refuse what a running control plane cannot become.

    :param kind: of the workload that this distribution makes.
    :raises InvalidInput: for another distribution, an older version, or more than one minor version at a time.
    """
    if client is None:
        return
    other = "StatefulSet" if kind == "Deployment" else "Deployment"
    if get(client, "apps/v1", other, spec.name, spec.namespace) is not None:
        raise InvalidInput(
            f"the cluster runs on another distribution than {spec.distribution} already ({other} {spec.name})",
            where=f"{spec.name}.distribution",
            remedy=f"set it back, or delete {other} {spec.name} in namespace {spec.namespace} first",
        )
    workload = get(client, "apps/v1", kind, spec.name, spec.namespace)
    running = _running_version(workload) if workload else None
    if running is not None:
        _check_step(running, spec)


def _running_version(workload: Object) -> tuple[int, int, int] | None:
    """Kubernetes version by the tag of the image; ``None`` for an image with a tag or digest of the user's own."""
    for container in workload["spec"]["template"]["spec"]["containers"]:
        match = _TAG.search(container["image"]) if container["name"] in _API_CONTAINERS else None
        if match:
            return int(match[1]), int(match[2]), int(match[3])
    return None


def _check_step(running: tuple[int, int, int], spec: ClusterSpec) -> None:
    major, minor, _patch = (int(part) for part in spec.kubernetes_version.split("."))
    now = ".".join(map(str, running))
    if (major, minor) < running[:2]:
        raise InvalidInput(
            f"the cluster runs Kubernetes {now}, which cannot go back to {spec.version}",
            where=f"{spec.name}.version",
            remedy=f"use {now} or newer; an older minor version needs a restore of a backup from its time",
        )
    if major > running[0] or minor > running[1] + 1:
        raise InvalidInput(
            f"the cluster runs Kubernetes {now}; {spec.version} is more than one minor version away",
            where=f"{spec.name}.version",
            remedy=f"go to a release of {running[0]}.{running[1] + 1} first, workers too",
        )
