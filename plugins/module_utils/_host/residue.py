# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What Kubernetes and this collection left on a machine: found by looking, not by remembering."""

from __future__ import annotations

import dataclasses
import json
import os
import typing as t

from . import node_files
from .bundle_target import INDEX
from .machine import CONFIG_FOLDER, STATE_FOLDER, Machine
from .network_cleanup import PodNetwork, find_network

UNITS = ("kubelet", "containerd")
#: Folder of the database server's CA: it goes with the databases only.
DATASTORE_CA = f"{CONFIG_FOLDER}/postgresql-ca"
#: Below these, everything that is mounted belongs to containers.
_MOUNT_FOLDERS = ("/run/containerd/", "/var/lib/kubelet/", "/var/lib/containerd/", "/run/netns/cni-", "/var/lib/etcd/")
_CGROUPS = ("kubepods", "kubepods.slice")

#: Folders that may be mount points: they are emptied, and removed when they are ordinary ones.
FOLDERS = (
    "/var/lib/kubelet",
    "/var/lib/etcd",
    "/var/lib/containerd",
    "/var/lib/cni",
    "/etc/kubernetes",
    "/etc/containerd",
    "/etc/cni",
    "/opt/cni",
    "/opt/containerd",
    "/run/containerd",
    "/run/flannel",
    "/run/kubernetes",
    "/run/mothership-hcp",
    "/var/log/pods",
    "/var/log/containers",
    "/usr/libexec/kubernetes",
    "/etc/systemd/system/kubelet.service.d",
    STATE_FOLDER,
)
_FILES = (
    node_files.CONTAINERD_UNIT,
    node_files.KUBELET_UNIT,
    node_files.SYSCTL_FILE,
    node_files.MODULES_FILE,
    "/etc/systemd/system/multi-user.target.wants/kubelet.service",
    "/etc/systemd/system/multi-user.target.wants/containerd.service",
)


@dataclasses.dataclass(frozen=True)
class Residue:
    """Everything found, by kind; all lists are empty on a clean machine."""

    units: list[str]
    processes: list[int]
    mounts: list[str]
    network: PodNetwork
    folders: list[str]
    files: list[str]
    cgroups: list[str]
    clusters: list[str]

    def items(self) -> list[str]:
        """One readable line for each thing."""
        return [
            *(f"service {name}" for name in self.units),
            *([f"{len(self.processes)} container processes"] if self.processes else []),
            *(f"mount {path}" for path in self.mounts),
            *self.network.items(),
            *(f"folder {path}" for path in self.folders),
            *(f"file {path}" for path in self.files),
            *(f"cgroup {path}" for path in self.cgroups),
            *(f"PostgreSQL cluster {name}" for name in self.clusters),
        ]


def find(machine: Machine, *, datastore: bool) -> Residue:
    """Look at everything.

    :param datastore: whether PostgreSQL's clusters and their CA count too.
    """
    return Residue(
        units=[name for name in UNITS if _is_running(machine, name)],
        processes=container_processes(machine),
        mounts=mounts(machine),
        network=find_network(machine),
        folders=[path for path in FOLDERS if _has_content(machine, path)] + _config(machine, datastore),
        files=[path for path in (*_FILES, *installed_files(machine)) if machine.is_present(path)],
        cgroups=_cgroups(machine),
        clusters=postgresql_clusters(machine) if datastore else [],
    )


def container_processes(machine: Machine) -> list[int]:
    """Process numbers of containers' shims and all they started, the shims last."""
    parents: dict[int, int] = {}
    shims = []
    for name in machine.read_names("/proc"):
        stat = machine.read_text(f"/proc/{name}/stat") if name.isdigit() else None
        if not stat:
            continue
        # The name in brackets may hold anything: what matters follows the last bracket.
        command, rest = stat[stat.find("(") + 1 : stat.rfind(")")], stat[stat.rfind(")") + 2 :].split()
        parents[int(name)] = int(rest[1])
        if command.startswith("containerd-shim") and rest[0] != "Z":
            shims.append(int(name))
    found = [pid for pid in parents if pid not in shims and _descends(pid, parents, set(shims))]
    return [*found, *shims]


def _descends(pid: int, parents: t.Mapping[int, int], ancestors: set[int]) -> bool:
    while pid in parents:
        pid = parents[pid]
        if pid in ancestors:
            return True
    return False


def mounts(machine: Machine) -> list[str]:
    """What is mounted for containers, the deepest first."""
    lines = (machine.read_text("/proc/self/mounts") or "").splitlines()
    paths = {line.split()[1].replace("\\040", " ") for line in lines if len(line.split()) > 1}
    return sorted((path for path in paths if path.startswith(_MOUNT_FOLDERS)), key=len, reverse=True)


def installed_files(machine: Machine) -> list[str]:
    """Programs that came from a bundle; what is in the state folder goes with it."""
    try:
        index = json.loads(machine.read_text(INDEX) or "{}")
    except ValueError:
        return []
    return [path for path in index if not path.startswith((STATE_FOLDER, "/opt/cni/"))]


def postgresql_clusters(machine: Machine) -> list[str]:
    """``version name`` of each of Debian's PostgreSQL clusters."""
    rows = [line.split() for line in machine.ask(["pg_lsclusters", "--no-header"]).stdout.splitlines()]
    return [f"{row[0]} {row[1]}" for row in rows if len(row) > 1]


def _is_running(machine: Machine, name: str) -> bool:
    shown = machine.ask(["systemctl", "show", f"{name}.service", "--property=ActiveState", "--value"])
    return shown.stdout.strip() in ("active", "activating", "reloading", "deactivating")


def _has_content(machine: Machine, path: str) -> bool:
    """A mount point that is empty is as clean as it can be."""
    if not machine.is_present(path):
        return False
    names = [name for name in machine.read_names(path) if name != "lost+found"]
    return bool(names) or not machine.is_mount_point(path)


def _config(machine: Machine, datastore: bool) -> list[str]:
    if datastore:
        return [CONFIG_FOLDER] if machine.is_present(CONFIG_FOLDER) else []
    paths = [f"{CONFIG_FOLDER}/{name}" for name in machine.read_names(CONFIG_FOLDER)]
    return [path for path in paths if path != DATASTORE_CA]


def _cgroups(machine: Machine) -> list[str]:
    roots = ["/sys/fs/cgroup", *(f"/sys/fs/cgroup/{name}" for name in machine.read_names("/sys/fs/cgroup"))]
    paths = [os.path.join(root, name) for root in roots for name in _CGROUPS]
    return [path for path in paths if machine.is_present(path)]
