# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The objects with which our Services take over the old node ports before our own pods serve.

A node port belongs to one Service at a time, and the old Service is in another namespace than our pods. So our
Services come first, and for the time being lead to the old pods as well: a slice of endpoints that no controller
manages is served like any other. Workers notice nothing but a Service of another name.
"""

from __future__ import annotations

import typing as t

from .._controlplane.control_plane import ControlPlane, cluster_label
from .._controlplane.manifests import Manifest, manifest
from .._controlplane.services import (
    AGENT_PORT_NAME,
    API_PORT_NAME,
    api_service_name,
    konnectivity_service_name,
)

_SUFFIX = "-k0smotron"


def slices(plane: ControlPlane, addresses: t.Sequence[str]) -> list[Manifest]:
    """Endpoints that lead to the old pods; these listen on the numbers of the node ports themselves."""
    return [
        _slice(plane, api_service_name(plane.spec), API_PORT_NAME, plane.ports.api, addresses),
        _slice(plane, konnectivity_service_name(plane.spec), AGENT_PORT_NAME, plane.ports.konnectivity, addresses),
    ]


def _slice(plane: ControlPlane, service: str, port_name: str, port: int, addresses: t.Sequence[str]) -> Manifest:
    labels = {
        **cluster_label(plane.spec),
        "kubernetes.io/service-name": service,
        "endpointslice.kubernetes.io/managed-by": "mothership.hcp",
    }
    return manifest(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        f"{service}{_SUFFIX}",
        plane.spec.namespace,
        labels=labels,
        addressType="IPv4",
        ports=[{"name": port_name, "protocol": "TCP", "port": port}],
        endpoints=[{"addresses": [address], "conditions": {"ready": True}} for address in addresses],
    )
