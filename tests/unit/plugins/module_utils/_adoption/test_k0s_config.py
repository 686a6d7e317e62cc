# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.k0s_config import (
    SplitConfig,
    split_config,
)
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.old_cluster import old_cluster
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.problems import Findings

from tests.lab.k0smotron_objects import cluster

from .site import SHAPE


def split(config: dict[str, t.Any] | None) -> tuple[SplitConfig, Findings]:
    findings = Findings()
    old = old_cluster(cluster(dataclasses.replace(SHAPE, k0s_config=config)))
    return split_config(old, findings), findings


def test_without_a_configuration_the_defaults_of_k0s_are_written_down() -> None:
    got, findings = split(None)
    assert got.options == {"pod_cidr": "10.244.0.0/16", "service_cidr": "10.96.0.0/12", "dns_domain": "cluster.local"}
    assert got.rest == {"network": {"provider": "kuberouter"}}
    assert findings == Findings()


def test_what_has_an_option_becomes_one_and_the_rest_is_kept() -> None:
    rest = {
        "network": {"provider": "calico", "calico": {"mode": "vxlan"}},
        "images": {"repository": "registry.example.com"},
        "workerProfiles": [{"name": "gpu", "values": {}}],
        "extensions": {"helm": {"charts": []}},
        "featureGates": [{"name": "X", "enabled": True}],
    }
    config = {
        **rest,
        "network": {
            **t.cast(dict[str, t.Any], rest["network"]),
            "podCIDR": "10.1.0.0/16",
            "typo": 1,
            "serviceCIDR": "10.2.0.0/16",
            "clusterDomain": "x.y",
        },
        "api": {"port": 1, "sans": ["a.b"], "externalAddress": "c", "extraArgs": {"oidc-issuer-url": "https://i"}},
        "konnectivity": {"agentPort": 2, "adminPort": 3},
        "storage": {"type": "etcd", "kine": {"extraArgs": {"datastore-max-open-connections": "40", "debug": "true"}}},
        "gone": {},
    }
    got, findings = split(config)
    assert got.rest == {**rest, "api": {"sans": ["a.b"]}, "konnectivity": {"adminPort": 3}}
    assert got.options == {
        "pod_cidr": "10.1.0.0/16",
        "service_cidr": "10.2.0.0/16",
        "dns_domain": "x.y",
        "api_server_extra_args": {"oidc-issuer-url": "https://i"},
        "database_connections": 40,
    }
    assert findings.problems == []
    assert len(findings.notes) == 3


@pytest.mark.parametrize(
    "network",
    [
        {"nodeLocalLoadBalancing": {"enabled": True}},
        {"controlPlaneLoadBalancing": {"enabled": True}},
        {"dualStack": {"enabled": True}},
        {"primaryAddressFamily": "IPv6"},
    ],
)
def test_networks_that_a_hosted_cluster_cannot_have_are_refused(network: dict[str, t.Any]) -> None:
    _got, findings = split({"network": network})
    assert [next(iter(network)) in str(problem.where) for problem in findings.problems] == [True]
    off = {name: {"enabled": False} for name in network if name != "primaryAddressFamily"}
    got, findings = split({"network": off})
    assert findings.problems == []
    assert got.rest == {"network": {"provider": "kuberouter"}}
