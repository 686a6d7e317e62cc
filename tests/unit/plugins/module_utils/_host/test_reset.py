# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core import balancing
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed
from ansible_collections.mothership.hcp.plugins.module_utils._host import (
    k0s_binary,
    k0s_service,
    reset,
    residue,
)
from ansible_collections.mothership.hcp.plugins.module_utils._host.bundle_target import INDEX

from .fake_machine import FakeMachine

RULES = """*nat
:PREROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:FLANNEL-POSTRTG - [0:0]
:MINE - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -j MINE
-A KUBE-SERVICES -j RETURN
COMMIT
"""


def used_machine() -> FakeMachine:
    """A machine that was a node; every means of getting rid of something works."""
    machine = FakeMachine(programs=["kubeadm"])
    for path in (
        "/etc/kubernetes/kubelet.conf",
        "/var/lib/kubelet/config.yaml",
        "/var/lib/containerd/x",
        "/run/netns/cni-1",
    ):
        machine.put(path)
    machine.put("/etc/systemd/system/kubelet.service")
    machine.put("/etc/mothership-hcp/kubeadm-init.yaml")
    machine.put("/etc/mothership-hcp/postgresql-ca/ca.key")
    machine.put("/usr/local/bin/kubelet")
    machine.put(INDEX, '{"/usr/local/bin/kubelet": {}, "/var/lib/mothership-hcp/images/a.tar": {}}')
    machine.put("/sys/fs/cgroup/memory/kubepods.slice/cgroup.procs")
    machine.put("/proc/10/stat", "10 (containerd-shim-) S 1 1")
    machine.put("/proc/11/stat", "11 (kube) proxy) S 10 1")
    machine.put("/proc/12/stat", "12 (sshd) S 1 1")
    machine.put(
        "/proc/self/mounts", "tmpfs /var/lib/kubelet/pods/a tmpfs rw 0 0\n/dev/x /var/lib/kubelet ext4 rw 0 0\n"
    )
    machine.mount_points |= {"/var/lib/kubelet", "/var/lib/containerd"}
    for name in residue.UNITS:
        machine.answer(f"systemctl show {name}", "active\n")
        machine.effect(f"systemctl disable --now {name}", stopper(machine, name))
    machine.answer("ip -j link", '[{"ifname": "eth0"}, {"ifname": "cni0"}]')
    machine.effect("ip link delete cni0", lambda: machine.answer("ip -j link", '[{"ifname": "eth0"}]'))
    machine.answer("iptables-nft-save", RULES)
    machine.effect("iptables-nft-restore", lambda: machine.answer("iptables-nft-save", ""))
    machine.effect("kill -KILL", lambda: (machine.files.pop("/proc/10/stat"), machine.files.pop("/proc/11/stat")))
    machine.effect("umount", lambda: machine.put("/proc/self/mounts", ""))
    machine.answer("pg_lsclusters", "15 main 5432 online postgres /var/lib/postgresql/15/main\n")
    machine.effect("pg_dropcluster --stop 15 main", lambda: machine.answer("pg_lsclusters", ""))
    return machine


def stopper(machine: FakeMachine, name: str) -> t.Callable[[], None]:
    return lambda: machine.answer(f"systemctl show {name}", "inactive\n")


def run(machine: FakeMachine, *, datastore: bool = False, check_mode: bool = False) -> dict[str, t.Any]:
    return reset.run(machine, datastore=datastore, check_mode=check_mode)


def test_check_mode_makes_no_mutating_call() -> None:
    machine = used_machine()
    planned = run(machine, check_mode=True)
    assert machine.mutations == []
    assert len(planned["residue"]) == len(planned["plan"]) > 10
    done = run(machine)
    assert done["plan"] == planned["plan"]
    assert done["residue"] == []
    assert "run kill -KILL 11 10" in machine.mutations


def test_a_second_run_changes_nothing() -> None:
    machine = used_machine()
    run(machine)
    machine.mutations.clear()
    assert not run(machine)["changed"]
    assert machine.mutations == []


def test_the_database_and_its_ca_stay_unless_asked_for() -> None:
    machine = used_machine()
    run(machine)
    assert "/etc/mothership-hcp/postgresql-ca/ca.key" in machine.files
    assert "/etc/mothership-hcp/kubeadm-init.yaml" not in machine.files
    assert run(machine, datastore=True, check_mode=True)["residue"] == [
        "folder /etc/mothership-hcp",
        "PostgreSQL cluster 15 main",
    ]
    run(machine, datastore=True)
    assert "/etc/mothership-hcp/postgresql-ca/ca.key" not in machine.files
    assert "run pg_dropcluster --stop 15 main" in machine.mutations


def test_what_stays_is_an_error() -> None:
    machine = used_machine()
    machine.effect("ip link delete cni0", lambda: None)
    with pytest.raises(CommandFailed, match="after the reset there still is: link cni0") as caught:
        run(machine)
    assert caught.value.details["residue"] == ["link cni0"]


