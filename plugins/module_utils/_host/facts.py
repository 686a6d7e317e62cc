# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What preflight and the roles need to know about a machine, read in one go; nothing is changed."""

from __future__ import annotations

import fnmatch
import json
import os
import platform
import time
import typing as t

from .machine import STATE_FOLDER, Machine

_UNITS = ("containerd", "kubelet", "k0scontroller", "k0sworker", "postgresql", "systemd-timesyncd", "chrony", "ntp")
#: Either of them is a running PostgreSQL: a cluster of Debian's own, or one under Patroni.
_POSTGRESQL_UNITS = ("postgresql@*", "patroni")
_PROGRAMS = ("runc", "iptables", "conntrack", "socat", "ethtool", "modprobe", "mount", "ip", "dpkg", "psql")
_SYSCTLS = ("net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables", "fs.inotify.max_user_instances")
_MODULES = ("overlay", "br_netfilter", "nf_conntrack")
#: Go's names of architectures, which Kubernetes and bundles use.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}
_FOLDERS = ("/", "/var/lib", "/var/lib/containerd", "/var/lib/kubelet", "/var/lib/etcd", "/var/lib/postgresql")


def gather(machine: Machine) -> dict[str, t.Any]:
    """All facts as plain data; sizes in bytes, ``time`` in seconds since 1970."""
    return {
        "hostname": platform.node(),
        "machine_id": (machine.read_text("/etc/machine-id") or "").strip(),
        "os": _operating_system(machine),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "architecture": architecture(),
        "cpus": os.cpu_count() or 1,
        **_memory(machine),
        "cgroup_version": 2 if machine.is_present("/sys/fs/cgroup/cgroup.controllers") else 1,
        "disk_free": {folder: machine.read_free_bytes(folder) for folder in _FOLDERS if machine.is_present(folder)},
        "addresses": _addresses(machine),
        "listening_ports": listening_ports(machine),
        "time": time.time(),
        "kernel_modules": {name: machine.is_present(f"/sys/module/{name}") for name in _MODULES},
        "sysctls": {name: _sysctl(machine, name) for name in _SYSCTLS},
        "units": _units(machine),
        "programs": {name: machine.is_program(name) for name in _PROGRAMS},
        "versions": {
            "kubelet": program_version(machine, "kubelet"),
            "containerd": program_version(machine, "containerd"),
        },
        "kubeadm": {
            "initialised": machine.is_present("/etc/kubernetes/admin.conf"),
            "joined": machine.is_present("/etc/kubernetes/kubelet.conf"),
            "interrupted": bool(interrupted_commands(machine)),
        },
        "systemd": machine.is_present("/run/systemd/system"),
    }


def architecture() -> str:
    """The machine's architecture as Kubernetes names it: ``amd64``, ``arm64``, ``arm``."""
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


def program_version(machine: Machine, name: str) -> str | None:
    """The version a program reports, without ``v``: ``1.36.3``; ``None`` when it is not installed."""
    done = machine.ask([name, "--version"], timeout=20)
    if done.code != 0:
        return None
    words = [word.lstrip("v") for word in done.stdout.split()]
    return next((word for word in words if word[:1].isdigit() and "." in word), None)


def interrupted_commands(machine: Machine) -> list[str]:
    """``init`` or ``join`` when a kubeadm command of this collection was begun and did not end."""
    return [name.rsplit(".", 1)[0] for name in machine.read_names(STATE_FOLDER) if name.endswith(".started")]


def listening_ports(machine: Machine) -> list[int]:
    """TCP ports on which something listens, sorted."""
    ports = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in (machine.read_text(table) or "").splitlines()[1:]:
            fields = line.split()
            if len(fields) > 3 and fields[3] == "0A":
                ports.add(int(fields[1].rsplit(":", 1)[1], 16))
    return sorted(ports)


def _operating_system(machine: Machine) -> dict[str, str]:
    lines = (machine.read_text("/etc/os-release") or "").splitlines()
    values = {key: value.strip("\"'") for key, _sep, value in (line.partition("=") for line in lines) if key}
    return {
        "id": values.get("ID", ""),
        "version": values.get("VERSION_ID", ""),
        "codename": values.get("VERSION_CODENAME", ""),
        "name": values.get("PRETTY_NAME", ""),
    }


def _memory(machine: Machine) -> dict[str, int]:
    values = {}
    for line in (machine.read_text("/proc/meminfo") or "").splitlines():
        name, _separator, rest = line.partition(":")
        values[name] = int((rest.split() or ["0"])[0]) * 1024
    return {
        "memory": values.get("MemTotal", 0),
        "memory_available": values.get("MemAvailable", 0),
        "swap": values.get("SwapTotal", 0),
    }


def _addresses(machine: Machine) -> list[str]:
    try:
        links = json.loads(machine.ask(["ip", "-j", "addr"], timeout=20).stdout or "[]")
    except ValueError:
        return []
    found = [(address.get("scope"), address.get("local")) for link in links for address in link.get("addr_info", [])]
    return [local for scope, local in found if scope == "global" and local]


def _sysctl(machine: Machine, name: str) -> str | None:
    value = machine.read_text("/proc/sys/" + name.replace(".", "/"))
    return None if value is None else value.strip()


def _units(machine: Machine) -> dict[str, str]:
    """``active``, ``inactive``, ``failed``, … of each known unit; ``absent`` when systemd does not know it."""
    names = [f"{name}.service" for name in (*_UNITS, *_POSTGRESQL_UNITS)]
    shown = machine.ask(["systemctl", "show", *names, "--property=Id,LoadState,ActiveState"], timeout=20)
    states = dict.fromkeys(_UNITS, "absent")
    for block in shown.stdout.split("\n\n"):
        values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        name = values.get("Id", "").rsplit(".", 1)[0]
        state = values.get("ActiveState", "unknown")
        if name in states and values.get("LoadState") == "loaded" and states[name] != "active":
            states[name] = state
        # Debian's postgresql.service runs nothing itself.
        if state == "active" and any(fnmatch.fnmatch(name, pattern) for pattern in _POSTGRESQL_UNITS):
            states["postgresql"] = state
    return states
