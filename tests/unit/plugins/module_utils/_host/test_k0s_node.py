# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._host import k0s_binary, k0s_node
from ansible_collections.mothership.hcp.plugins.module_utils._host.images import Image
from ansible_collections.mothership.hcp.plugins.module_utils._host.k0s_node import K0sNodeSettings
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Completed

from .k0s_frame import VERSION, K0sMachine

SETTINGS = K0sNodeSettings(VERSION)
IMAGE = Image("registry.k8s.io/pause:3.10.2", "sha256:0123456789abcdef", "/var/lib/mothership-hcp/images/pause.tar")
LINK = "/var/lib/k0s/images/mothership-hcp-0123456789ab-pause.tar"


def prepared(*, payload: bool = False) -> K0sMachine:
    machine = K0sMachine(payload=payload)
    machine.put(IMAGE.file)
    for name in ("bridge", "host-local", "loopback", "portmap", "flannel"):
        machine.put(f"/opt/cni/bin/{name}")
    if not payload:
        machine.programs |= {"kubelet", "containerd", "containerd-shim-runc-v2"}
    for name in ("overlay", "br_netfilter", "nf_conntrack"):
        machine.put(f"/sys/module/{name}/x")
    machine.put("/proc/sys/net/ipv4/ip_forward", "1\n")
    machine.put("/proc/sys/net/bridge/bridge-nf-call-iptables", "1\n")
    machine.put("/proc/sys/net/bridge/bridge-nf-call-ip6tables", "1\n")
    machine.put("/proc/sys/fs/inotify/max_user_instances", "128\n")
    machine.put("/proc/sys/fs/inotify/max_user_watches", "600000\n")
    machine.effect(
        "sysctl --quiet --write fs.inotify.max_user_instances=512",
        lambda: machine.put("/proc/sys/fs/inotify/max_user_instances", "512\n"),
    )
    return machine


def run(machine: K0sMachine, settings: K0sNodeSettings = SETTINGS, **how: t.Any) -> dict[str, t.Any]:
    return k0s_node.run(machine, settings, [IMAGE], **{"check_mode": False, **how})


@pytest.mark.parametrize("payload", [False, True])
def test_check_mode_makes_no_mutating_call(payload: bool) -> None:
    machine = prepared(payload=payload)
    planned = run(machine, check_mode=True)
    assert (planned["changed"], planned["payload"], planned["version"]) == (True, payload, VERSION)
    assert machine.mutations == []
    done = run(machine)
    assert done["plan"] == planned["plan"]
    assert machine.links[LINK] == IMAGE.file
    assert ("/var/lib/k0s/bin/xtables-nft-multi" in machine.links) is not payload


@pytest.mark.parametrize("restrict", [False, True])
@pytest.mark.parametrize("control_plane", [False, True])
def test_a_second_run_changes_nothing(control_plane: bool, restrict: bool) -> None:
    machine = prepared()
    if control_plane:
        machine.programs |= {"kube-apiserver", "kube-controller-manager", "kube-scheduler", "konnectivity-server"}
    settings = dataclasses.replace(SETTINGS, control_plane=control_plane, restrict_oom_score_adj=restrict)
    run(machine, settings)
    machine.mutations.clear()
    assert not run(machine, settings)["changed"]
    assert machine.mutations == []
    assert ("fs.inotify.max_user_instances = 512" in machine.written["/etc/sysctl.d/90-mothership-hcp.conf"]) is (
        control_plane
    )
    oom = f"restrict_oom_score_adj = {str(restrict).lower()}"
    assert oom in machine.written["/etc/k0s/containerd.d/mothership-hcp.toml"]


def test_limits_that_are_higher_stay() -> None:
    machine = prepared()
    machine.programs |= {"kube-apiserver", "kube-controller-manager", "kube-scheduler", "konnectivity-server"}
    run(machine, dataclasses.replace(SETTINGS, control_plane=True))
    assert "fs.inotify.max_user_watches = 600000" in machine.written["/etc/sysctl.d/90-mothership-hcp.conf"]
    assert machine.lines("sysctl") == ["run sysctl --quiet --write fs.inotify.max_user_instances=512"]


def test_a_limit_that_cannot_be_raised_is_a_notice() -> None:
    machine = prepared()
    machine.programs |= {"kube-apiserver", "kube-controller-manager", "kube-scheduler", "konnectivity-server"}
    machine.answer("sysctl", Completed(1, "", "permission denied"))
    notices = run(machine, dataclasses.replace(SETTINGS, control_plane=True))["notices"]
    assert notices == ["fs.inotify.max_user_instances stays 128 and should be 512: permission denied"]


def test_an_image_with_another_digest_is_a_new_link() -> None:
    machine = prepared()
    run(machine)
    newer = dataclasses.replace(IMAGE, digest="sha256:fedcba9876543210")
    result = k0s_node.run(machine, SETTINGS, [newer], check_mode=False)
    assert [change["action"] for change in result["plan"]] == ["create", "delete"]
    assert LINK not in machine.links
    machine.links["/var/lib/k0s/images/of-the-user.tar"] = "/x"
    assert not k0s_node.run(machine, SETTINGS, [newer], check_mode=False)["changed"]


def test_without_the_pod_network_none_is_written() -> None:
    machine = prepared()
    for name in machine.read_names("/opt/cni/bin"):
        del machine.files[f"/opt/cni/bin/{name}"]
    run(machine, dataclasses.replace(SETTINGS, pod_network=False))
    assert not machine.is_present("/etc/cni/net.d")


def test_what_is_missing_is_named() -> None:
    machine = prepared()
    machine.programs -= {"kubelet"}
    del machine.files["/opt/cni/bin/portmap"]
    with pytest.raises(HcpError, match="not on this machine: kubelet, /opt/cni/bin/portmap"):
        run(machine)
    machine = prepared()
    machine.programs -= {"runc", "ip"}
    with pytest.raises(InvalidInput, match="missing: iproute2 runc"):
        run(machine, install_packages=False)
    del machine.files[k0s_binary.STAGED]
    with pytest.raises(HcpError, match="the k0s binary is not on this machine"):
        run(machine)
    assert run(machine, check_mode=True)["version"] == VERSION
    assert machine.mutations == []


def test_a_payload_needs_no_programs() -> None:
    machine = prepared(payload=True)
    machine.programs -= {"runc"}
    assert not machine.lines("apt-get")
    assert run(machine)["payload"]


def test_a_node_of_kubeadm_is_refused() -> None:
    machine = prepared()
    machine.put("/etc/kubernetes/kubelet.conf")
    with pytest.raises(InvalidInput, match="a node that kubeadm made"):
        run(machine)
    assert machine.mutations == []
