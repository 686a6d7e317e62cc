# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Disruption budget and network policy of a hosted control plane."""

from __future__ import annotations

from .control_plane import ControlPlane
from .manifests import Manifest, manifest
from .services import AGENT_PORT_NAME, API_PORT_NAME


def policies(plane: ControlPlane) -> list[Manifest]:
    """One pod may be drained at a time; only the API and the agents' port accept connections.

    The network policy closes the metrics of kine and the health ports to other pods. A pod network that does not
    enforce policies, such as flannel, ignores it.
    """
    budget = {"maxUnavailable": 1, "selector": {"matchLabels": plane.selector}}
    ports = [{"port": API_PORT_NAME, "protocol": "TCP"}, {"port": AGENT_PORT_NAME, "protocol": "TCP"}]
    ingress = {
        "podSelector": {"matchLabels": plane.selector},
        "policyTypes": ["Ingress"],
        "ingress": [{"ports": ports}],
    }
    name, namespace = plane.spec.name, plane.spec.namespace
    return [
        manifest("policy/v1", "PodDisruptionBudget", name, namespace, labels=plane.labels, spec=budget),
        manifest("networking.k8s.io/v1", "NetworkPolicy", name, namespace, labels=plane.labels, spec=ingress),
    ]
