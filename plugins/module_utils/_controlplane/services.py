# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Namespace and Services of a hosted cluster in the mothership."""

from __future__ import annotations

from .control_plane import ControlPlane, cluster_label
from .manifests import Manifest, manifest
from .spec import ClusterSpec

#: Names of container ports, which Services refer to: a changed number needs no step between two Services.
API_PORT_NAME = "api"
AGENT_PORT_NAME = "agent"
#: Where konnectivity-server listens for agents inside the pod.
AGENT_PORT = 8132
#: Where a kine that API servers share is reached.
KINE_PORT = 2379


def namespace(spec: ClusterSpec) -> Manifest:
    """The namespace; Pod Security is enforced in it, as strictly as the distribution's pods allow."""
    level = "baseline" if spec.distribution == "k0s" else "restricted"
    labels = {**cluster_label(spec), "pod-security.kubernetes.io/enforce": level}
    return manifest("v1", "Namespace", spec.namespace, labels=labels)


def api_service_name(spec: ClusterSpec) -> str:
    """Name of the Service of the API."""
    return spec.name


def konnectivity_service_name(spec: ClusterSpec) -> str:
    """Name of the Service that agents connect to."""
    return f"{spec.name}-konnectivity"


def kine_service_name(spec: ClusterSpec) -> str:
    """Name of the Service of a kine that API servers share."""
    return f"{spec.name}-kine"


def services(plane: ControlPlane) -> list[Manifest]:
    """The API with client affinity, and konnectivity without it.

    A list read through one replica may be a second older than what another replica acknowledged (a property of kine),
    so a client stays on one replica. Agents must reach every replica, so their connections are spread.
    """
    api, tunnel = plane.ports.api, plane.ports.konnectivity
    return [
        _node_port(plane, api_service_name(plane.spec), API_PORT_NAME, api, "ClientIP"),
        _node_port(plane, konnectivity_service_name(plane.spec), AGENT_PORT_NAME, tunnel, "None"),
    ]


def _node_port(plane: ControlPlane, name: str, port_name: str, port: int, affinity: str) -> Manifest:
    spec = {
        "type": "NodePort",
        "selector": plane.selector,
        "sessionAffinity": affinity,
        "ports": [{"name": port_name, "protocol": "TCP", "port": port, "targetPort": port_name, "nodePort": port}],
    }
    return manifest("v1", "Service", name, plane.spec.namespace, labels=plane.labels, spec=spec)
