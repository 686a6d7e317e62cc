# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Kernel modules and settings: loaded and set now; the files of :mod:`node_files` do it at the next boot."""

from __future__ import annotations

import typing as t

from .._core.plan import Change, Plan
from .machine import Machine


def plan_kernel(machine: Machine, modules: t.Sequence[str], sysctls: t.Mapping[str, str]) -> Plan:
    """Modules to load and settings to change; a setting that is absent comes with its module."""
    plan = Plan()
    for name in modules:
        if not _is_loaded(machine, name):
            plan.add(Change("run", f"kernel module {name}", {"loaded": False}, {"loaded": True}))
    for name, value in sysctls.items():
        current = machine.read_text(_path(name))
        if current is not None and current.strip() != value:
            plan.add(Change("update", f"sysctl {name}", current.strip(), value))
    return plan


def apply_kernel(
    machine: Machine,
    modules: t.Sequence[str],
    sysctls: t.Mapping[str, str],
    *,
    must: t.Container[str] | None = None,
) -> list[str]:
    """Load and set; returns warnings about what this kernel does not offer.

    :param must: settings that have to be made; what cannot be made of the others is a warning. By default all.
    """
    warnings = []
    for name in modules:
        if not _is_loaded(machine, name):
            done = machine.execute(["modprobe", name], timeout=30, check=False)
            if done.code != 0:
                warnings.append(f"kernel module {name} could not be loaded: {done.last_lines(1)}")
    for name, value in sysctls.items():
        current = machine.read_text(_path(name))
        if current is None:
            warnings.append(f"this kernel has no setting {name}")
        elif current.strip() != value:
            needed = must is None or name in must
            done = machine.execute(["sysctl", "--quiet", "--write", f"{name}={value}"], timeout=30, check=needed)
            if done.code != 0:
                warnings.append(f"{name} stays {current.strip()} and should be {value}: {done.last_lines(1)}")
    return warnings


def _is_loaded(machine: Machine, name: str) -> bool:
    """Loaded, built in with parameters, or seen by what it brings: built-in modules need not be under /sys/module."""
    if machine.is_present(f"/sys/module/{name}"):
        return True
    if name == "br_netfilter":
        return machine.is_present("/proc/sys/net/bridge")
    if name == "overlay":
        return "overlay" in (machine.read_text("/proc/filesystems") or "").split()
    if name == "nf_conntrack":
        return machine.is_present("/proc/sys/net/netfilter/nf_conntrack_max")
    return False


def _path(name: str) -> str:
    return "/proc/sys/" + name.replace(".", "/")
