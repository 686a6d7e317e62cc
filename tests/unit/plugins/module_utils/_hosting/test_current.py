# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.current import (
    first_node_address,
    present_ports,
    used_node_ports,
)

from .clusters import NODE, Api

A = ClusterSpec(name="a", version="1.36.3", endpoint="10.77.0.11")


def service(namespace: str, name: str, *ports: int | None, check: int | None = None) -> dict[str, t.Any]:
    listed = [{"port": 80, **({"nodePort": port} if port else {})} for port in ports]
    spec = {"ports": listed, **({"healthCheckNodePort": check} if check else {})}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": namespace, "name": name}, "spec": spec}


def test_every_node_port_has_its_owner() -> None:
    services = [service("shop", "web", 30001, None, check=30009), service("default", "kubernetes", None)]
    assert used_node_ports(services) == {30001: "shop/web", 30009: "shop/web"}


def test_own_ports_are_those_of_the_own_services() -> None:
    services = [
        service("hcp-a", "a", 30001),
        service("hcp-a", "other", 30002),
        service("shop", "a-konnectivity", 30003),
    ]
    assert present_ports(services, [A]) == {"a": (30001, None)}


def node(name: str, created: str, *addresses: str, control_plane: bool = True) -> dict[str, t.Any]:
    made = copy.deepcopy(NODE)
    made["metadata"].update(name=name, creationTimestamp=created)
    if not control_plane:
        made["metadata"]["labels"] = {}
    made["status"]["addresses"] = [{"type": "InternalIP", "address": address} for address in addresses]
    return made


def test_the_oldest_control_plane_node_counts() -> None:
    api = Api(
        node("w1", "2025-01-01T00:00:00Z", "10.0.0.9", control_plane=False),
        node("ms2", "2026-02-01T00:00:00Z", "10.0.0.2"),
        node("ms1", "2026-03-01T00:00:00Z", "10.0.0.1"),
    )
    assert first_node_address(t.cast("t.Any", api)) == "10.0.0.2"


def test_without_control_plane_nodes_any_node_counts_and_version_six_does_not() -> None:
    api = Api(node("w1", "2025-01-01T00:00:00Z", "fd00::1", "10.0.0.9", control_plane=False))
    assert first_node_address(t.cast("t.Any", api)) == "10.0.0.9"


def test_no_address_at_all() -> None:
    with pytest.raises(HcpError, match="set advertise_address"):
        first_node_address(t.cast("t.Any", Api(node("ms1", "2025-01-01T00:00:00Z"))))
