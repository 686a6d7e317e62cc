# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.port_range import PortRange
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import (
    ClusterSpec,
    Surroundings,
    parse_clusters,
)
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import ManyProblems

MOTHERSHIP = Surroundings(version="1.36.3", endpoint="10.77.0.11", networks=("10.244.0.0/16", "10.96.0.0/16"))


def parse(*clusters: dict[str, t.Any]) -> list[ClusterSpec]:
    return parse_clusters(list(clusters), MOTHERSHIP, path="hosted_clusters")


def problems(*clusters: dict[str, t.Any]) -> list[str]:
    with pytest.raises(ManyProblems) as caught:
        parse(*clusters)
    return [str(problem) for problem in caught.value.problems]


def test_a_name_is_enough() -> None:
    (spec,) = parse({"name": "tenant-a"})
    assert (spec.version, spec.endpoint, spec.replicas, spec.distribution) == ("1.36.3", "10.77.0.11", 2, "kubeadm")
    assert (spec.namespace, spec.database) == ("hcp-tenant-a", "hcp_tenant_a")
    assert (spec.service_address, spec.dns_address) == ("10.98.0.1", "10.98.0.10")


def test_networks_of_the_mothership_only_on_purpose() -> None:
    assert "10.244.0.0/16" in problems({"name": "a", "pod_cidr": "10.244.0.0/16"})[0]
    (spec,) = parse({"name": "a", "pod_cidr": "10.244.0.0/16", "allow_network_overlap": "yes"})
    assert spec.allow_network_overlap is True


def test_options_that_were_left_out_come_as_none() -> None:
    (spec,) = parse({"name": "a", "version": None, "api_port": None, "pod_cidr": None})
    assert (spec.version, spec.api_port, spec.pod_cidr) == ("1.36.3", None, "10.245.0.0/16")


def test_connections_suffice_for_a_rolling_update() -> None:
    (spec,) = parse({"name": "a", "replicas": 2, "database_connections": 20})
    assert spec.connection_limit >= 3 * 20
    (spec,) = parse({"name": "a", "replicas": 3, "database_connections": 20, "kine": "shared"})
    assert 2 * 20 <= spec.connection_limit < 3 * 20


def test_names_whose_database_and_login_would_be_one_role_are_refused() -> None:
    assert parse({"name": "a"}, {"name": "b-a"}, {"name": "a-c"})
    (problem,) = problems({"name": "a"}, {"name": "a-b"})
    assert "a excludes a-a and a-b" in problem
    assert parse({"name": "a"}, {"name": "a-b", "database_host": "pg"})


def test_a_quota_is_bytes() -> None:
    quotas = [parse({"name": "a", "database_quota": text})[0].quota_bytes for text in ("", "2GiB", "500 MiB", "1Ti")]
    assert quotas == [0, 2**31, 500 * 2**20, 2**40]


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("database_quota", "2G", "no size of at least 64MiB"),
        ("database_write_rate", "1M", "no size of at least 256KiB"),
        ("database_write_rate", "100KiB", "no size of at least 256KiB"),
        ("database_quota", "1MiB", "no size of at least 64MiB"),
        ("name", "Tenant", "not a DNS label"),
        ("name", "1a", "begins with a letter"),
        ("name", "a" * 41, "at most 40 characters"),
        ("name", "a-", "not a DNS label"),
        ("version", "1.36", "not of the form 1.36.3"),
        ("version", "1.34.2", "Kubernetes 1.34.2 is not supported"),
        ("distribution", "k3s", "not a known distribution"),
        ("endpoint", "https://a.example.com", "neither an IPv4 address nor a DNS name"),
        ("endpoint", "10.77.0.300", "neither an IPv4 address nor a DNS name"),
        ("endpoint", "a.example.com:6443", "without a port"),
        ("advertise_address", "a.example.com", "not an IPv4 address"),
        ("replicas", 0, "0 is too small"),
        ("replicas", "two", "'two' is not a number"),
        ("replicas", True, "True is not a number"),
        ("kubelet_config", ["failSwapOn"], "is not a mapping"),
        ("database_connections", 4, "4 is too small"),
        ("kine", "one", "'one' is not a known choice"),
        ("pod_cidr", "10.245.0.1/16", "not an IPv4 network"),
        ("pod_cidr", "fd00::/64", "not an IPv4 network"),
        ("pod_cidr", "10.245.0.0/26", "no room"),
        ("pod_cidr", "10.244.128.0/17", "overlaps the mothership's network 10.244.0.0/16"),
        ("service_cidr", "10.245.8.0/24", "overlaps pod_cidr 10.245.0.0/16"),
        ("service_cidr", "10.98.0.0/30", "not between /12 and /27"),
        ("service_cidr", "10.77.0.0/24", "contains 10.77.0.11"),
        ("dns_domain", "Cluster.Local", "not a DNS name"),
        ("api_port", 443, "outside the node ports of the mothership (30000-32767)"),
        ("konnectivity_port", 40000, "outside the node ports"),
    ],
)
def test_what_cannot_be_used_is_named_by_its_path(option: str, value: t.Any, text: str) -> None:
    (problem,) = problems({"name": "a", option: value})
    assert problem.startswith(f"hosted_clusters[0].{option}: ")
    assert text in problem
    assert "To fix: " in problem


