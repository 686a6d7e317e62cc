# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec, Surroundings
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import clusters
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.sources import Sources

SURROUNDINGS = Surroundings(version="1.36.3", endpoint="192.0.2.11", networks=("10.244.0.0/16", "10.96.0.0/16"))


def test_paths_are_taken_apart() -> None:
    assert clusters.value_path("hosted_clusters[0].api_server_extra_args.v") == (
        "hosted_clusters",
        0,
        "api_server_extra_args",
        "v",
    )


def test_unknown_keys_are_told_and_left_out() -> None:
    given = [{"name": "a", "pod_cidrr": "x"}, "tenant-b", {"name": "c", "zzzzzz": 1}]
    kept, problems = clusters.unknown_keys(given, ["name", "pod_cidr"])
    assert kept == [{"name": "a"}, {"name": "c"}]
    assert [str(problem).partition(". To fix")[0] for problem in problems] == [
        "hosted_clusters[0].pod_cidrr: unknown option, did you mean pod_cidr?",
        "hosted_clusters[1]: is no mapping",
        "hosted_clusters[2].zzzzzz: unknown option of a hosted cluster",
    ]


def test_all_problems_of_the_control_planes_room_are_kept() -> None:
    specs, problems = clusters.parsed([{"name": "A"}, {"name": "b", "pod_cidr": "10.244.0.0/20"}], SURROUNDINGS)
    assert specs == []
    assert [problem.where for problem in problems] == ["hosted_clusters[0].name", "hosted_clusters[1].pod_cidr"]


def test_good_clusters_are_parsed() -> None:
    specs, problems = clusters.parsed([{"name": "a"}], SURROUNDINGS)
    assert ([spec.name for spec in specs], problems) == (["a"], [])


def test_versions() -> None:
    assert clusters.version_problems("mothership_version", "1.36.3") == []
    assert "not of the form" in str(clusters.version_problems("v", "1.36")[0])
    assert "is not supported" in str(clusters.version_problems("v", "1.20.1")[0])


def test_a_mothership_on_k0s_may_name_its_release() -> None:
    assert clusters.version_problems("v", "1.36.3+k0s.2", "k0s") == []
    assert clusters.version_problems("v", "1.36.3", "k0s") == []
    assert "not of the form" in str(clusters.version_problems("v", "1.36.3+k0s.2")[0])


def test_the_skew_of_kubelets_is_a_matter_of_kubeadm_only() -> None:
    specs = [ClusterSpec("a", "1.35.4", "192.0.2.1", distribution="k0s")]
    assert clusters.skew_problems(specs, "1.36.3") == []


def test_a_kubelet_is_never_newer_than_its_api_server() -> None:
    specs = [ClusterSpec("a", "1.35.4", "192.0.2.1"), ClusterSpec("b", "1.36.3", "192.0.2.1")]
    (problem,) = clusters.skew_problems(specs, "1.36.3")
    assert problem.where == "hosted_clusters[0].version"
    assert clusters.skew_problems(specs, "1.35.4") == []


def test_a_problem_without_a_file_stays_as_it_is() -> None:
    problem = InvalidInput("x", where="hosted_clusters[0].name")
    assert clusters.located(problem, Sources([])) is problem
