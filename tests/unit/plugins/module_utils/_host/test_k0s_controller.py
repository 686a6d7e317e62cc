# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed, InvalidInput, TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._host import k0s_binary, k0s_controller, k0s_service
from ansible_collections.mothership.hcp.plugins.module_utils._host.k0s_controller import ControllerSettings
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Completed

from .k0s_frame import VERSION, K0sMachine

SETTINGS = ControllerSettings("mothership", VERSION, "ms1", {"api": {"address": "10.77.0.11", "port": 7443}})
PASSWORD = 'o"p$en\\`1'
TOKEN_FILE = "/run/mothership-hcp/k0s-controller-token"
ENVIRONMENT = "/etc/k0s/datastore.env"
KUBECTL = f"{k0s_binary.INSTALLED} kubectl get --raw"
SERVICE = "k0scontroller.service"


def prepared() -> K0sMachine:
    """A machine on which k0s serves its API as soon as it starts."""
    machine = K0sMachine()

    def serve() -> None:
        machine.put(k0s_service.ADMIN_CONFIG, "    server: https://localhost:7443\n")
        machine.put(k0s_service.KUBELET_CONFIG, "    server: https://localhost:7443\n")
        machine.answer(f"{KUBECTL} /readyz", "ok")
        node = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
        machine.answer(f"{KUBECTL} /api/v1/nodes/ms1", json.dumps(node))
        lease = {"spec": {"renewTime": "2999-01-01T00:00:00.000000Z"}}
        machine.answer(f"{KUBECTL} /apis/coordination.k8s.io", json.dumps(lease))

    machine.starts("controller", serve)
    return machine


def run(machine: K0sMachine, settings: ControllerSettings = SETTINGS, **how: t.Any) -> dict[str, t.Any]:
    return k0s_controller.run(machine, settings, **{"check_mode": False, "timeout": 1, **how})


def changed(**values: t.Any) -> ControllerSettings:
    return dataclasses.replace(SETTINGS, **values)


def test_check_mode_makes_no_mutating_call() -> None:
    machine = prepared()
    planned = run(machine, check_mode=True)
    assert planned["changed"]
    assert machine.mutations == []
    done = run(machine)
    assert done["plan"] == planned["plan"]
    assert (done["server"], done["version"]) == ("https://10.77.0.11:7443", VERSION)
    assert machine.lines("systemctl start") == [f"run systemctl start {SERVICE}"]
    assert machine.files[k0s_controller.CONFIG].mode == 0o600


def test_a_second_run_changes_nothing() -> None:
    machine = prepared()
    run(machine)
    machine.mutations.clear()
    again = run(machine)
    assert (again["changed"], again["restarts"]) == (False, [])
    assert [line for line in machine.mutations if line != f"remove {TOKEN_FILE}"] == []


def test_a_changed_configuration_restarts_once() -> None:
    machine = prepared()
    run(machine)
    machine.mutations.clear()
    settings = changed(config={"api": {"extraArgs": {"max-requests-inflight": "500"}}})
    assert run(machine, settings)["restarts"] == ["k0scontroller"]
    assert machine.lines("systemctl restart") == [f"run systemctl restart {SERVICE}"]
    assert not machine.lines(f"{k0s_binary.INSTALLED} install")
    assert not run(machine, settings)["changed"]


def test_changed_arguments_install_with_force() -> None:
    machine = prepared()
    run(machine)
    machine.mutations.clear()
    settings = changed(taint=True, kubelet_extra_args=("--max-pods=50",), labels={"b": "2", "a": "1"})
    assert run(machine, settings)["restarts"] == ["k0scontroller"]
    (install,) = machine.lines(f"{k0s_binary.INSTALLED} install controller")
    assert install.endswith("--force")
    assert "--no-taints" not in install
    assert "--kubelet-extra-args=--hostname-override=ms1 --max-pods=50" in install
    assert "--labels=a=1,b=2" in install
    assert not run(machine, settings)["changed"]


def test_a_unit_that_somebody_edited_is_written_again() -> None:
    machine = prepared()
    run(machine)
    machine.put(k0s_service.unit_path("controller"), "ExecStart=/bin/true")
    assert run(machine)["restarts"] == ["k0scontroller"]
    assert not run(machine)["changed"]


