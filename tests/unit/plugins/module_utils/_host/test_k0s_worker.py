# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import InvalidInput, TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._host import k0s_binary, k0s_service, k0s_worker
from ansible_collections.mothership.hcp.plugins.module_utils._host.k0s_worker import WorkerSettings

from .k0s_frame import VERSION, K0sMachine

TOKEN = "abcdef.0123456789abcdef"
SETTINGS = WorkerSettings("w1", "https://10.77.0.11:31443", "Y2E=", TOKEN, control_plane_version="v1.36.3+k0s")
LOOK = dataclasses.replace(SETTINGS, token="")
TOKEN_FILE = "/run/mothership-hcp/k0s-worker-token"
SERVICE = "k0sworker.service"


def prepared() -> K0sMachine:
    """A machine on which k0s joins as soon as it starts."""
    machine = K0sMachine()
    machine.put("/etc/machine-id", "4711\n")

    def join() -> None:
        machine.put(k0s_service.KUBELET_CONFIG, f"    server: {SETTINGS.server}\n")
        machine.put(k0s_service.STATUS_SOCKET)

    machine.starts("worker", join)
    machine.answer("ip -j link", "[]")
    return machine


def run(machine: K0sMachine, settings: WorkerSettings = SETTINGS, **how: t.Any) -> dict[str, t.Any]:
    return k0s_worker.run(machine, settings, **{"check_mode": False, "timeout": 1, **how})


def changed(**values: t.Any) -> WorkerSettings:
    return dataclasses.replace(LOOK, **values)


def test_check_mode_makes_no_mutating_call() -> None:
    machine = prepared()
    planned = run(machine, check_mode=True)
    assert (planned["changed"], planned["needed"], planned["joined"]) == (True, True, False)
    assert machine.mutations == []
    done = run(machine)
    assert done["plan"] == planned["plan"]
    assert (done["joined"], done["machine_id"], done["version"]) == (True, "4711", VERSION)
    assert machine.lines("systemctl start") == [f"run systemctl start {SERVICE}"]


def test_without_a_token_the_machine_is_only_looked_at() -> None:
    machine = prepared()
    found = run(machine, LOOK)
    assert (found["needed"], found["joined"], found["outdated"], machine.mutations) == (True, False, False, [])


@pytest.mark.parametrize("settings", [SETTINGS, LOOK])
def test_a_worker_of_this_cluster_is_left_alone(settings: WorkerSettings) -> None:
    machine = prepared()
    run(machine)
    machine.mutations.clear()
    again = run(machine, settings)
    assert (again["changed"], again["needed"], again["joined"], machine.mutations) == (False, False, True, [])


def test_the_token_is_private_and_gone_afterwards() -> None:
    machine = prepared()
    join = machine._effects[0][1]
    modes: dict[str, int] = {}
    machine.starts("worker", lambda: (modes.update({TOKEN_FILE: machine.files[TOKEN_FILE].mode}), join()))
    result = run(machine)
    assert modes == {TOKEN_FILE: 0o600}
    kubeconfig = json.loads(gzip.decompress(base64.b64decode(machine.written[TOKEN_FILE])))
    assert kubeconfig["users"] == [{"name": "kubelet-bootstrap", "user": {"token": TOKEN}}]
    assert kubeconfig["clusters"][0]["cluster"]["server"] == SETTINGS.server
    assert TOKEN_FILE not in machine.files
    assert TOKEN not in json.dumps(result) + str(machine.mutations) + str(machine.asked)


def test_the_token_is_gone_after_a_failure_too() -> None:
    machine = prepared()
    machine.starts("worker", lambda: None)
    machine.answer("journalctl", "Error: no profile named x\n")
    with pytest.raises(TimedOut, match=r"the kubelet's certificate did not come within .*\nError: no profile named x"):
        run(machine, timeout=0.1)
    assert TOKEN_FILE not in machine.files


def test_a_join_that_was_interrupted_is_finished() -> None:
    machine = prepared()
    join = machine._effects[0][1]
    machine.starts("worker", lambda: None)
    with pytest.raises(TimedOut):
        run(machine, timeout=0.1)
    machine.starts("worker", join)
    machine.mutations.clear()
    done = run(machine)
    assert [change["action"] for change in done["plan"]] == ["delete", "create"]
    assert machine.lines("systemctl st") == [f"run systemctl stop {SERVICE}", f"run systemctl start {SERVICE}"]
    assert not run(machine)["changed"]


def test_a_token_that_was_left_behind_is_removed() -> None:
    machine = prepared()
    run(machine)
    machine.put(TOKEN_FILE, "x")
    assert [change["target"] for change in run(machine, LOOK)["plan"]] == [TOKEN_FILE]
    assert TOKEN_FILE not in machine.files
    assert not run(machine, LOOK)["changed"]


def test_a_worker_whose_node_is_gone_joins_again() -> None:
    machine = prepared()
    run(machine)
    machine.put("/var/lib/cni/networks/cbr0/10.244.1.2", "")
    machine.put("/var/lib/k0s/kubelet/pki/kubelet-client-current.pem")
    machine.mutations.clear()
    done = run(machine, dataclasses.replace(SETTINGS, rejoin=True))
    assert [change["action"] for change in done["plan"]] == ["delete", "create"]
    assert machine.mutations.index(f"run systemctl stop {SERVICE}") < machine.mutations.index(
        f"remove {k0s_service.KUBELET_CONFIG}"
    )
    assert not machine.is_present("/var/lib/cni")
    assert not machine.is_present("/var/lib/k0s/kubelet")


