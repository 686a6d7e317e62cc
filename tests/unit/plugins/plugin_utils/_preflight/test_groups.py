# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.groups import (
    group_notes,
    group_problems,
    members_of,
    workers_group,
)

GOOD = {"mothership_control_plane": ["ms1"], "postgresql": ["db1"], "workers_tenant_a": ["w1"]}


def texts(groups: dict[str, list[str]], clusters: list[str]) -> list[str]:
    return [str(problem) for problem in group_problems(groups, clusters)]


def test_a_good_inventory_has_no_problem() -> None:
    assert texts(GOOD, ["tenant-a"]) == []
    assert group_notes(GOOD, ["tenant-a"]) == []


def test_empty_groups_are_told() -> None:
    found = texts({}, ["tenant-a"])
    assert [text.partition(":")[0] for text in found] == ["group mothership_control_plane", "group postgresql"]


def test_an_external_database_needs_no_group() -> None:
    groups = {"mothership_control_plane": ["ms1"]}
    assert group_problems(groups, ["tenant-a"], external_database=True) == []


def test_several_control_plane_machines_are_for_k0s() -> None:
    several = {**GOOD, "mothership_control_plane": ["ms1", "ms2"]}
    (text,) = texts(several, ["tenant-a"])
    assert "has 2 machines; with kubeadm" in text
    assert group_problems(several, ["tenant-a"], several_control_planes=True) == []


def test_workers_of_no_cluster_are_a_problem_with_a_hint() -> None:
    (text,) = texts({**GOOD, "workers_tenant_aa": ["w2"]}, ["tenant-a"])
    assert "there is no hosted cluster tenant-aa" in text
    assert "rename it to workers_tenant_a" in text


def test_a_cluster_without_workers_is_a_note() -> None:
    assert group_notes(GOOD, ["tenant-a", "b"]) == ["hosted cluster b has no workers: group workers_b is empty"]


def test_a_misspelt_group_is_noticed() -> None:
    assert "did you mean postgresql?" in texts({**GOOD, "postgresq": ["db2"]}, ["tenant-a"])[0]
    assert texts({**GOOD, "web_servers": ["x"]}, ["tenant-a"]) == []


def test_a_machine_in_two_clusters_is_refused() -> None:
    (text,) = texts({**GOOD, "mothership_workers": ["w1"]}, ["tenant-a"])
    assert "machine w1: is in the mothership and in group workers_tenant_a" in text


def test_workers_group_has_underscores() -> None:
    assert workers_group("tenant-a") == "workers_tenant_a"


def test_machines_of_all_database_servers() -> None:
    known = {"postgresql": ["db1"], "postgresql_b": ["db2", "db3"], "postgresqlx": ["x"]}
    assert members_of(known, "postgresql") == ["db1", "db2", "db3"]
    assert members_of(known, "postgresqlx") == ["x"]
    assert members_of(known, "load_balancers") == []
