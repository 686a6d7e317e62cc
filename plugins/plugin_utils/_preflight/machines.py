# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Facts of the machines against what the product needs. Facts are those of module ``machine_facts``."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError

Facts = t.Mapping[str, t.Any]

#: Operating system -> lowest version, as in /etc/os-release.
SUPPORTED_SYSTEMS = {"debian": (12,), "ubuntu": (22, 4)}
MINIMUM_PYTHON = (3, 9)
#: Seconds; certificates and tokens are refused when clocks differ by much more.
LARGEST_SKEW = 5.0
#: A bundle file is there twice while it is installed (its copy and its unpacked form), and some room is left.
DISK_FACTOR = 2.2
CONTROL_PLANE_MEMORY = 1700 * 1024**2

_NODE_PROGRAMS = ("runc", "iptables", "mount", "ip")
#: These a k0s with payload brings along.
_PAYLOAD_PROGRAMS = ("runc", "iptables")
_CONTROL_PLANE_PORTS = {
    6443: "kube-apiserver",
    2379: "etcd",
    2380: "etcd",
    10257: "kube-controller-manager",
    10259: "kube-scheduler",
}
#: k0s-api serves the other controllers; etcd's ports are checked too, though a mothership on kine leaves them free.
_K0S_CONTROL_PLANE_PORTS = {**_CONTROL_PLANE_PORTS, 9443: "k0s"}
_K0S_UNITS = ("k0scontroller", "k0sworker")
_NODE_PORTS = {10250: "kubelet"}
_POSTGRESQL_PORTS = {5432: "PostgreSQL"}


@dataclasses.dataclass(frozen=True)
class Needs:
    """What one machine is for.

    :param distribution: of the cluster that it is a node of.
    :param k0s_has_payload: the bundle's k0s brings runc and iptables.
    :param control_plane: is to run the mothership's control plane.
    :param node: is to run a kubelet.
    :param postgresql: is to run PostgreSQL.
    :param architecture: of the bundle, ``amd64``; ``None`` when the bundle could not be read.
    :param bundle_bytes: size of the bundle's files for this machine.
    :param kubernetes_version: that its kubelet is to have.
    :param api_port: port of the mothership's API.
    :param postgresql_port: port of PostgreSQL.
    """

    control_plane: bool = False
    node: bool = False
    postgresql: bool = False
    architecture: str | None = None
    bundle_bytes: int = 0
    kubernetes_version: str | None = None
    api_port: int = 6443
    postgresql_port: int = 5432
    ignored: tuple[str, ...] = ()
    distribution: str = "kubeadm"
    k0s_has_payload: bool = False


def machine_problems(machine: str, facts: Facts, needs: Needs) -> list[HcpError]:
    """Everything about one machine that would make the installation fail."""
    checks = (_system, _python, _architecture, _other_distribution, _disk, _memory, _ports, _programs)
    return [
        HcpError(message, where=f"machine {machine}", remedy=remedy)
        for check in checks
        for message, remedy in check(facts, needs)
    ]


_Findings = t.Iterator[tuple[str, str]]


def _system(facts: Facts, _needs: Needs) -> _Findings:
    system = facts.get("os") or {}
    lowest = SUPPORTED_SYSTEMS.get(system.get("id", ""))
    name = system.get("name") or system.get("id") or "an unknown operating system"
    if lowest is None or _numbers(system.get("version", "")) < lowest:
        yield f"runs {name}, which is not supported", "install Debian 12 or newer, or Ubuntu 22.04 or newer"
    if facts.get("systemd") is False:
        yield (
            "does not run systemd",
            "use an ordinary installation of the operating system, with systemd as first process",
        )


def _python(facts: Facts, _needs: Needs) -> _Findings:
    version = str(facts.get("python", ""))
    if version and _numbers(version)[:2] < MINIMUM_PYTHON:
        wanted = ".".join(map(str, MINIMUM_PYTHON))
        yield f"has Python {version}", f"install Python {wanted} or newer and set ansible_python_interpreter"


def _architecture(facts: Facts, needs: Needs) -> _Findings:
    found = facts.get("architecture")
    if found and needs.architecture and found != needs.architecture:
        yield f"is {found}, the bundle is for {needs.architecture}", f"use a bundle made for {found}"


def _other_distribution(facts: Facts, needs: Needs) -> _Findings:
    """A node keeps the distribution that it was made with: two of them would fight over its ports and folders."""
    if not needs.node:
        return
    kubeadm = facts.get("kubeadm") or {}
    with_kubeadm = bool(kubeadm.get("initialised") or kubeadm.get("joined"))
    if needs.distribution == "k0s" and with_kubeadm:
        yield _was_made_with("kubeadm", needs.distribution)
    if needs.distribution != "k0s" and _has_k0s(facts):
        yield _was_made_with("k0s", needs.distribution)


def _was_made_with(found: str, wanted: str) -> tuple[str, str]:
    return (
        f"was set up with {found}, but its cluster is to run {wanted}",
        "keep the distribution, or undo the installation with playbook mothership.hcp.reset first",
    )


