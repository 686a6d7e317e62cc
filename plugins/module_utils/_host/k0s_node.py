# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A machine that k0s can use: packages and settings of the operating system, files of the pod network, images."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from .._core.errors import HcpError
from .._core.plan import Change, Plan
from .._core.progress import Progress, Timings
from . import k0s_binary, node_files
from .files import TextFile, plan_files, write_files
from .images import Image
from .k0s_service import CONFIG_FOLDER, DATA_FOLDER, refuse_kubeadm
from .kernel import apply_kernel, plan_kernel
from .machine import Machine
from .packages import install_missing, wanted_packages

#: Programs of the operating system that k0s and Kubernetes call, and the Debian package of each.
_PROGRAMS = {"iptables": "iptables", "mount": "mount", "ip": "iproute2", "modprobe": "kmod"}
_PROGRAMS_WITHOUT_PAYLOAD = {"runc": "runc"}
_WORKER_BINARIES = ("kubelet", "containerd", "containerd-shim-runc-v2")
_CONTROLLER_BINARIES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "konnectivity-server")
_CNI_PLUGINS = ("bridge", "host-local", "loopback", "portmap", "flannel")
_CNI_FOLDER = "/opt/cni/bin"
_MODULES = (*node_files.KERNEL_MODULES, "nf_conntrack")
#: Each pod that is a control plane watches its manifests.
_INOTIFY = {"fs.inotify.max_user_instances": 512, "fs.inotify.max_user_watches": 524288}
_CONTAINERD = f"{CONFIG_FOLDER}/containerd.d/mothership-hcp.toml"
_IMAGES = f"{DATA_FOLDER}/images"
#: What this collection puts beside images of others.
_LINK_PREFIX = "mothership-hcp-"
_XTABLES = ("xtables-legacy-multi", "xtables-nft-multi")


@dataclasses.dataclass(frozen=True)
class K0sNodeSettings:
    """What differs from site to site.

    :param version: of the binary, see :func:`k0s_binary.check_staged`.
    :param control_plane: k0s will run as controller, with a worker in it.
    :param pod_network: write the configuration by which pods get their network from flannel.
    :param restrict_oom_score_adj: for machines that may not lower a process's OOM score. Of the limits that the unit of
        k0s asks for, systemd gives what such a machine may have.
    """

    version: str
    control_plane: bool = False
    pod_network: bool = True
    restrict_oom_score_adj: bool = False


def run(
    machine: Machine,
    settings: K0sNodeSettings,
    images: t.Sequence[Image],
    *,
    install_packages: bool = True,
    check_mode: bool,
) -> dict[str, t.Any]:
    """Bring the machine into the desired state.

    :returns: ``changed``, ``diff``, ``plan``, ``restarts``, ``timings``, ``notices``, ``version`` and ``payload``.
    """
    timings, progress = Timings(), Progress()
    refuse_kubeadm(machine, machine.host_name)
    version, payload = _staged(machine, settings, check_mode)
    _check_files(machine, settings, images, payload, check_mode)
    programs = _PROGRAMS if payload else {**_PROGRAMS, **_PROGRAMS_WITHOUT_PAYLOAD}
    packages = wanted_packages(machine, programs, install=install_packages)
    sysctls = _sysctls(machine, settings)
    kernel = plan_kernel(machine, _MODULES, sysctls)
    files = _files(settings, sysctls)
    file_plan = plan_files(machine, files)
    links = _links(images, payload)
    link_plan = _plan_links(machine, links)
    plan = Plan([*packages.changes, *kernel.changes, *file_plan.changes, *link_plan.changes])
    if check_mode:
        return plan.result(timings={}, notices=[], version=version, payload=payload)
    if packages:
        with timings.measure("packages"):
            progress.say("packages", "apt-get is at work")
            install_missing(machine, packages)
    notices = apply_kernel(machine, _MODULES, sysctls, must=node_files.SYSCTLS) if kernel else []
    with timings.measure("files"):
        write_files(machine, files)
        _apply_links(machine, links, link_plan)
    return plan.result(timings=timings.seconds, notices=notices, version=version, payload=payload)


