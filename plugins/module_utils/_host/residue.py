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

from .._core.progress import Deadline
from . import k0s_binary, k0s_service, node_files, service_residue
from .bundle_target import INDEX
from .machine import CONFIG_FOLDER, STATE_FOLDER, Machine
from .network_cleanup import PodNetwork, find_network

UNITS = ("kubelet", "containerd", "k0sworker", "k0scontroller")
#: Folders of the database server's CA and of its certificates: they go with the databases only.
DATASTORE_FOLDERS = (f"{CONFIG_FOLDER}/postgresql-ca", f"{CONFIG_FOLDER}/postgresql-tls")
#: Below these, everything that is mounted belongs to containers.
_MOUNT_FOLDERS = (
    "/run/containerd/",
    "/var/lib/kubelet/",
    "/var/lib/containerd/",
    "/run/netns/cni-",
    "/var/lib/etcd/",
    "/run/k0s/",
    # k0s mounts the folder onto itself.
    "/var/lib/k0s/kubelet",
    "/var/lib/k0s/containerd/",
)
#: Programs that k0s starts, as the kernel shortens their names, and what their command lines hold then. They outlive a
#: k0s that was killed.
_K0S_CHILDREN = (
    "k0s",
    "kubelet",
    "containerd",
    "etcd",
    "kine",
    "kube-apiserver",
    "kube-controller",
    "kube-scheduler",
    "konnectivity-se",
)
#: Seconds in which what was killed must have gone.
_PATIENCE = 20
_K0S_FOLDERS = ("/var/lib/k0s/", "/run/k0s/", "/etc/k0s/")
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
    "/var/lib/k0s",
    "/etc/k0s",
    "/run/k0s",
    "/usr/libexec/k0s",
    "/etc/systemd/system/k0sworker.service.d",
    "/etc/systemd/system/k0scontroller.service.d",
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
    k0s_service.unit_path("worker"),
    k0s_service.unit_path("controller"),
    "/etc/systemd/system/multi-user.target.wants/k0sworker.service",
    "/etc/systemd/system/multi-user.target.wants/k0scontroller.service",
    k0s_binary.INSTALLED,
)


@dataclasses.dataclass(frozen=True)
class Residue:
    """Everything found, by kind; all lists are empty on a clean machine."""

    units: list[str]
    services: list[str]
    processes: list[int]
    mounts: list[str]
    network: PodNetwork
    folders: list[str]
    files: list[str]
    cgroups: list[str]
    clusters: list[str]
    users: list[str]

    def items(self) -> list[str]:
        """One readable line for each thing."""
        return [
            *(f"service {name}" for name in (*self.units, *self.services)),
            *([f"{len(self.processes)} container processes"] if self.processes else []),
            *(f"mount {path}" for path in self.mounts),
            *self.network.items(),
            *(f"folder {path}" for path in self.folders),
            *(f"file {path}" for path in self.files),
            *(f"cgroup {path}" for path in self.cgroups),
            *(f"PostgreSQL cluster {name}" for name in self.clusters),
            *(f"user {name}" for name in self.users),
        ]


def find(machine: Machine, *, datastore: bool) -> Residue:
    """Look at everything.

    :param datastore: whether PostgreSQL's clusters and their CA count too, and what leads to them.
    """
    clusters = postgresql_clusters(machine) if datastore else []
    return Residue(
        units=[name for name in UNITS if _is_running(machine, name)],
        services=service_residue.services(machine, datastore=datastore),
        processes=container_processes(machine),
        mounts=mounts(machine),
        network=find_network(machine),
        folders=_folders(machine, datastore, clusters) + _config(machine, datastore),
        files=[path for path in (*_FILES, *installed_files(machine)) if machine.is_present(path)]
        + service_residue.files(machine, datastore=datastore),
        cgroups=_cgroups(machine),
        clusters=clusters,
        users=_users(machine),
    )


