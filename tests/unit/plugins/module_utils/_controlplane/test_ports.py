# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.port_range import PortRange
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.ports import (
    Ports,
    PortTaken,
    allocate,
)
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput

from .planes import SPEC

RANGE = PortRange()


def spec(name: str, api_port: int | None = None, konnectivity_port: int | None = None) -> t.Any:
    return dataclasses.replace(SPEC, name=name, api_port=api_port, konnectivity_port=konnectivity_port)


def test_new_clusters_get_distinct_ports_of_the_static_band() -> None:
    specs = [spec(f"tenant-{number}") for number in range(40)]
    ports = [port for pair in allocate(specs, RANGE, {}, {}).values() for port in dataclasses.astuple(pair)]
    assert len(set(ports)) == 80
    assert all(30000 <= port < 30000 + RANGE.static_band for port in ports)


def test_beyond_the_band_the_rest_of_the_range_is_used() -> None:
    specs = [spec(f"tenant-{number}") for number in range(100)]
    ports = [port for pair in allocate(specs, RANGE, {}, {}).values() for port in dataclasses.astuple(pair)]
    assert len(set(ports)) == 200
    assert all(port in RANGE for port in ports)


def test_what_a_cluster_has_is_kept_whatever_comes_and_goes() -> None:
    first = allocate([spec("a"), spec("b")], RANGE, {}, {})
    present = {name: (pair.api, pair.konnectivity) for name, pair in first.items()}
    used = {port: f"hcp-{name}/{name}" for name, pair in present.items() for port in pair}
    again = allocate([spec("c"), spec("b"), spec("a")], RANGE, used, {**present, "c": (None, None)})
    assert {name: again[name] for name in "ab"} == first
    assert not {again["c"].api, again["c"].konnectivity} & set(used)


def test_a_new_cluster_does_not_take_the_ports_of_others() -> None:
    alone = allocate([spec("a")], RANGE, {}, {})["a"]
    used = {alone.api: "shop/web", alone.konnectivity: "hcp-b/b"}
    pushed = allocate([spec("a")], RANGE, used, {})["a"]
    assert not {pushed.api, pushed.konnectivity} & set(used)


def test_a_port_asked_for_wins_over_the_present_one() -> None:
    used = {30005: "hcp-a/a", 30006: "hcp-a/a-konnectivity"}
    assert allocate([spec("a", api_port=30050)], RANGE, used, {"a": (30005, 30006)})["a"] == Ports(30050, 30006)


def test_ports_of_a_cluster_may_be_swapped() -> None:
    used = {30005: "hcp-a/a", 30006: "hcp-a/a-konnectivity"}
    assert allocate([spec("a", 30006, 30005)], RANGE, used, {"a": (30005, 30006)})["a"] == Ports(30006, 30005)


def test_a_port_asked_for_that_another_cluster_has_moves_that_one() -> None:
    used = {30005: "hcp-a/a", 30006: "hcp-a/a-konnectivity"}
    ports = allocate([spec("a"), spec("b", api_port=30005)], RANGE, used, {"a": (30005, 30006)})
    assert ports["b"].api == 30005
    assert ports["a"].api not in (30005, 30006)
    assert ports["a"].konnectivity == 30006


def test_a_port_of_somebody_else_is_refused() -> None:
    with pytest.raises(PortTaken, match="port 30005 belongs to Service shop/web"):
        allocate([spec("a", api_port=30005)], RANGE, {30005: "shop/web"}, {})


def test_a_full_range_is_told() -> None:
    with pytest.raises(HcpError, match="all node ports 30000-30001 are taken"):
        allocate([spec("a"), spec("b")], PortRange(30000, 30001), {}, {})


def test_the_range_is_parsed() -> None:
    assert PortRange.parse("20000-20100") == PortRange(20000, 20100)
    for text in ("20000", "a-b", "30000-20000", "80-90"):
        with pytest.raises(InvalidInput, match="node_port_range"):
            PortRange.parse(text)
