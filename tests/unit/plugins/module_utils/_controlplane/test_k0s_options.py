# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import (
    ClusterSpec,
    Surroundings,
    parse_clusters,
)
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import ManyProblems


def parse(**options: t.Any) -> ClusterSpec:
    surroundings = Surroundings(version="1.36.3+k0s.2", endpoint="10.77.0.11")
    return parse_clusters([{"name": "a", "distribution": "k0s", **options}], surroundings)[0]


@pytest.mark.parametrize(
    ("options", "where", "remedy"),
    [
        ({"k0s_config": {"api": {"port": 1}}}, "k0s_config.api.port", "api_port"),
        ({"k0s_config": {"network": {"podCIDR": "x"}}}, "k0s_config.network.podCIDR", "pod_cidr"),
        ({"k0s_config": {"storage": {}}}, "k0s_config.storage", "database_host"),
        ({"k0s_config": {"images": {"kubeprox": {}}}}, "k0s_config.images.kubeprox", "kubeproxy"),
        ({"k0s_config": {"networks": {}}}, "k0s_config.networks", "network"),
        ({"k0s_config": {"network": {"kubeRouter": {}}}}, "k0s_config.network.kubeRouter", "kuberouter"),
        ({"k0s_config": {"network": {"provider": "cilium"}}}, "k0s_config.network.provider", "custom"),
        ({"k0s_flags": ["debug"]}, "k0s_flags", "--name=value"),
        ({"k0s_flags": ["--config=/x"]}, "k0s_flags", "remove"),
        ({"k0s_flags": "--debug"}, "k0s_flags", "one item a line"),
        ({"k0s_disable_components": ["kube-dns"]}, "k0s_disable_components", "coredns"),
        ({"kube_proxy_config": {"conntrack": {"maxPerCore": 5}}}, "kube_proxy_config.conntrack", "extraArgs"),
        ({"database_sslmode": "prefer"}, "database_sslmode", "verify-full"),
        ({"database_name": "x"}, "database_name", "database_host"),
        ({"database_host": "h", "database_user": "a b"}, "database_user", "letters"),
        ({"version": "1.36"}, "version", "three numbers"),
    ],
)
def test_what_cannot_work_is_refused(options: dict[str, t.Any], where: str, remedy: str) -> None:
    with pytest.raises(ManyProblems) as caught:
        parse(**options)
    (problem,) = caught.value.problems
    assert problem.where == f"clusters[0].{where}"
    assert remedy in str(problem)


def test_options_of_k0s_are_refused_elsewhere() -> None:
    with pytest.raises(ManyProblems, match="only for distribution k0s"):
        parse(distribution="kubeadm", k0s_config={"images": {}})
    with pytest.raises(ManyProblems, match="is a version of k0s"):
        parse(distribution="kubeadm", version="1.36.3+k0s.2")


def test_the_motherships_k0s_release_is_the_default_for_k0s_and_its_kubernetes_for_others() -> None:
    assert parse().version == "1.36.3+k0s.2"
    assert parse().kubernetes_version == "1.36.3"
    assert parse(distribution="kubeadm").version == "1.36.3"


def test_names_in_somebody_elses_database() -> None:
    spec = parse(database_host="pg", database_name="old", database_user="u")
    assert (spec.database, spec.login) == ("old", "u")
    assert parse(database_host="pg", database_name="old").login == "old"
    assert parse().login == "hcp_a_a"
