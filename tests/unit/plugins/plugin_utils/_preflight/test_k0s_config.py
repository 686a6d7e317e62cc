# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.k0s_config import config_problems

A = ClusterSpec(name="a", version="1.36.3", endpoint="e", distribution="k0s", k0s_config={"apii": {}})
PLAIN = ClusterSpec(name="b", version="1.36.3", endpoint="e")


def refuses(_binary: str, document: str) -> tuple[int, str]:
    """As k0s 1.36 words it."""
    (field,) = json.loads(document)["spec"]
    start = "Error: failed to parse configuration: error unmarshaling JSON: while decoding JSON: "
    return 1, f'time="x" level=info\n{start}json: unknown field "{field}"\n'


def test_each_problem_names_its_cluster_and_the_field() -> None:
    problems = config_problems("k0s", [PLAIN, A], {"api": {}}, refuses)
    assert [problem.where for problem in problems] == ["mothership_k0s_config", "hosted_clusters[1].k0s_config"]
    assert 'unknown field "apii"' in problems[1].message
    assert "decoding" not in problems[1].message


def test_what_is_about_this_controller_is_no_problem_of_the_site() -> None:
    said = "spec: workerProfiles[0].values: Invalid value: kubelet is configured to not run on a host using cgroup v1"
    assert config_problems("k0s", [A], {}, lambda _binary, _document: (1, said)) == []


def test_a_binary_for_other_machines_is_left_to_them() -> None:
    def cannot_run(_binary: str, _document: str) -> tuple[int, str]:
        raise OSError("Exec format error")

    assert config_problems("k0s", [A], {}, cannot_run) == []


def test_nothing_is_asked_when_nothing_was_written() -> None:
    asked: list[t.Any] = []
    assert config_problems("k0s", [PLAIN], {}, lambda *args: asked.append(args) or (0, "")) == []  # type: ignore[func-returns-value]
    assert asked == []


def test_a_field_of_the_mothership_that_k0s_would_pass_over() -> None:
    (problem,) = config_problems("k0s", [], {"api": {"prot": 1}}, lambda _binary, _document: (0, ""))
    assert problem.where == "mothership_k0s_config.api.prot"
    assert "port" in str(problem)