def k0s_machine() -> FakeMachine:
    """A machine that was a mothership of k0s, whose k0s was killed."""
    machine = FakeMachine()
    for path in (
        k0s_binary.INSTALLED,
        k0s_service.unit_path("controller"),
        k0s_service.drop_in("controller", "10-limits"),
        "/etc/systemd/system/multi-user.target.wants/k0scontroller.service",
        "/etc/k0s/datastore.env",
        "/var/lib/k0s/pki/ca.key",
        "/usr/libexec/k0s/x",
        "/run/k0s/etcd.pid",
        "/run/mothership-hcp/k0s-controller-token",
        "/sys/fs/cgroup/memory/kubepods/x",
    ):
        machine.put(path)
    machine.put("/proc/20/stat", "20 (etcd) S 1 1")
    machine.put("/proc/20/cmdline", "etcd\0--data-dir=/var/lib/k0s/etcd")
    machine.put("/proc/21/stat", "21 (etcd) S 1 1")
    machine.put("/proc/21/cmdline", "etcd\0--data-dir=/var/lib/other")
    machine.put("/proc/22/stat", "22 (k0s) S 1 1")
    machine.put("/etc/passwd", "etcd:x:999:997::/var/lib/k0s:/bin/x\netcd2:x:99:97::/var/lib/etcd:/bin/x\n")
    machine.effect("userdel etcd", lambda: machine.put("/etc/passwd", ""))
    machine.put("/proc/self/mounts", "x /var/lib/k0s ext4 rw 0 0\ntmpfs /var/lib/k0s/kubelet/pods/a tmpfs rw 0 0\n")
    machine.mount_points.add("/var/lib/k0s")
    machine.effect("kill -KILL", lambda: (machine.files.pop("/proc/20/stat"), machine.files.pop("/proc/22/stat")))
    machine.effect("umount --lazy /var/lib/k0s/kubelet/pods/a", lambda: machine.put("/proc/self/mounts", ""))
    machine.answer("ip -j link", '[{"ifname": "kube-bridge"}, {"ifname": "eth0"}]')
    machine.effect("ip link delete kube-bridge", lambda: machine.answer("ip -j link", "[]"))
    return machine


def test_k0s_leaves_nothing() -> None:
    machine = k0s_machine()
    planned = run(machine, check_mode=True)
    assert machine.mutations == []
    assert {"2 container processes", "user etcd", "link kube-bridge", "folder /etc/k0s", "folder /var/lib/k0s"} <= set(
        planned["residue"]
    )
    done = run(machine)
    assert (done["plan"], done["residue"]) == (planned["plan"], [])
    order = [line for line in machine.mutations if "k0scontroller" in line or line == "run /usr/local/bin/k0s reset"]
    assert order[:2] == ["run systemctl disable --now k0scontroller.service", "run /usr/local/bin/k0s reset"]
    assert "run kill -KILL 20 22" in machine.mutations
    assert not run(machine)["changed"]


def test_rules_of_others_stay() -> None:
    from ansible_collections.mothership.hcp.plugins.module_utils._host.network_cleanup import without_chains

    kept = without_chains(RULES)
    assert kept == "*nat\n:PREROUTING ACCEPT [0:0]\n:MINE - [0:0]\n-A PREROUTING -j MINE\nCOMMIT\n"


def test_old_rules_are_asked_for_only_where_the_kernel_has_them() -> None:
    machine = used_machine()
    run(machine, check_mode=True)
    assert "iptables-legacy-save" not in machine.asked
    machine.put("/proc/net/ip_tables_names", "nat\n")
    run(machine, check_mode=True)
    assert "iptables-legacy-save" in machine.asked
    assert "ip6tables-legacy-save" not in machine.asked


def service_machine(**configurations: str) -> FakeMachine:
    """A machine whose services run with these configurations; everything can be got rid of."""
    machine = FakeMachine()
    paths = {
        "patroni": "/etc/patroni/config.yml",
        "etcd": "/etc/default/etcd",
        "haproxy": "/etc/haproxy/haproxy.cfg",
        "keepalived": "/etc/keepalived/keepalived.conf",
    }
    for name, text in configurations.items():
        machine.put(paths[name], text)
        machine.answer(f"systemctl show {name}.service", "ActiveState=active\nUnitFileState=enabled\n")
        machine.effect(f"systemctl disable --now {name}", stopper(machine, f"{name}.service"))
    return machine


def test_a_load_balancer_goes() -> None:
    machine = service_machine(haproxy=f"{balancing.BALANCER_MARKER}\nlisten api\n", keepalived="vrrp_instance mine\n")
    machine.put("/etc/keepalived/mothership-check", f"#!/bin/bash\n{balancing.BALANCER_MARKER}\n")
    planned = run(machine, check_mode=True)
    assert planned["residue"] == [
        "service haproxy",
        "file /etc/haproxy/haproxy.cfg",
        "file /etc/keepalived/mothership-check",
    ]
    assert run(machine)["plan"] == planned["plan"]
    assert machine.names() == ["keepalived.conf"]
    assert not run(machine)["changed"]


def database_machine() -> FakeMachine:
    marked = "# Written by mothership.hcp for the database machines.\n"
    machine = service_machine(patroni=marked, etcd=marked, haproxy=marked, keepalived=marked)
    for path in (
        "/etc/systemd/system/etcd.service.d/mothership.conf",
        "/etc/systemd/system/patroni.service.d/mothership.conf",
        "/etc/patroni/mothership-postgresql.conf",
        "/etc/keepalived/mothership-database-check",
    ):
        machine.put(path, marked)
    machine.put("/var/lib/etcd/mothership/member/wal")
    machine.put("/var/lib/postgresql/15/main/PG_VERSION")
    machine.put("/etc/mothership-hcp/postgresql-tls/server.key")
    return machine


def test_a_database_machine_goes_with_its_databases_only() -> None:
    machine = database_machine()
    assert not run(machine)["changed"]
    planned = run(machine, datastore=True, check_mode=True)
    done = run(machine, datastore=True)
    assert (done["plan"], done["residue"], machine.files) == (planned["plan"], [], {})
    stopped = [line.split()[-1] for line in machine.mutations if "disable --now" in line and "kube" not in line]
    assert [name for name in stopped if name != "containerd.service"] == [
        "patroni.service",
        "haproxy.service",
        "keepalived.service",
        "etcd.service",
    ]


def test_services_of_others_stay() -> None:
    machine = service_machine(etcd="ETCD_NAME=mine\n", haproxy="listen mine\n")
    assert not run(machine, datastore=True)["changed"]
