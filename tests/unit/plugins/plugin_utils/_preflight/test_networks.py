# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import networks
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.networks import NamedRange

PODS = NamedRange("mothership_pod_cidr", "10.244.0.0/16", "why")


def test_overlapping_ranges_are_named_both() -> None:
    other = NamedRange("mothership_service_cidr", "10.244.128.0/20", "why")
    (problem,) = networks.overlapping_ranges([PODS, other])
    assert str(problem).startswith(
        "mothership_pod_cidr: 10.244.0.0/16 overlaps mothership_service_cidr 10.244.128.0/20"
    )


def test_disjoint_ranges_and_other_families_are_fine() -> None:
    others = [NamedRange("a", "10.96.0.0/16", ""), NamedRange("b", "fd00::/64", ""), NamedRange("c", "nonsense", "")]
    assert networks.overlapping_ranges([PODS, *others]) == []


def test_what_is_no_range_is_told_once() -> None:
    assert len(networks.invalid_ranges([PODS, NamedRange("b", "10.0.0.1/8", ""), NamedRange("c", "x", "")])) == 2


def test_a_machine_within_a_range_is_told() -> None:
    (problem,) = networks.machines_inside(
        [PODS], {"ms1": ["10.244.3.4"], "w1": ["192.0.2.1"], "w2": ["w2.example.com"]}
    )
    assert "ms1 (10.244.3.4)" in str(problem)
    assert "w1" not in str(problem)


def test_two_machines_with_one_address_collide() -> None:
    (problem,) = networks.shared_addresses(
        {"a": ["192.0.2.1"], "b": ["192.0.2.1"], "c": ["127.0.0.1"], "d": ["127.0.0.1"]}
    )
    assert "192.0.2.1 belongs to a and b" in str(problem)
