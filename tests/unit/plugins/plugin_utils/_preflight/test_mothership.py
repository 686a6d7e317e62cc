# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from typing import Any

from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.mothership import ControlPlane, notes, problems

PLANE = ControlPlane(
    distribution="k0s",
    storage="etcd",
    has_password=False,
    endpoint="api.example.com",
    members={"mothership_control_plane": ["ms1", "ms2", "ms3"], "postgresql": ["db1"], "load_balancers": ["lb1"]},
)


def texts(**changes: Any) -> list[str]:
    return [str(problem) for problem in problems(dataclasses.replace(PLANE, **changes))]


def test_three_machines_on_etcd_behind_a_load_balancer() -> None:
    assert texts() == []
    assert notes(PLANE) == []


def test_kine_needs_a_database_and_its_password() -> None:
    assert texts(storage="kine", has_password=True) == []
    group, password = texts(storage="kine", members={"mothership_control_plane": ["ms1"]})
    assert group.startswith("group postgresql: the group has no machine")
    assert password.startswith("mothership_datastore_password: is required with mothership_storage: kine")


def test_kine_is_not_for_kubeadm() -> None:
    (text,) = texts(distribution="kubeadm", storage="kine")
    assert text.startswith("mothership_storage: kine is only for a mothership on k0s")


def test_a_load_balancer_is_no_node() -> None:
    members = {**PLANE.members, "load_balancers": ["lb1", "w1"], "workers_a": ["w1"]}
    (text,) = texts(members=members)
    assert text.startswith("machine w1: is in group load_balancers and is a node")


def test_what_may_be_an_oversight() -> None:
    two = {**PLANE.members, "mothership_control_plane": ["ms1", "ms2"]}
    endpoint, etcd = notes(dataclasses.replace(PLANE, endpoint="", members=two))
    assert "would be reached at ms1 alone" in endpoint
    assert "an etcd of 2 machines survives the loss of 0, as one of 1 does" in etcd
    assert notes(dataclasses.replace(PLANE, storage="kine", members=two)) == []