def _has_k0s(facts: Facts) -> bool:
    """Whether a service of k0s is installed."""
    units = facts.get("units") or {}
    return any(units.get(unit, "absent") != "absent" for unit in _K0S_UNITS)


def _disk(facts: Facts, needs: Needs) -> _Findings:
    if needs.node and (facts.get("versions") or {}).get("kubelet") == needs.kubernetes_version:
        return
    if needs.node and needs.distribution == "k0s" and _has_k0s(facts):
        return
    folders = facts.get("disk_free") or {}
    folder = "/var/lib/containerd" if needs.node and "/var/lib/containerd" in folders else "/var/lib"
    free = folders.get(folder, folders.get("/"))
    wanted = int(needs.bundle_bytes * DISK_FACTOR)
    if free is not None and free < wanted:
        yield (
            f"has {_size(free)} free below {folder}, {_size(wanted)} are needed",
            "make room there or use a larger disk",
        )


def _memory(facts: Facts, needs: Needs) -> _Findings:
    memory = facts.get("memory") or 0
    if needs.control_plane and 0 < memory < CONTROL_PLANE_MEMORY and "Mem" not in needs.ignored:
        yield (
            f"has {_size(memory)} of memory, a control plane needs {_size(CONTROL_PLANE_MEMORY)}",
            "use a larger machine",
        )


def _ports(facts: Facts, needs: Needs) -> _Findings:
    listening = set(facts.get("listening_ports") or ())
    units = facts.get("units") or {}
    kubeadm = facts.get("kubeadm") or {}
    ours = any(kubeadm.get(state) for state in ("initialised", "joined", "interrupted")) or _has_k0s(facts)
    if needs.distribution == "k0s" and not set(_K0S_UNITS) <= set(units):
        # Nobody asked for k0s's services: its own ports cannot be told from those of another program.
        ours = True
    wanted: dict[int, str] = {}
    if needs.control_plane and not ours:
        ports = _K0S_CONTROL_PLANE_PORTS if needs.distribution == "k0s" else _CONTROL_PLANE_PORTS
        wanted |= {**ports, needs.api_port: "kube-apiserver"}
    if needs.node and not ours and units.get("kubelet") != "active":
        wanted |= _NODE_PORTS
    if needs.postgresql and units.get("postgresql") != "active":
        wanted |= {needs.postgresql_port: "PostgreSQL"}
    for port in sorted(listening & set(wanted)):
        yield (
            f"port {port} is in use by another program, {wanted[port]} needs it",
            f"see which one it is with 'ss -ltnp sport = :{port}' and stop it",
        )


def _programs(facts: Facts, needs: Needs) -> _Findings:
    programs = facts.get("programs") or {}
    brought = _PAYLOAD_PROGRAMS if needs.distribution == "k0s" and needs.k0s_has_payload else ()
    node = [name for name in _NODE_PROGRAMS if name not in brought] if needs.node else []
    wanted = [*node, *(("dpkg",) if needs.postgresql else ())]
    missing = [name for name in wanted if programs.get(name) is False]
    if missing:
        yield (
            f"lacks {', '.join(missing)}",
            f"install what provides {', '.join(missing)} with the system's package manager",
        )


def machine_notes(machine: str, facts: Facts, needs: Needs) -> list[str]:
    """States that a run mends by itself."""
    units = facts.get("units") or {}
    notes = []
    if needs.postgresql and units.get("postgresql") in ("inactive", "failed"):
        notes.append(f"PostgreSQL on {machine} is installed and does not run: it will be started")
    if (facts.get("kubeadm") or {}).get("interrupted"):
        notes.append(f"an interrupted installation on {machine} will be finished")
    return notes


def skew_problems(clocks: t.Mapping[str, float], earliest: float, latest: float) -> list[HcpError]:
    """Machines whose clock differs from the controller's.

    :param clocks: machine -> seconds since 1970 that it said between ``earliest`` and ``latest`` on the controller.
    """
    problems = []
    for machine, clock in clocks.items():
        behind, ahead = earliest - clock, clock - latest
        if max(behind, ahead) > LARGEST_SKEW:
            text = f"{behind:.0f} s behind" if behind > ahead else f"{ahead:.0f} s ahead of"
            problems.append(
                HcpError(
                    f"its clock is {text} the controller's",
                    where=f"machine {machine}",
                    remedy="set the clocks by NTP (systemd-timesyncd or chrony) on the machine and on the controller",
                )
            )
    return problems


def shared_machine_ids(facts: t.Mapping[str, Facts]) -> list[str]:
    """A note for machines that have one machine id, as clones of one disk image do."""
    owners: dict[str, list[str]] = {}
    for machine, known in facts.items():
        if known.get("machine_id"):
            owners.setdefault(str(known["machine_id"]), []).append(machine)
    return [
        f"{' and '.join(sorted(names))} have the same /etc/machine-id, as clones have: Kubernetes tells them apart by"
        " name only; on each clone, rm /etc/machine-id && systemd-machine-id-setup, then restart it"
        for names in owners.values()
        if len(names) > 1
    ]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _size(size: float) -> str:
    return f"{size / 1024**3:.1f} GiB"