def test_k0s_cannot_share_one_kine() -> None:
    (problem,) = problems({"name": "a", "distribution": "k0s", "kine": "shared"})
    assert "hosted_clusters[0].kine: k0s starts a kine of its own in every pod" in problem
    assert "To fix: use kine: replica" in problem


def test_flags_of_the_collection_are_refused_and_others_are_not() -> None:
    (problem,) = problems({"name": "a", "api_server_extra_args": {"secure-port": 6443, "v": 4}})
    assert problem.startswith("hosted_clusters[0].api_server_extra_args.secure-port: is set by mothership.hcp")
    (problem,) = problems({"name": "a", "api_server_extra_args": {"--v": 4}})
    assert "is not the name of a flag" in problem


def test_labels_of_the_collection_are_refused() -> None:
    (problem,) = problems({"name": "a", "labels": {"app.kubernetes.io/name": "x", "team": "ok"}})
    assert problem.startswith("hosted_clusters[0].labels.app.kubernetes.io/name: is set by mothership.hcp")
    (problem,) = problems({"name": "a", "labels": {"team": "not a value"}})
    assert "is not a Kubernetes label" in problem


def test_every_problem_of_every_cluster_is_told_at_once() -> None:
    told = problems(
        {"name": "A", "replicas": 0}, {"name": "b", "version": "2.0.0"}, {"replicas": 1}, {"name": "c", "x": 1}
    )
    starts = [problem.split(":")[0] for problem in told]
    assert starts == [
        "hosted_clusters[0].name",
        "hosted_clusters[0].replicas",
        "hosted_clusters[1].version",
        "hosted_clusters[2].name",
        "hosted_clusters[3].x",
    ]


def test_names_and_ports_are_unique_among_all() -> None:
    told = problems(
        {"name": "a", "api_port": 30001, "konnectivity_port": 30002},
        {"name": "a"},
        {"name": "b", "api_port": 30002},
    )
    assert told[0].startswith("hosted_clusters[1].name: 'a' is also the name of hosted_clusters[0]")
    assert told[1].startswith("hosted_clusters[2].api_port: 30002 is also a port of a")


def test_the_two_ports_of_a_cluster_differ() -> None:
    (problem,) = problems({"name": "a", "api_port": 30001, "konnectivity_port": 30001})
    assert problem.startswith("hosted_clusters[0].konnectivity_port: 30001 is also the api_port")


def test_version_and_endpoint_are_needed_from_somewhere() -> None:
    with pytest.raises(ManyProblems) as caught:
        parse_clusters([{"name": "a"}, {"name": "b", "version": "1.36.3"}], Surroundings())
    assert [problem.where for problem in caught.value.problems] == ["clusters[0].version", "clusters[1].endpoint"]


def test_a_leading_v_is_understood() -> None:
    assert parse({"name": "a", "version": "v1.35.4"})[0].version == "1.35.4"


def test_numbers_may_be_written_as_text() -> None:
    assert parse({"name": "a", "replicas": "3"})[0].replicas == 3


def test_hosted_clusters_may_share_networks() -> None:
    assert len(parse({"name": "a"}, {"name": "b"})) == 2


def test_another_range_of_node_ports() -> None:
    surroundings = Surroundings(version="1.36.3", endpoint="a.b", node_ports=PortRange(20000, 20100))
    assert parse_clusters([{"name": "a", "api_port": 20100}], surroundings)[0].api_port == 20100