def test_another_binary_is_put_in_place_while_the_service_is_stopped() -> None:
    machine = prepared()
    run(machine)
    machine.stage("1.36.4+k0s.0")
    machine.mutations.clear()
    done = run(machine, changed(version="1.36.4"))
    assert (done["restarts"], done["version"]) == (["k0scontroller"], "1.36.4+k0s.0")
    order = [line for line in machine.mutations if "systemctl st" in line or line.startswith("copy")]
    assert order == [f"run systemctl stop {SERVICE}", "copy /usr/local/bin/k0s", f"run systemctl start {SERVICE}"]


def test_a_changed_program_of_the_bundle_restarts() -> None:
    machine = prepared()
    machine.put("/usr/local/bin/kube-apiserver", "old")
    run(machine)
    machine.put("/usr/local/bin/kube-apiserver", "new")
    assert run(machine)["restarts"] == ["k0scontroller"]
    assert not run(machine)["changed"]


@pytest.mark.parametrize(("version", "shown"), [("1.35.7+k0s.0", "down"), ("1.38.0+k0s.0", "up one minor version")])
def test_no_way_back_and_no_jump(version: str, shown: str) -> None:
    machine = prepared()
    run(machine)
    machine.stage(version)
    machine.mutations.clear()
    with pytest.raises(InvalidInput, match=shown):
        run(machine, changed(version=version))
    assert machine.mutations == []


@pytest.mark.parametrize("killed_at", [f"systemctl restart {SERVICE}", f"{k0s_binary.INSTALLED} install"])
def test_an_interrupted_run_is_finished(killed_at: str) -> None:
    machine = prepared()
    run(machine)
    settings = changed(config={"api": {}}, taint=True)

    def killed(_argv: t.Sequence[str]) -> Completed:
        raise KeyboardInterrupt

    answers = list(machine._answers)
    machine.answer(killed_at, killed)
    with pytest.raises(KeyboardInterrupt):
        run(machine, settings)
    machine._answers = answers
    assert run(machine, settings)["restarts"] == ["k0scontroller"]
    assert not run(machine, settings)["changed"]


def test_the_configuration_is_validated_before_anything_changes() -> None:
    machine = prepared()
    run(machine)
    machine.mutations.clear()
    reason = 'Error: failed to parse configuration: json: unknown field "apii"'
    machine.answer(f"{k0s_binary.STAGED} config validate", Completed(1, "", reason))
    with pytest.raises(InvalidInput, match='does not accept the configuration: json: unknown field "apii"'):
        run(machine, changed(config={"apii": {}}))
    assert machine.mutations == []
    assert '"apii"' in machine.said_to[f"{k0s_binary.STAGED} config validate --config -"]


def test_the_password_is_in_one_private_file_only() -> None:
    machine = prepared()
    settings = changed(datastore_password=PASSWORD, datastore_ca_certificate="-----BEGIN CERTIFICATE-----\n")
    result = run(machine, settings)
    assert PASSWORD not in json.dumps(result)
    assert PASSWORD not in str(machine.mutations)
    assert machine.files[ENVIRONMENT].mode == 0o600
    assert 'KINE_PGPASSWORD="o\\"p\\$en\\\\\\`1"' in machine.files[ENVIRONMENT].text
    assert "KINE_PGSSLROOTCERT=/etc/k0s/datastore-ca.crt" in machine.files[ENVIRONMENT].text
    assert "k0s.yaml" not in "".join(path for path, file in machine.files.items() if "en\\" in file.text)
    assert not run(machine, settings)["changed"]
    assert run(machine)["restarts"] == ["k0scontroller"]
    assert not machine.is_present(ENVIRONMENT)
    assert not machine.is_present(f"{k0s_service.unit_path('controller')}.d")
    with pytest.raises(InvalidInput, match="line break"):
        run(machine, changed(datastore_password="a\nb"))