def container_processes(machine: Machine) -> list[int]:
    """Process numbers of what k0s left running, and of containers' shims and all they started, the shims last."""
    commands, parents = _processes(machine)
    shims = [pid for pid, command in commands.items() if command.startswith("containerd-shim")]
    orphans = k0s_processes(machine)
    found = [pid for pid in parents if pid not in (*shims, *orphans) and _descends(pid, parents, set(shims))]
    return [*orphans, *found, *shims]


def k0s_processes(machine: Machine) -> list[int]:
    """k0s and what it started, but containers and their shims."""
    commands, _parents = _processes(machine)
    return [pid for pid, name in commands.items() if name in _K0S_CHILDREN and _is_of_k0s(machine, pid, name)]


def _processes(machine: Machine) -> tuple[dict[int, str], dict[int, int]]:
    """Names of the processes that live, and parents of all."""
    commands, parents = {}, {}
    for name in machine.read_names("/proc"):
        stat = machine.read_text(f"/proc/{name}/stat") if name.isdigit() else None
        if not stat:
            continue
        # The name in brackets may hold anything: what matters follows the last bracket.
        command, rest = stat[stat.find("(") + 1 : stat.rfind(")")], stat[stat.rfind(")") + 2 :].split()
        parents[int(name)] = int(rest[1])
        if rest[0] != "Z":
            commands[int(name)] = command
    return commands, parents


def _is_of_k0s(machine: Machine, pid: int, command: str) -> bool:
    if command == "k0s":
        return True
    words = (machine.read_text(f"/proc/{pid}/cmdline") or "").split("\0")
    return any(folder in word for word in words for folder in _K0S_FOLDERS)


def stop_containers(machine: Machine) -> None:
    """Kill containers and unmount what they had; whatever would start them anew must have stopped."""
    _kill(machine, container_processes)
    for path in mounts(machine):
        machine.execute(["umount", "--lazy", path], check=False)


def kill_k0s(machine: Machine) -> None:
    """Kill what a k0s that did not end in an orderly way left running."""
    _kill(machine, k0s_processes)


def _kill(machine: Machine, find: t.Callable[[Machine], list[int]]) -> None:
    """Kill what ``find`` finds until it finds no more; a process may start another just before it dies."""
    deadline = Deadline(_PATIENCE)
    while True:
        processes = find(machine)
        if not processes:
            return
        machine.execute(["kill", "-KILL", *(str(pid) for pid in processes)], check=False)
        if not deadline.pause(0.3):
            return


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


def _folders(machine: Machine, datastore: bool, clusters: list[str]) -> list[str]:
    kept = service_residue.ETCD_DATA if not datastore and service_residue.is_database_etcd(machine) else ""
    data = service_residue.data_folders(machine, clusters) if datastore else []
    return [path for path in FOLDERS if path != kept and _has_content(machine, path)] + data


def _config(machine: Machine, datastore: bool) -> list[str]:
    if datastore:
        return [CONFIG_FOLDER] if machine.is_present(CONFIG_FOLDER) else []
    paths = [f"{CONFIG_FOLDER}/{name}" for name in machine.read_names(CONFIG_FOLDER)]
    return [path for path in paths if path not in DATASTORE_FOLDERS]


def _users(machine: Machine) -> list[str]:
    """Those that ``k0s install controller`` makes, by their home folder: others may have the same names."""
    rows = [line.split(":") for line in (machine.read_text("/etc/passwd") or "").splitlines()]
    return [row[0] for row in rows if len(row) > 5 and row[5] == k0s_service.DATA_FOLDER]


def _cgroups(machine: Machine) -> list[str]:
    roots = ["/sys/fs/cgroup", *(f"/sys/fs/cgroup/{name}" for name in machine.read_names("/sys/fs/cgroup"))]
    paths = [os.path.join(root, name) for root in roots for name in _CGROUPS]
    return [path for path in paths if machine.is_present(path)]
