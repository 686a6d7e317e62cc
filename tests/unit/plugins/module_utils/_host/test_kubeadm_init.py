# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed, InvalidInput, TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._host import kubeadm, kubeadm_init
from ansible_collections.mothership.hcp.plugins.module_utils._host.kubeadm import ClusterSettings
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Completed

from .fake_machine import FakeMachine

SETTINGS = ClusterSettings(
    name="mothership",
    version="1.36.3",
    node_name="ms1",
    advertise_address="10.77.0.11",
    endpoint="10.77.0.11",
    port=6443,
    pod_cidr="10.244.0.0/16",
    service_cidr="10.96.0.0/16",
    dns_domain="cluster.local",
    coredns_tag="v1.15.0",
    etcd_tag="3.7.3-0",
)
ADMIN = "clusters:\n- cluster:\n    server: https://10.77.0.11:6443\n"
MARKER = kubeadm.marker("init")
ADDONS = "kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /apis/apps"


def virgin() -> FakeMachine:
    machine = FakeMachine(programs=["kubeadm"])
    machine.answer("kubelet --version", "Kubernetes v1.36.3\n")
    machine.answer("kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /readyz", "ok")
    machine.answer(ADDONS, "{}")
    machine.effect("kubeadm init", lambda: machine.put(kubeadm.ADMIN_CONFIG, ADMIN))
    return machine


def run(machine: FakeMachine, settings: ClusterSettings = SETTINGS, *, check_mode: bool = False) -> dict[str, object]:
    return kubeadm_init.run(machine, settings, check_mode=check_mode, timeout=0.1)


def test_check_mode_makes_no_mutating_call() -> None:
    machine = virgin()
    planned = run(machine, check_mode=True)
    assert planned["changed"]
    assert machine.mutations == []
    done = run(machine)
    assert done["plan"] == planned["plan"]
    assert done["diff"] == planned["diff"]
    assert f"run kubeadm init --config {kubeadm.INIT_CONFIG}" in machine.mutations


def test_check_mode_on_a_machine_with_nothing_but_an_operating_system() -> None:
    assert run(FakeMachine(), check_mode=True)["plan"] == [{"action": "create", "target": "control plane mothership"}]


def test_a_second_run_changes_nothing() -> None:
    machine = virgin()
    run(machine)
    machine.mutations.clear()
    again = run(machine)
    assert (again["changed"], machine.mutations) == (False, [])
    assert again["server"] == "https://10.77.0.11:6443"


def test_the_configuration_is_private_and_the_token_stays_nowhere() -> None:
    machine = virgin()
    tokens: list[str] = []

    def note_token() -> None:
        documents = machine.read_text(kubeadm.INIT_CONFIG) or ""
        first = json.loads(documents.split("---\n")[0])
        tokens.append(first["bootstrapTokens"][0]["token"])
        machine.put(kubeadm.ADMIN_CONFIG, ADMIN)

    machine.effect("kubeadm init", note_token)
    result = run(machine)
    assert len(tokens[0]) == 23
    assert tokens[0] not in json.dumps(result)
    assert tokens[0] not in str(machine.files)
    assert machine.files[kubeadm.INIT_CONFIG].mode == 0o600


def test_an_interrupted_init_is_reset_and_begun_again() -> None:
    machine = virgin()
    machine.put(MARKER)
    planned = run(machine, check_mode=True)
    assert [change["action"] for change in planned["plan"]] == ["delete", "create"]  # type: ignore[attr-defined]
    run(machine)
    lines = [line for line in machine.mutations if line.startswith("run kubeadm")]
    assert [line.split()[2] for line in lines] == ["reset", "init"]
    assert MARKER not in machine.files


def test_a_control_plane_that_a_person_finished_is_not_reset() -> None:
    machine = virgin()
    machine.put(MARKER)
    machine.put(kubeadm.ADMIN_CONFIG, ADMIN)
    assert not run(machine)["changed"]
    assert machine.mutations == [f"remove {MARKER}"]


def test_one_that_lacks_its_addons_is_reset() -> None:
    machine = virgin()
    machine.put(MARKER)
    machine.put(kubeadm.ADMIN_CONFIG, ADMIN)
    machine.answer(ADDONS, Completed(1, "", "NotFound"))
    assert run(machine)["changed"]


def test_a_failure_says_why_and_leaves_the_marker() -> None:
    machine = virgin()
    said = "[init] Using\n\t[ERROR Port-6443]: Port 6443 is in use\nerror: error execution phase preflight"
    machine.answer("kubeadm init", Completed(1, "", said))
    with pytest.raises(CommandFailed) as caught:
        run(machine)
    assert "[ERROR Port-6443]: Port 6443 is in use" in str(caught.value)
    assert "[init] Using" not in str(caught.value)
    assert MARKER in machine.files


def test_an_api_server_that_does_not_answer() -> None:
    machine = virgin()
    machine.answer("kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /readyz", Completed(1, "", "refused"))
    with pytest.raises(TimedOut, match=r"(?s)refused.*journalctl -u kubelet"):
        run(machine)


def test_what_cannot_work_is_refused_before_any_change() -> None:
    worker = virgin()
    worker.put(kubeadm.KUBELET_CONFIG, "    server: https://10.0.0.9:6443\n")
    with pytest.raises(InvalidInput, match=r"worker of https://10.0.0.9:6443"):
        run(worker)
    other = virgin()
    other.put(kubeadm.ADMIN_CONFIG, ADMIN)
    with pytest.raises(InvalidInput, match=r"asked for was https://example.com:6443"):
        run(other, dataclasses.replace(SETTINGS, endpoint="example.com"))
    older = virgin()
    older.answer("kubelet --version", "Kubernetes v1.35.4\n")
    with pytest.raises(CommandFailed, match=r"kubelet 1.35.4 is installed"):
        run(older)
    assert worker.mutations == other.mutations == older.mutations == []


def test_the_taint_and_extra_configuration() -> None:
    settings = dataclasses.replace(SETTINGS, taint=True, kubelet_config={"failSwapOn": False}, ignored_errors=("Swap",))
    init, cluster, kubelet, _proxy = kubeadm.init_documents(settings, "a.b")
    assert init["nodeRegistration"]["taints"] == [kubeadm.CONTROL_PLANE_TAINT]
    assert init["nodeRegistration"]["ignorePreflightErrors"] == ["Swap"]
    assert kubelet["failSwapOn"] is False
    assert cluster["dns"] == {"imageRepository": "registry.k8s.io/coredns", "imageTag": "v1.15.0"}
    assert kubeadm.host_and_port("fd00::1", 6443) == "[fd00::1]:6443"