def test_a_password_in_the_data_source_is_not_shown() -> None:
    machine = prepared()
    source = "postgres://mothership:geheim@10.77.0.21:5432/m"
    result = run(machine, changed(config={"storage": {"type": "kine", "kine": {"dataSource": source}}}))
    assert "geheim" not in json.dumps(result)
    assert "geheim" in machine.written[k0s_controller.CONFIG]
    assert "geheim" not in json.dumps(run(machine, changed(config={"storage": {}})))


def test_a_token_joins_and_is_gone() -> None:
    machine = prepared()
    seen: dict[str, int] = {}
    serve = machine._effects[0][1]
    machine.starts("controller", lambda: (seen.update({TOKEN_FILE: machine.files[TOKEN_FILE].mode}), serve()))
    result = run(machine, changed(token="H4sIAAAAA"))
    assert seen == {TOKEN_FILE: 0o600}
    assert not machine.is_present(TOKEN_FILE)
    assert "H4sIAAAAA" not in json.dumps(result)
    assert not run(machine)["changed"], "without the token the arguments stay"


def test_what_cannot_work_is_refused_before_any_change() -> None:
    worker = prepared()
    worker.put(k0s_service.KUBELET_CONFIG, "    server: https://10.9.9.9:6443\n")
    with pytest.raises(InvalidInput, match=r"a k0s worker of https://10\.9\.9\.9:6443"):
        run(worker)
    node = prepared()
    node.put("/etc/kubernetes/admin.conf")
    with pytest.raises(InvalidInput, match="a node that kubeadm made"):
        run(node)
    virgin = prepared()
    del virgin.files[k0s_binary.STAGED]
    with pytest.raises(Exception, match="the k0s binary is not on this machine"):
        run(virgin)
    assert run(virgin, check_mode=True)["plan"][-1]["target"] == "control plane mothership"
    assert worker.mutations == node.mutations == virgin.mutations == []


def test_a_time_out_says_what_k0s_said() -> None:
    machine = prepared()
    machine.starts("controller", lambda: None)
    log = 'time="2026-11-22" level=info msg="waiting"\ntime="x" level=error msg="dial \\"db\\": refused"\n'
    machine.answer("journalctl", log)
    kine = 'time="x" level=info msg="\\x1b[31mERRO\\x1b[0m[2026-11-22T18:20:0{}.7Z] no such role" component=kine\n'
    log += kine.format(1) + kine.format(2)
    machine.answer("journalctl", log)
    with pytest.raises(
        TimedOut, match=r'a ready API server did not come within .*said last:\ndial "db": refused\nERRO no such role\.'
    ):
        run(machine, timeout=0.1)


def test_a_service_that_ends_again_and_again_is_not_waited_for() -> None:
    machine = prepared()
    machine.starts("controller", lambda: setattr(machine, "restarts", 3))
    machine.answer("journalctl", "Error: pre-flight check failed: cgroup v1 is not supported\n")
    with pytest.raises(CommandFailed, match=r"ended 4 times .*\nError: pre-flight check failed"):
        run(machine, timeout=60)


def test_a_node_is_ready_when_its_kubelet_was_heard_of_after_the_start() -> None:
    machine = prepared()
    run(machine)
    lease = {"spec": {"renewTime": "2020-01-01T00:00:00.000000Z"}}
    machine.answer(f"{KUBECTL} /apis/coordination.k8s.io", json.dumps(lease))
    assert not run(machine)["changed"], "nothing was started: an old lease will do"
    start = machine._effects[0][1]

    def starts_silently() -> None:
        start()
        machine.answer(f"{KUBECTL} /apis/coordination.k8s.io", json.dumps(lease))

    machine.starts("controller", starts_silently)
    with pytest.raises(TimedOut, match="node ms1 did not come"):
        run(machine, changed(config={}), timeout=0.1)


def test_a_controller_alone_has_no_node() -> None:
    machine = prepared()
    result = run(machine, changed(enable_worker=False, ignore_preflight_checks=True, disable_components=("a", "b")))
    assert "node" not in result["timings"]
    (install,) = machine.lines(f"{k0s_binary.INSTALLED} install")
    assert "--ignore-pre-flight-checks --disable-components=a,b" in install
    assert "kubelet" not in install