def test_changed_labels_and_arguments_restart_once() -> None:
    machine = prepared()
    run(machine)
    machine.mutations.clear()
    taint = {"key": "gpu", "value": None, "effect": "NoSchedule"}
    settings = changed(labels={"zone": "a"}, taints=(taint,), ignore_preflight_checks=True)
    done = run(machine, settings)
    assert (done["needed"], done["joined"], done["restarts"]) == (False, True, ["k0sworker"])
    (install,) = machine.lines(f"{k0s_binary.INSTALLED} install worker")
    assert install.endswith("--labels=zone=a --taints=gpu=:NoSchedule --ignore-pre-flight-checks --force")
    assert machine.lines("systemctl restart") == [f"run systemctl restart {SERVICE}"]
    assert not run(machine, settings)["changed"]


def test_a_stopped_worker_is_started() -> None:
    machine = prepared()
    run(machine)
    machine.services[SERVICE]["active"] = False
    assert [change["action"] for change in run(machine, LOOK)["plan"]] == ["run"]
    assert not run(machine, LOOK)["changed"]


def test_another_binary_waits_for_the_upgrade() -> None:
    machine = prepared()
    run(machine)
    machine.stage("1.36.4+k0s.0")
    machine.mutations.clear()
    found = run(machine, LOOK)
    assert (found["changed"], found["outdated"], found["version"], machine.mutations) == (False, True, VERSION, [])
    done = run(machine, changed(upgrade=True))
    assert (done["outdated"], done["version"], done["restarts"]) == (False, "1.36.4+k0s.0", ["k0sworker"])
    order = [line for line in machine.mutations if "systemctl st" in line or line.startswith("copy")]
    assert order == [f"run systemctl stop {SERVICE}", "copy /usr/local/bin/k0s", f"run systemctl start {SERVICE}"]
    assert not run(machine, changed(upgrade=True))["changed"]


def test_a_changed_program_of_the_bundle_waits_for_the_upgrade() -> None:
    machine = prepared()
    machine.put("/usr/local/bin/kubelet", "old")
    run(machine)
    machine.put("/usr/local/bin/kubelet", "new")
    found = run(machine, LOOK)
    assert (found["changed"], found["outdated"]) == (False, True)
    done = run(machine, changed(upgrade=True))
    assert (done["outdated"], done["restarts"]) == (False, ["k0sworker"])
    assert not run(machine, LOOK)["outdated"]


@pytest.mark.parametrize("plane", ["v1.35.7+k0s", "v1.37.0"])
def test_the_minor_versions_must_be_equal(plane: str) -> None:
    machine = prepared()
    with pytest.raises(InvalidInput, match=r"k0s 1\.36\.3\+k0s\.2 cannot run a worker of a control plane of version"):
        run(machine, dataclasses.replace(SETTINGS, control_plane_version=plane))
    assert machine.mutations == []
    run(machine)
    assert not run(machine, changed(control_plane_version=plane))["changed"], "one that runs is left alone"
    with pytest.raises(InvalidInput, match="cannot run a worker"):
        run(machine, changed(control_plane_version=plane, labels={"a": "b"}))


def test_a_token_that_is_refused_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(k0s_worker, "_TOKEN_PATIENCE", 0.1)
    machine = prepared()
    machine.https_answers = [401]
    with pytest.raises(InvalidInput, match="does not accept the token: it is wrong, or has expired"):
        run(machine)
    machine.https_answers = [ConnectionRefusedError(111, "Connection refused")]
    with pytest.raises(TimedOut, match=r"no answer from https://10\.77\.0\.11:31443: .*refused"):
        run(machine)
    assert machine.mutations == []


def test_a_token_that_is_not_known_yet_is_waited_for() -> None:
    machine = prepared()
    machine.https_answers = [401, 200]
    assert run(machine, timeout=10)["joined"]
    assert machine.asked.count("https://10.77.0.11:31443/version") == 2


def test_what_cannot_work_is_refused_before_any_change() -> None:
    other = prepared()
    other.put(k0s_service.KUBELET_CONFIG, "    server: https://10.9.9.9:6443\n")
    with pytest.raises(InvalidInput, match=r"worker of the cluster at https://10.9.9.9:6443 already"):
        run(other)
    plane = prepared()
    plane.put(k0s_service.ADMIN_CONFIG, "")
    with pytest.raises(InvalidInput, match="is a control plane"):
        run(plane)
    node = prepared()
    node.put("/etc/kubernetes/kubelet.conf", "")
    with pytest.raises(InvalidInput, match="a node that kubeadm made"):
        run(node)
    virgin = prepared()
    del virgin.files[k0s_binary.STAGED]
    with pytest.raises(Exception, match="the k0s binary is not on this machine"):
        run(virgin)
    assert run(virgin, check_mode=True)["needed"]
    assert other.mutations == plane.mutations == node.mutations == virgin.mutations == []
