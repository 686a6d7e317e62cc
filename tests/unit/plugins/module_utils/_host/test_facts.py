# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mothership.hcp.plugins.module_utils._host import facts

from .fake_machine import FakeMachine

TCP = """  sl  local_address rem_address   st
   0: 00000000:0016 00000000:0000 0A 0
   1: 0B004D0A:192B 0B004D0A:D431 01 0
"""


def test_facts_of_a_machine_and_nothing_is_changed() -> None:
    machine = FakeMachine(programs=["runc"])
    machine.put("/etc/os-release", 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n')
    machine.put("/proc/meminfo", "MemTotal:  2048 kB\nMemAvailable: 1024 kB\nSwapTotal: 0 kB\n")
    machine.put("/proc/net/tcp", TCP)
    machine.put("/proc/net/tcp6", TCP.replace("0016", "2379"))
    machine.put("/sys/fs/cgroup/cgroup.controllers")
    machine.put("/proc/sys/net/ipv4/ip_forward", "1\n")
    machine.put("/etc/kubernetes/kubelet.conf")
    machine.put("/var/lib/mothership-hcp/join.started")
    machine.answer("ip -j addr", '[{"addr_info": [{"scope": "global", "local": "10.0.0.1"}, {"scope": "host"}]}]')
    machine.answer("kubelet --version", "Kubernetes v1.36.3\n")
    machine.answer("containerd --version", "containerd github.com/containerd/containerd/v2 v2.4.2 abc\n")
    units = "Id=kubelet.service\nLoadState=loaded\nActiveState=failed\n\nId=ntp.service\nLoadState=not-found\n"
    machine.answer("systemctl show", units)
    found = facts.gather(machine)
    assert machine.mutations == []
    assert found["os"]["version"] == "12"
    assert (found["memory"], found["swap"]) == (2048 * 1024, 0)
    assert found["listening_ports"] == [22, 9081]
    assert found["cgroup_version"] == 2
    assert found["addresses"] == ["10.0.0.1"]
    assert found["versions"] == {"kubelet": "1.36.3", "containerd": "2.4.2"}
    assert found["kubeadm"] == {"initialised": False, "joined": True, "interrupted": True}
    assert (found["units"]["kubelet"], found["units"]["ntp"]) == ("failed", "absent")
    assert (found["programs"]["runc"], found["programs"]["socat"]) == (True, False)
    assert found["sysctls"]["net.ipv4.ip_forward"] == "1"


def test_a_machine_that_tells_nothing() -> None:
    found = facts.gather(FakeMachine())
    assert found["versions"] == {"kubelet": None, "containerd": None}
    assert found["kubeadm"] == {"initialised": False, "joined": False, "interrupted": False}
    assert (found["addresses"], found["listening_ports"], found["memory"]) == ([], [], 0)


def test_postgresql_runs_when_a_cluster_of_it_does() -> None:
    umbrella = "Id=postgresql.service\nLoadState=loaded\nActiveState=inactive\n"
    for own in ("postgresql@15-main", "patroni"):
        machine = FakeMachine()
        machine.answer("systemctl show", f"Id={own}.service\nLoadState=loaded\nActiveState=active\n\n{umbrella}")
        assert facts.gather(machine)["units"]["postgresql"] == "active"
    machine = FakeMachine()
    machine.answer("systemctl show", umbrella)
    assert facts.gather(machine)["units"]["postgresql"] == "inactive"
