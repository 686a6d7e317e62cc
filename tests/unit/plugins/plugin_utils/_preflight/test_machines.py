# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import machines
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.machines import Needs

GOOD: dict[str, Any] = {
    "machine_id": "1",
    "os": {"id": "debian", "version": "12", "name": "Debian 12"},
    "python": "3.11.2",
    "architecture": "amd64",
    "memory": 4 * 1024**3,
    "disk_free": {"/": 10**10, "/var/lib": 10**10},
    "listening_ports": [22],
    "units": {"kubelet": "absent", "postgresql": "absent"},
    "programs": {"runc": True, "iptables": True, "mount": True, "ip": True, "dpkg": True},
    "kubeadm": {"initialised": False, "joined": False, "interrupted": False},
    "versions": {"kubelet": None},
    "systemd": True,
}
CONTROL_PLANE = Needs(control_plane=True, node=True, architecture="amd64", kubernetes_version="1.36.3")


def texts(changes: dict[str, Any], needs: Needs = CONTROL_PLANE) -> list[str]:
    return [str(problem) for problem in machines.machine_problems("m1", {**GOOD, **changes}, needs)]


def test_a_good_machine_has_no_problem() -> None:
    assert texts({}) == []
    assert texts({}, Needs(postgresql=True, architecture="amd64")) == []


@pytest.mark.parametrize(
    ("system", "good"),
    [
        (("debian", "11"), False),
        (("debian", "13"), True),
        (("ubuntu", "22.04"), True),
        (("ubuntu", "20.04"), False),
        (("fedora", "42"), False),
        (("debian", ""), False),
    ],
)
def test_supported_systems(system: tuple[str, str], good: bool) -> None:
    assert (texts({"os": {"id": system[0], "version": system[1]}}) == []) is good


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"python": "3.8.10"}, "has Python 3.8.10"),
        ({"architecture": "arm64"}, "is arm64, the bundle is for amd64"),
        ({"memory": 10**9}, "of memory"),
        ({"listening_ports": [22, 6443]}, "port 6443 is in use"),
        ({"listening_ports": [10250]}, "kubelet needs it"),
        ({"programs": {"runc": False}}, "lacks runc"),
        ({"systemd": False}, "does not run systemd"),
    ],
)
def test_each_problem_is_told(changes: dict[str, Any], said: str) -> None:
    (text,) = texts(changes)
    assert text.startswith("machine m1: ")
    assert said in text
    assert "To fix:" in text


def test_a_full_disk_is_told_until_the_machine_is_installed() -> None:
    needs = Needs(node=True, architecture="amd64", bundle_bytes=10**10, kubernetes_version="1.36.3")
    assert "are needed" in texts({}, needs)[0]
    assert texts({"versions": {"kubelet": "1.36.3"}}, needs) == []


def test_our_own_ports_are_no_problem() -> None:
    assert texts({"listening_ports": [6443, 10250], "kubeadm": {"initialised": True}}) == []
    database = Needs(postgresql=True)
    assert texts({"listening_ports": [5432], "units": {"postgresql": "active"}}, database) == []
    assert "PostgreSQL needs it" in texts({"listening_ports": [5432]}, database)[0]


K0S = Needs(control_plane=True, node=True, architecture="amd64", kubernetes_version="1.36.3", distribution="k0s")
NO_K0S = {"k0scontroller": "absent", "k0sworker": "absent"}


def test_ports_of_k0s_are_foreign_until_its_service_is_there() -> None:
    busy = {"listening_ports": [6443, 9443, 10250]}
    found = texts({**busy, "units": NO_K0S}, K0S)
    assert [text.split("port ")[1].split(" ")[0] for text in found] == ["6443", "9443", "10250"]
    assert texts({**busy, "units": {**NO_K0S, "k0scontroller": "active"}}, K0S) == []
    assert texts({**busy, "units": {}}, K0S) == []


def test_a_machine_keeps_the_distribution_that_it_was_made_with() -> None:
    (text,) = texts({"units": NO_K0S, "kubeadm": {"joined": True}}, K0S)
    assert "was set up with kubeadm, but its cluster is to run k0s" in text
    (text,) = texts({"units": {**NO_K0S, "k0sworker": "active"}})
    assert "was set up with k0s, but its cluster is to run kubeadm" in text
    assert texts({"units": {"k0sworker": "active"}, "listening_ports": [10250]}, K0S) == []


def test_a_k0s_with_payload_brings_runc_and_iptables() -> None:
    changes = {"units": NO_K0S, "programs": {"runc": False, "iptables": False, "mount": True, "ip": True}}
    assert "lacks runc, iptables" in texts(changes, K0S)[0]
    assert texts(changes, dataclasses.replace(K0S, k0s_has_payload=True)) == []


def test_a_stopped_database_is_a_note() -> None:
    notes = machines.machine_notes("db1", {"units": {"postgresql": "inactive"}}, Needs(postgresql=True))
    assert notes == ["PostgreSQL on db1 is installed and does not run: it will be started"]


def test_only_a_certain_skew_is_told() -> None:
    assert machines.skew_problems({"a": 100.0, "b": 96.0, "c": 111.0}, 100.0, 108.0) == []
    behind, ahead = machines.skew_problems({"a": 40.0, "b": 170.0}, 100.0, 108.0)
    assert "60 s behind the controller's" in str(behind)
    assert "62 s ahead of the controller's" in str(ahead)


def test_clones_are_a_note() -> None:
    assert machines.shared_machine_ids({"a": {"machine_id": "1"}, "b": {"machine_id": "2"}}) == []
    assert (
        "a and b have the same" in machines.shared_machine_ids({"a": {"machine_id": "1"}, "b": {"machine_id": "1"}})[0]
    )
