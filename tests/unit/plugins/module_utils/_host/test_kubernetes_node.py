# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput, TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._host import kubernetes_node, node_files
from ansible_collections.mothership.hcp.plugins.module_utils._host.images import Image
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Completed
from ansible_collections.mothership.hcp.plugins.module_utils._host.node_files import NodeSettings

from .fake_machine import FakeMachine

SETTINGS = NodeSettings(sandbox_image="registry.k8s.io/pause:3.10.2")
PAUSE = Image("registry.k8s.io/pause:3.10.2", "sha256:aa", "/images/pause.tar")
_PATHS = [f"/usr/local/bin/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr", "kubelet", "kubeadm")]
_PATHS += [f"/opt/cni/bin/{name}" for name in ("bridge", "host-local", "loopback", "portmap", "flannel")]
RUNNING = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n"
STOPPED = "LoadState=loaded\nActiveState=inactive\nUnitFileState=enabled\n"
IMAGES = "REF TYPE DIGEST SIZE\n"


def machine_with_programs() -> FakeMachine:
    """A machine after bundle_install; services start when they are told to, and images are there once imported."""
    machine = FakeMachine(programs=kubernetes_node.HOST_PROGRAMS)
    for path in [*_PATHS, "/images/pause.tar", "/sys/module/overlay", "/sys/module/br_netfilter"]:
        machine.put(path, path)
    for name in node_files.SYSCTLS:
        machine.put("/proc/sys/" + name.replace(".", "/"), "1\n")
    for name in ("containerd", "kubelet"):
        machine.effect(f"systemctl start {name}", functools.partial(machine.answer, f"systemctl show {name}", RUNNING))
        machine.effect(f"systemctl enable {name}", functools.partial(machine.answer, f"systemctl show {name}", STOPPED))
    machine.answer("ctr version", "")
    machine.answer("ctr --namespace k8s.io images list", IMAGES)
    imported = IMAGES + f"{PAUSE.reference} type {PAUSE.digest} 1KiB\n"
    listing = "ctr --namespace k8s.io images"
    machine.effect(f"{listing} import", lambda: machine.answer(f"{listing} list", imported))
    return machine


def run(machine: FakeMachine, settings: NodeSettings = SETTINGS, **more: bool) -> dict[str, object]:
    options = {"check_mode": False, **more}
    return kubernetes_node.run(machine, settings, [PAUSE], timeout=0.1, **options)


def test_check_mode_makes_no_mutating_call() -> None:
    machine = machine_with_programs()
    planned = run(machine, check_mode=True)
    assert planned["changed"]
    assert machine.mutations == []
    done = run(machine)
    assert done["plan"] == planned["plan"]
    assert len(machine.mutations) > 8


def test_check_mode_on_a_machine_with_nothing_but_an_operating_system() -> None:
    machine = FakeMachine()
    planned = run(machine, check_mode=True)
    assert machine.mutations == []
    targets = [change["target"] for change in planned["plan"]]  # type: ignore[attr-defined]
    for target in ("package runc", "/etc/containerd/config.toml", "containerd.service", f"image {PAUSE.reference}"):
        assert target in targets


def test_a_second_run_changes_and_restarts_nothing() -> None:
    machine = machine_with_programs()
    run(machine)
    machine.answer("systemctl show kubelet", STOPPED)
    machine.mutations.clear()
    again = run(machine)
    assert (again["changed"], again["restarts"], machine.mutations) == (False, [], [])


def test_only_what_changed_restarts() -> None:
    machine = machine_with_programs()
    run(machine)
    machine.put("/var/lib/kubelet/config.yaml")
    machine.answer("systemctl show kubelet", RUNNING)
    again = run(machine, NodeSettings(sandbox_image=SETTINGS.sandbox_image + "-other"))
    assert again["restarts"] == ["containerd"]
    machine.put("/usr/local/bin/kubelet", "newer")
    machine.mutations.clear()
    third = run(machine, NodeSettings(sandbox_image=SETTINGS.sandbox_image + "-other"))
    assert third["restarts"] == ["kubelet"]
    assert "run systemctl restart kubelet.service" in machine.mutations
    assert "run systemctl restart containerd.service" not in machine.mutations


def test_a_run_that_was_killed_before_the_restart_is_made_good() -> None:
    machine = machine_with_programs()
    run(machine)
    changed = NodeSettings(sandbox_image=SETTINGS.sandbox_image, restrict_oom_score_adj=True)
    for file in node_files.node_files(changed):
        machine.put(file.path, file.text, file.mode)
    assert run(machine, changed)["restarts"] == ["containerd"]


def test_a_kubelet_without_configuration_is_enabled_but_not_started() -> None:
    machine = machine_with_programs()
    run(machine)
    assert "run systemctl enable kubelet.service" in machine.mutations
    assert "run systemctl start kubelet.service" not in machine.mutations


def test_packages_are_installed_or_named() -> None:
    machine = machine_with_programs()
    machine.programs -= {"runc", "socat"}
    with pytest.raises(InvalidInput, match="apt-get install runc socat"):
        run(machine, install_packages=False)
    assert machine.mutations == []
    run(machine)
    assert "run apt-get install --yes --no-install-recommends runc socat" in machine.mutations
    assert "run apt-get update" not in machine.mutations
    machine.answer("apt-get install", Completed(100, "", "no mirror"))
    with pytest.raises(InvalidInput, match="no mirror"):
        run(machine)


def test_missing_programs_of_the_bundle_are_named() -> None:
    machine = machine_with_programs()
    machine.remove("/opt/cni/bin/flannel")
    machine.mutations.clear()
    with pytest.raises(HcpError, match=r"/opt/cni/bin/flannel.*bundle_install"):
        run(machine)
    assert machine.mutations == []


def test_a_machine_of_k0s_is_refused() -> None:
    machine = machine_with_programs()
    machine.put("/etc/systemd/system/k0sworker.service")
    with pytest.raises(InvalidInput, match="k0s is installed on this machine"):
        run(machine)
    assert machine.mutations == []


def test_a_containerd_that_does_not_answer() -> None:
    machine = machine_with_programs()
    machine.answer("ctr version", Completed(1, "", "cannot dial"))
    with pytest.raises(TimedOut, match="cannot dial"):
        run(machine)


def test_what_the_kernel_lacks_is_a_notice_and_no_failure() -> None:
    machine = machine_with_programs()
    machine.remove("/sys/module/br_netfilter")
    machine.remove("/proc/sys/net/bridge")
    machine.answer("modprobe br_netfilter", Completed(1, "", "module not found"))
    notices = run(machine)["notices"]
    assert notices[0] == "kernel module br_netfilter could not be loaded: module not found"  # type: ignore[index]
    machine.put("/proc/sys/net/bridge/bridge-nf-call-iptables", "0")
    run(machine)
    assert "run sysctl --quiet --write net.bridge.bridge-nf-call-iptables=1" in machine.mutations


def test_the_oom_score_is_lowered_where_that_is_allowed() -> None:
    def unit(settings: NodeSettings) -> str:
        files = {file.path: file.text for file in node_files.node_files(settings)}
        return files[node_files.CONTAINERD_UNIT]

    assert "OOMScoreAdjust=-999" in unit(SETTINGS)
    assert "OOMScoreAdjust" not in unit(NodeSettings(sandbox_image="x", restrict_oom_score_adj=True))
