# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Where the Service ``kubernetes`` of a hosted cluster leads.

API servers usually write that themselves, each under the address that it advertises. The replicas of a hosted control
plane share one address: a replica that ends would remove it for all, and pods of the hosted cluster would not reach the
API until another replica wrote it again. The address never changes while pods come and go, so it is written once.
"""

from __future__ import annotations

from .control_plane import ControlPlane
from .manifests import Manifest, manifest


def kubernetes_endpoints(plane: ControlPlane) -> list[Manifest]:
    """The EndpointSlice of the Service ``kubernetes``, and the older form of the same."""
    address, port = plane.advertise_address, {"name": "https", "port": plane.ports.api, "protocol": "TCP"}
    return [
        manifest(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            "kubernetes",
            "default",
            labels={"kubernetes.io/service-name": "kubernetes"},
            addressType="IPv4",
            endpoints=[{"addresses": [address], "conditions": {"ready": True}}],
            ports=[port],
        ),
        manifest(
            "v1",
            "Endpoints",
            "kubernetes",
            "default",
            labels={"endpointslice.kubernetes.io/skip-mirror": "true"},
            subsets=[{"addresses": [{"ip": address}], "ports": [port]}],
        ),
    ]
