# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._host import kubeadm, kubeadm_join
from ansible_collections.mothership.hcp.plugins.module_utils._host.kubeadm_join import JoinSettings
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Completed

from .fake_machine import FakeMachine

TOKEN = "abcdef.0123456789abcdef"
SETTINGS = JoinSettings("w1", "https://10.77.0.11:31443", "Y2E=", TOKEN, control_plane_version="v1.36.3")
JOINED = "    server: https://10.77.0.11:31443\n"


def virgin() -> FakeMachine:
    machine = FakeMachine(programs=["kubeadm"])
    machine.put("/etc/machine-id", "4711\n")
    machine.answer("kubelet --version", "Kubernetes v1.36.3\n")
    machine.effect("kubeadm join", lambda: machine.put(kubeadm.KUBELET_CONFIG, JOINED))
    return machine


def run(machine: FakeMachine, settings: JoinSettings = SETTINGS, *, check_mode: bool = False) -> dict[str, t.Any]:
    return kubeadm_join.run(machine, settings, check_mode=check_mode, timeout=1)


def test_check_mode_makes_no_mutating_call() -> None:
    machine = virgin()
    planned = run(machine, check_mode=True)
    assert (planned["changed"], planned["needed"], planned["joined"]) == (True, True, False)
    assert machine.mutations == []
    done = run(machine)
    assert done["plan"] == planned["plan"]
    assert (done["joined"], done["machine_id"]) == (True, "4711")
    assert "run kubeadm join --config /run/mothership-hcp/kubeadm-join.yaml" in machine.mutations


def test_without_a_token_the_machine_is_only_looked_at() -> None:
    machine = virgin()
    found = run(machine, dataclasses.replace(SETTINGS, token=""))
    assert (found["needed"], found["joined"], machine.mutations) == (True, False, [])


def test_a_worker_of_this_cluster_is_left_alone() -> None:
    machine = virgin()
    run(machine)
    machine.mutations.clear()
    again = run(machine)
    assert (again["changed"], again["joined"], machine.mutations) == (False, True, [])


@pytest.mark.parametrize("fails", [False, True])
def test_the_token_is_private_and_gone_afterwards(fails: bool) -> None:
    machine = virgin()
    modes: dict[str, int] = {}
    machine.effect("kubeadm join", lambda: modes.update({name: file.mode for name, file in machine.files.items()}))
    if fails:
        machine.answer("kubeadm join", Completed(1, "", "error: no route"))
        with pytest.raises(CommandFailed, match="no route"):
            run(machine)
    else:
        assert TOKEN not in json.dumps(run(machine))
    assert modes["/run/mothership-hcp/discovery.conf"] == 0o600
    assert TOKEN in machine.written["/run/mothership-hcp/discovery.conf"]
    assert TOKEN not in str(machine.files)
    assert TOKEN not in str(machine.mutations)
    assert (kubeadm.marker("join") in machine.files) is fails


def test_an_interrupted_join_is_reset_and_begun_again() -> None:
    machine = virgin()
    machine.put(kubeadm.marker("join"))
    machine.put(kubeadm.KUBELET_CONFIG, "    server: https://half.done\n")
    assert [change["action"] for change in run(machine)["plan"]] == ["delete", "create"]
    lines = [line.split()[2] for line in machine.mutations if line.startswith("run kubeadm")]
    assert lines == ["reset", "join"]


def test_a_worker_whose_node_is_gone_joins_again() -> None:
    machine = virgin()
    run(machine)
    machine.put("/var/lib/cni/networks/cbr0/10.244.1.2", "")
    assert run(machine, dataclasses.replace(SETTINGS, rejoin=True))["changed"]
    assert "remove /var/lib/cni" in machine.mutations


def test_what_cannot_work_is_refused_before_any_change() -> None:
    other = virgin()
    other.put(kubeadm.KUBELET_CONFIG, "    server: https://10.9.9.9:6443\n")
    with pytest.raises(InvalidInput, match=r"worker of the cluster at https://10.9.9.9:6443 already"):
        run(other)
    plane = virgin()
    plane.put(kubeadm.ADMIN_CONFIG, "")
    with pytest.raises(InvalidInput, match="is a control plane"):
        run(plane)
    newer = virgin()
    newer.answer("kubelet --version", "Kubernetes v1.37.0-rc.1+abc\n")
    with pytest.raises(InvalidInput, match=r"kubelet has version 1\.37\.0-rc\.1\+abc, newer"):
        run(newer)
    assert other.mutations == plane.mutations == newer.mutations == []


def test_an_older_kubelet_may_join() -> None:
    machine = virgin()
    machine.answer("kubelet --version", "Kubernetes v1.35.4\n")
    assert run(machine)["joined"]