def _staged(machine: Machine, settings: K0sNodeSettings, check_mode: bool) -> tuple[str, bool]:
    """Version of the binary and whether it has a payload; in check mode the task before would have brought it."""
    if machine.is_present(k0s_binary.STAGED):
        return k0s_binary.check_staged(machine, settings.version), k0s_binary.has_payload(machine)
    if check_mode:
        return settings.version, False
    raise HcpError(
        "the k0s binary is not on this machine",
        where=k0s_binary.STAGED,
        remedy="send it from a bundle with mothership.hcp.bundle_install, which role k0s_node does first",
    )


def _check_files(
    machine: Machine, settings: K0sNodeSettings, images: t.Sequence[Image], payload: bool, check_mode: bool
) -> None:
    if check_mode:
        return
    programs: list[str] = []
    if not payload:
        programs += [*_WORKER_BINARIES, *(_CONTROLLER_BINARIES if settings.control_plane else ())]
    absent = [name for name in programs if not machine.is_program(name)]
    plugins = _CNI_PLUGINS if settings.pod_network else ()
    absent += [f"{_CNI_FOLDER}/{name}" for name in plugins if not machine.is_present(f"{_CNI_FOLDER}/{name}")]
    absent += [image.file for image in images if not machine.is_present(image.file)]
    if absent:
        raise HcpError(
            f"not on this machine: {', '.join(absent)}",
            remedy="send them from a bundle with mothership.hcp.bundle_install, which role k0s_node does first",
        )


def _sysctls(machine: Machine, settings: K0sNodeSettings) -> dict[str, str]:
    wanted = dict(node_files.SYSCTLS)
    for name, least in _INOTIFY.items() if settings.control_plane else ():
        current = (machine.read_text("/proc/sys/" + name.replace(".", "/")) or "0").strip()
        wanted[name] = str(max(int(current), least))
    return wanted


def _files(settings: K0sNodeSettings, sysctls: t.Mapping[str, str]) -> list[TextFile]:
    files = [
        TextFile(node_files.MODULES_FILE, node_files.modules_text(_MODULES)),
        TextFile(node_files.SYSCTL_FILE, node_files.sysctl_text(sysctls)),
        TextFile(_CONTAINERD, _containerd(settings)),
    ]
    if settings.pod_network:
        files.append(TextFile(node_files.POD_NETWORK, node_files.pod_network()))
    return files


def _containerd(settings: K0sNodeSettings) -> str:
    """containerd reads it again by itself: k0s watches the folder."""
    restrict = "true" if settings.restrict_oom_score_adj else "false"
    return f"""{node_files.MANAGED}version = 3

[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = {restrict}
"""


def _links(images: t.Sequence[Image], payload: bool) -> dict[str, str]:
    """Targets of symbolic links by path.

    An image's link is named after its digest too: k0s notices a new name, not a new target.
    """
    links = {}
    for image in images:
        digest = re.sub(r"\W", "", image.digest.rsplit(":", 1)[-1])[:12]
        name = os.path.basename(image.file)
        links[f"{_IMAGES}/{_LINK_PREFIX}{digest}{'-' if digest else ''}{name}"] = image.file
    # k0s makes its own links to these, relative to its folder: found elsewhere they would dangle.
    for name in () if payload else _XTABLES:
        links[f"{DATA_FOLDER}/bin/{name}"] = f"/usr/sbin/{name}"
    return links


def _plan_links(machine: Machine, links: t.Mapping[str, str]) -> Plan:
    plan = Plan()
    for path, target in links.items():
        current = machine.read_link(path)
        if current != target:
            plan.add(Change("update" if machine.is_present(path) else "create", path, current, target))
    for name in machine.read_names(_IMAGES):
        if name.startswith(_LINK_PREFIX) and f"{_IMAGES}/{name}" not in links:
            plan.add(Change("delete", f"{_IMAGES}/{name}", machine.read_link(f"{_IMAGES}/{name}"), None))
    return plan


def _apply_links(machine: Machine, links: t.Mapping[str, str], plan: Plan) -> None:
    for change in plan.changes:
        if change.action == "delete":
            machine.remove(change.target)
        else:
            machine.make_link(change.target, links[change.target])
