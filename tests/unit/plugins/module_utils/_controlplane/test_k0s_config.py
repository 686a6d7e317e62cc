# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.k0s_config import (
    cluster_config,
    disabled_components,
    node_part,
)

from .planes import DATABASE, k0s_plane


def test_addresses_and_ports_follow_from_the_definition() -> None:
    spec = cluster_config(k0s_plane(endpoint="a.example.com"))["spec"]
    assert (spec["api"]["externalAddress"], spec["api"]["port"]) == ("a.example.com", 30001)
    assert spec["api"]["sans"] == ["10.77.0.11", "a.example.com", "tenant-a.hcp-tenant-a.svc"]
    assert spec["konnectivity"] == {"agentPort": 30002, "externalAddress": "a.example.com"}
    network = spec["network"]
    assert (network["podCIDR"], network["serviceCIDR"], network["provider"]) == (
        "10.245.0.0/16",
        "10.98.0.0/16",
        "custom",
    )


def test_the_state_is_in_postgresql_with_a_bounded_pool() -> None:
    kine = cluster_config(k0s_plane(database_connections=7))["spec"]["storage"]["kine"]
    dsn = "postgres://hcp_tenant_a_a@db1.example.com:5432/hcp_tenant_a?sslmode=verify-full"
    assert kine["dataSource"] == dsn
    assert kine["extraArgs"]["datastore-max-open-connections"] == "7"
    assert kine["extraArgs"]["ca-file"] == "/datastore/ca.crt"


def test_a_database_of_somebody_else() -> None:
    plane = k0s_plane(
        database_host="pg",
        database_name="old",
        database_user="u",
        database_sslmode="disable",
        database=dataclasses.replace(DATABASE, host="pg", ca_certificate=""),
    )
    kine = cluster_config(plane)["spec"]["storage"]["kine"]
    assert kine["dataSource"] == "postgres://u@pg:5432/old?sslmode=disable"
    assert "ca-file" not in kine["extraArgs"]


def test_the_users_settings_are_kept_below_what_is_managed() -> None:
    given = {
        "api": {"sans": ["b.example.com"]},
        "images": {"kubeproxy": {"image": "mirror/kube-proxy"}},
        "workerProfiles": [{"name": "big", "values": {"maxPods": 500}}],
        "extensions": {"helm": {"concurrencyLevel": 2}},
    }
    spec = cluster_config(k0s_plane(k0s_config=given))["spec"]
    assert "b.example.com" in spec["api"]["sans"]
    assert spec["images"]["kubeproxy"] == {"image": "mirror/kube-proxy", "version": "v1.36.3"}
    assert spec["workerProfiles"] == given["workerProfiles"]
    assert spec["extensions"] == given["extensions"]


def test_flags_are_text_and_keep_kubelets_to_their_own_node() -> None:
    flags = {"profiling": True, "enable-admission-plugins": ["AlwaysPullImages"], "max-requests-inflight": 100}
    extra = cluster_config(k0s_plane(api_server_extra_args=flags))["spec"]["api"]["extraArgs"]
    assert extra["profiling"] == "true"
    assert extra["max-requests-inflight"] == "100"
    assert extra["enable-admission-plugins"] == "NodeRestriction,AlwaysPullImages"
    assert extra["endpoint-reconciler-type"] == "none"


def test_what_needs_an_image_of_k0s_runs_when_one_is_named() -> None:
    assert "coredns" in disabled_components(k0s_plane())
    assert "coredns" not in disabled_components(k0s_plane(k0s_config={"images": {"coredns": {"version": "1"}}}))
    assert "metrics-server" in disabled_components(k0s_plane())
    named = k0s_plane(k0s_config={"images": {"metricsserver": {"image": "m", "version": "1"}}})
    assert "metrics-server" not in disabled_components(named)
    assert "helm" in disabled_components(k0s_plane(k0s_disable_components=("helm",)))


def test_the_images_of_k0s_itself() -> None:
    official = k0s_plane(k0s_official_images=True)
    assert cluster_config(official)["spec"]["images"] == {"default_pull_policy": "IfNotPresent"}
    assert not {"coredns", "metrics-server"} & set(disabled_components(official))


def test_what_k0s_follows_by_itself_is_not_part_of_what_restarts() -> None:
    part = node_part(cluster_config(k0s_plane()))
    assert set(part) == {"api", "storage", "network"}
    assert set(part["network"]) == {"serviceCIDR", "clusterDomain"}


def test_settings_of_kube_proxy_that_both_distributions_have() -> None:
    given = {"mode": "nftables", "conntrack": {"maxPerCore": 0}}
    assert cluster_config(k0s_plane(kube_proxy_config=given))["spec"]["network"]["kubeProxy"] == {"mode": "nftables"}
