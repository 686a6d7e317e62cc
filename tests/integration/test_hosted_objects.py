# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real API server takes every object of a hosted cluster, and finds nothing to change the second time."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.control_plane import ControlPlane, Database
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.distribution import distribution_for
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.pki import ensure_pki
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.port_range import PortRange
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.ports import allocate
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._core.plan import Plan
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline, Progress
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.credentials import ensure_credentials
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.current import (
    check_present_workload,
    present_ports,
    read_secrets,
    read_services,
    used_node_ports,
)
from ansible_collections.mothership.hcp.plugins.module_utils._kube.apply import apply_objects
from ansible_collections.mothership.hcp.plugins.module_utils._kube.client import KubeClient
from ansible_collections.mothership.hcp.plugins.module_utils._kube.errors import ApiError
from ansible_collections.mothership.hcp.plugins.module_utils._kube.objects import get, list_objects

ADDRESS = "10.77.0.11"
KUBEADM = distribution_for("kubeadm")
K0S = distribution_for("k0s")


@pytest.fixture
def spec(client: KubeClient, namespace: str) -> ClusterSpec:
    """A cluster of its own whose DNS address lies within the Service network of the test's API server."""
    kubernetes = get(client, "v1", "Service", "kubernetes", "default") or {}
    network = kubernetes["spec"]["clusterIP"].rsplit(".", 2)[0] + ".0.0/16"
    return ClusterSpec(name=namespace, version="1.36.3", endpoint=ADDRESS, service_cidr=network)


def plane_of(client: KubeClient, spec: ClusterSpec) -> ControlPlane:
    """The control plane with what the API server holds of it."""
    services = read_services(client)
    ports = allocate([spec], PortRange(), used_node_ports(services), present_ports(services, [spec]))
    material = ensure_pki(spec, ADDRESS, read_secrets(client, spec))
    return ControlPlane(spec, ports[spec.name], ADDRESS, Database("db1", 5432, "PEM", "password"), material)


def apply(client: KubeClient, objects: list[dict[str, t.Any]], *, check_mode: bool = False) -> Plan:
    return apply_objects(client, objects, check_mode=check_mode, deadline=Deadline(30), progress=Progress(""))


def test_the_mothership_takes_everything_and_changes_nothing_again(client: KubeClient, spec: ClusterSpec) -> None:
    objects = KUBEADM.mothership_objects(plane_of(client, spec))
    assert len(apply(client, objects).changes) == len(objects)
    again = KUBEADM.mothership_objects(plane_of(client, spec))
    assert apply(client, again).changes == []
    assert apply(client, again, check_mode=True).changes == []


def test_a_hosted_cluster_takes_everything_and_changes_nothing_again(client: KubeClient, spec: ClusterSpec) -> None:
    objects = KUBEADM.child_objects(plane_of(client, spec))
    endpoints = [item for item in objects if item["kind"] in ("EndpointSlice", "Endpoints")]
    assert apply(client, endpoints)
    # Unlike that of a hosted cluster, this API server writes its own endpoints again and again.
    objects = [item for item in objects if item not in endpoints]
    assert apply(client, objects)
    assert apply(client, objects).changes == []
    assert apply(client, objects, check_mode=True).changes == []


def test_pods_pass_the_restricted_standard(client: KubeClient, spec: ClusterSpec) -> None:
    objects = KUBEADM.mothership_objects(plane_of(client, spec))
    apply(client, objects)
    template = next(item for item in objects if item["kind"] == "Deployment")["spec"]["template"]
    path, query = f"/api/v1/namespaces/{spec.namespace}/pods", {"dryRun": "All"}
    pod = {"apiVersion": "v1", "kind": "Pod", **copy.deepcopy(template)}
    pod["metadata"]["name"] = "probe"
    client.request("POST", path, query=query, body=pod)
    # The standard is really enforced there.
    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    with pytest.raises(ApiError, match="PodSecurity"):
        client.request("POST", path, query=query, body=pod)


def test_a_k0s_plane_is_taken_too_and_passes_the_baseline_standard(client: KubeClient, spec: ClusterSpec) -> None:
    k0s = dataclasses.replace(spec, distribution="k0s")
    objects = K0S.mothership_objects(plane_of(client, k0s))
    assert len(apply(client, objects).changes) == len(objects)
    again = K0S.mothership_objects(plane_of(client, k0s))
    assert apply(client, again).changes == []
    assert apply(client, again, check_mode=True).changes == []
    template = next(item for item in objects if item["kind"] == "StatefulSet")["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **copy.deepcopy(template)}
    pod["metadata"]["name"] = "probe"
    path, query = f"/api/v1/namespaces/{spec.namespace}/pods", {"dryRun": "All"}
    client.request("POST", path, query=query, body=pod)
    pod["spec"]["hostNetwork"] = True
    with pytest.raises(ApiError, match="PodSecurity"):
        client.request("POST", path, query=query, body=pod)


def test_what_a_running_cluster_cannot_become(client: KubeClient, spec: ClusterSpec) -> None:
    apply(client, KUBEADM.mothership_objects(plane_of(client, spec)))
    check_present_workload(client, spec, "Deployment")
    with pytest.raises(HcpError, match="cannot go back"):
        check_present_workload(client, dataclasses.replace(spec, version="1.35.7"), "Deployment")
    with pytest.raises(HcpError, match="more than one minor"):
        check_present_workload(client, dataclasses.replace(spec, version="1.38.0"), "Deployment")
    with pytest.raises(HcpError, match="another distribution"):
        check_present_workload(client, dataclasses.replace(spec, distribution="k0s"), "StatefulSet")


def test_another_port_moves_the_services_in_place(client: KubeClient, spec: ClusterSpec) -> None:
    apply(client, KUBEADM.mothership_objects(plane_of(client, spec)))
    used = used_node_ports(read_services(client))
    free = next(port for port in range(32000, 32100) if port not in used)
    moved = plane_of(client, dataclasses.replace(spec, api_port=free))
    plan = apply(client, KUBEADM.mothership_objects(moved))
    assert f"Service/{spec.namespace}/{spec.name}" in [change.target for change in plan.changes]
    (port,) = (get(client, "v1", "Service", spec.name, spec.namespace) or {})["spec"]["ports"]
    assert (port["port"], port["nodePort"]) == (free, free)


def test_two_clusters_never_share_a_port(client: KubeClient, spec: ClusterSpec) -> None:
    apply(client, KUBEADM.mothership_objects(plane_of(client, spec)))
    other = dataclasses.replace(spec, name=f"{spec.name}-b")
    apply(client, KUBEADM.mothership_objects(plane_of(client, other)))
    services = [
        item
        for namespace in (spec.namespace, other.namespace)
        for item in list_objects(client, "v1", "Service", namespace)
    ]
    assert len(used_node_ports(services)) == 4


def test_credentials_are_made_once(client: KubeClient, spec: ClusterSpec) -> None:
    first = ensure_credentials([spec], client, check_mode=False, progress=Progress(""))
    second = ensure_credentials([spec], client, check_mode=False, progress=Progress(""))
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["verifiers"] == second["verifiers"]
    # The namespace is the same for both modules: they must not undo each other's work.
    apply(client, KUBEADM.mothership_objects(plane_of(client, spec)))
    assert ensure_credentials([spec], client, check_mode=True, progress=Progress(""))["changed"] is False
