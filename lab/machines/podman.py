# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""podman, as far as the lab uses it. Labels say what is the lab's own; nothing else is ever removed."""

from __future__ import annotations

import hashlib
import json
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import host
from .command import LabError, run
from .config import Machine, MachineList

LABEL = "mothership-lab"
SPEC_LABEL = "mothership-lab-spec"
# containerd's overlay does not work on podman's; kubelet and etcd want a real file system for the same reason.
VOLUMES = {
    "containerd": "/var/lib/containerd",
    "kubelet": "/var/lib/kubelet",
    "etcd": "/var/lib/etcd",
    "k0s": "/var/lib/k0s",
}


@dataclass(frozen=True)
class Container:
    """What podman knows of a container."""

    id: str
    name: str
    state: str
    labels: dict[str, str]
    started: int


def _listing(*argv: str) -> list[dict[str, Any]]:
    """Run a podman listing and return its objects."""
    output = run(["podman", *argv, "--format", "json"], timeout=60, what="podman " + " ".join(argv[:2])).stdout
    return json.loads(output or "[]") or []


def containers() -> dict[str, Container]:
    """All containers of the host by name: a name that someone else uses must be seen."""
    found = (
        Container(item["Id"], name, item["State"], item.get("Labels") or {}, int(item.get("StartedAt") or 0))
        for item in _listing("ps", "--all")
        for name in item["Names"]
    )
    return {container.name: container for container in found}


def volumes() -> dict[str, dict[str, str]]:
    """Labels of all volumes of the host by name."""
    return {item["Name"]: item.get("Labels") or {} for item in _listing("volume", "ls")}


def create_command(machine: Machine, declared: MachineList, image: str) -> list[str]:
    """The `podman create` of a machine, without its labels."""
    runtime = ["--runtime", "runc"] if host.cgroup_v1() else []  # crun refuses hybrid cgroups
    nofile, nproc = host.ulimit(resource.RLIMIT_NOFILE), host.ulimit(resource.RLIMIT_NPROC)
    mounts = [text for kind, path in VOLUMES.items() for text in ("--volume", f"{machine.name}-{kind}:{path}")]
    return [
        "podman", *runtime, "create", "--name", machine.name, "--hostname", machine.name,
        "--privileged", "--systemd=always", "--cgroupns=private",
        "--ulimit", f"nofile={nofile}:{nofile}", "--ulimit", f"nproc={nproc}:{nproc}",
        "--network", declared.network, "--ip", machine.address, "--mac-address", machine.mac_address,
        *mounts, image, "/machine-init",
    ]  # fmt: skip


def spec_hash(command: list[str]) -> str:
    """Hash of a machine's declaration: a machine that carries another one is made anew."""
    return hashlib.sha256(json.dumps(command).encode()).hexdigest()[:12]


def create(machine: Machine, declared: MachineList, image: str, owner: str) -> str:
    """Create the volumes and the container of a machine; return the container's id."""
    label = ["--label", f"{LABEL}={owner}"]
    for kind in VOLUMES:
        run(["podman", "volume", "create", *label, f"{machine.name}-{kind}"], timeout=60)
    command = create_command(machine, declared, image)
    at = command.index("create") + 1
    argv = [*command[:at], *label, "--label", f"{SPEC_LABEL}={spec_hash(command)}", *command[at:]]
    return run(argv, timeout=120, what=f"podman create {machine.name}").stdout.strip().splitlines()[-1]


def start(name: str) -> None:
    """Start a machine that exists."""
    run(["podman", "start", name], timeout=120, what=f"podman start {name}")


def destroy(name: str, owner: str, known_volumes: dict[str, dict[str, str]]) -> None:
    """Remove a machine with its volumes, however far its creation got."""
    run(["podman", "rm", "--force", "--ignore", "--time", "0", name], timeout=120, what=f"podman rm {name}")
    own = [f"{name}-{kind}" for kind in VOLUMES if known_volumes.get(f"{name}-{kind}", {}).get(LABEL) == owner]
    if own:
        run(["podman", "volume", "rm", "--force", *own], timeout=120, what=f"podman volume rm ({name})")


def inside(name: str, *argv: str, timeout: float = 20, stdin: str = "", check: bool = True) -> str:
    """Run a command in a machine and return what it prints, with or without success when `check` is off."""
    done = run(
        ["podman", "exec", "--interactive", name, *argv],
        timeout=timeout, stdin=stdin, check=check, what=f"{name}: {argv[0]}",
    )  # fmt: skip
    return done.stdout.strip() if check or done.returncode == 0 else done.stdout.strip() or done.stderr.strip()


def copy_in(name: str, source: Path, target: str) -> None:
    """Copy a file into a machine."""
    run(["podman", "cp", str(source), f"{name}:{target}"], timeout=120, what=f"podman cp to {name}")


def network(name: str) -> dict[str, Any] | None:
    """What podman knows of a network."""
    return next((item for item in _listing("network", "ls") if item["name"] == name), None)


def network_fits(found: dict[str, Any], declared: MachineList) -> bool:
    """Whether a network has the declared subnet."""
    return [item["subnet"] for item in found.get("subnets") or []] == [str(declared.subnet)]


def create_network(declared: MachineList, owner: str) -> None:
    """Create the network. No DNS: machines are addressed by the inventory, and podman's server is one more process."""
    argv = [
        "podman", "network", "create", "--label", f"{LABEL}={owner}", "--subnet", str(declared.subnet),
        "--gateway", declared.gateway, "--disable-dns", declared.network,
    ]  # fmt: skip
    run(argv, timeout=60, what=f"podman network create {declared.network}")


def own_networks(owner: str) -> list[str]:
    """Networks that this lab made."""
    return [item["name"] for item in _listing("network", "ls") if (item.get("labels") or {}).get(LABEL) == owner]


def refuse_foreign(declared: MachineList, owner: str) -> None:
    """Refuse, before anything is touched, names that someone else's containers, volumes or network have."""
    problems = []
    existing, known = containers(), volumes()
    for machine in declared.machines:
        found = existing.get(machine.name)
        if found and found.labels.get(LABEL) != owner:
            problems.append(
                f"container {machine.name}: remove it (`podman rm -f {machine.name}`) or rename the machine"
            )
        for kind in VOLUMES:
            name = f"{machine.name}-{kind}"
            if name in known and known[name].get(LABEL) != owner:
                problems.append(f"volume {name}: remove it (`podman volume rm {name}`) or rename the machine")
    net = network(declared.network)
    if net and (net.get("labels") or {}).get(LABEL) != owner:
        problems.append(f"network {declared.network}: remove it or give the lab's network another name")
    if problems:
        raise LabError("these names are taken by something that this lab did not make:\n  " + "\n  ".join(problems))
