# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A machine that kubeadm can use: container runtime, kubelet, pod network files, kernel settings, images."""

from __future__ import annotations

import typing as t

from .._core.errors import HcpError, TimedOut
from .._core.plan import Change, Plan
from .._core.progress import Deadline, Progress, Timings
from . import node_files
from .files import TextFile, plan_files, write_files
from .images import Image, import_images, missing_images, plan_images, present_images
from .k0s_service import refuse_k0s
from .kernel import apply_kernel, plan_kernel
from .machine import Machine
from .node_files import NodeSettings
from .packages import install_missing, wanted_packages
from .systemd import Service, apply_service, note_started, plan_service

#: Programs of the operating system that Kubernetes calls, and the Debian package of each.
HOST_PROGRAMS = {
    "runc": "runc",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "socat": "socat",
    "ethtool": "ethtool",
    "mount": "mount",
    "ip": "iproute2",
    "modprobe": "kmod",
}
_BINARIES = ("containerd", "containerd-shim-runc-v2", "ctr", "kubelet", "kubeadm")
_CNI_PLUGINS = ("bridge", "host-local", "loopback", "portmap", "flannel")


def run(
    machine: Machine,
    settings: NodeSettings,
    images: t.Sequence[Image],
    *,
    install_packages: bool = True,
    check_mode: bool,
    timeout: float,
) -> dict[str, t.Any]:
    """Bring the machine into the desired state.

    :returns: ``changed``, ``diff``, ``plan``, ``restarts``, ``timings`` and ``notices`` (what this kernel lacks).
    """
    timings, deadline, progress = Timings(), Deadline(timeout), Progress()
    refuse_k0s(machine, machine.host_name)
    files = node_files.node_files(settings)
    pending = {file.path: file.text for file in files}
    services = _services(machine, settings)
    _check_binaries(machine, settings, check_mode)
    package_plan = wanted_packages(machine, HOST_PROGRAMS, install=install_packages)
    kernel_plan = plan_kernel(machine, node_files.KERNEL_MODULES, node_files.SYSCTLS)
    file_plan = plan_files(machine, files)
    service_plans = [plan_service(machine, service, pending) for service in services]
    image_plan = plan_images(images, present_images(machine))
    plan = _joined(package_plan, kernel_plan, file_plan, service_plans, image_plan)
    if check_mode:
        return plan.result(timings={}, notices=[])
    if package_plan:
        with timings.measure("packages"):
            progress.say("packages", "apt-get is at work")
            install_missing(machine, package_plan)
    notices = apply_kernel(machine, node_files.KERNEL_MODULES, node_files.SYSCTLS) if kernel_plan else []
    with timings.measure("services"):
        _apply_services(machine, files, file_plan, services, service_plans, pending)
        _wait_for_containerd(machine, deadline, progress)
    with timings.measure("images"):
        # Asked again: a containerd that only now runs could not answer before.
        import_images(machine, missing_images(images, present_images(machine)), progress, "images")
    return plan.result(timings=timings.seconds, notices=notices)


def _joined(packages: Plan, kernel: Plan, files: Plan, services: t.Sequence[Plan], images: Plan) -> Plan:
    """All changes in the order in which they happen; a file says "restarts" only if its service does restart."""
    plan = Plan()
    plan.extend(packages)
    plan.extend(kernel)
    restarting = {name for service in services for name in service.restarts}
    for change in files.changes:
        restarts = tuple(name for name in change.restarts if name in restarting)
        plan.add(Change(change.action, change.target, change.before, change.after, restarts))
    for service in services:
        plan.extend(service)
    plan.extend(images)
    return plan


def _services(machine: Machine, settings: NodeSettings) -> list[Service]:
    joined = machine.is_present("/var/lib/kubelet/config.yaml")
    return [
        Service(
            "containerd",
            (f"{settings.binaries}/containerd", node_files.CONTAINERD_CONFIG, node_files.CONTAINERD_UNIT),
        ),
        Service(
            "kubelet",
            (f"{settings.binaries}/kubelet", node_files.KUBELET_UNIT, node_files.KUBELET_KUBEADM),
            running=joined,
        ),
    ]


def _apply_services(
    machine: Machine,
    files: t.Sequence[TextFile],
    file_plan: Plan,
    services: t.Sequence[Service],
    plans: t.Sequence[Plan],
    pending: t.Mapping[str, str],
) -> None:
    write_files(machine, files)
    # Also after a run that was killed between writing a unit and this line.
    if file_plan or any(plans):
        machine.execute(["systemctl", "daemon-reload"], timeout=60)
    for service, plan in zip(services, plans):
        apply_service(machine, service, plan, pending)
        note_started(machine, service, pending)


def _wait_for_containerd(machine: Machine, deadline: Deadline, progress: Progress) -> None:
    while True:
        answer = machine.ask(["ctr", "version"], timeout=10)
        if answer.code == 0:
            return
        progress.say("containerd", "waiting for it to answer")
        if not deadline.pause(0.3):
            raise TimedOut(
                f"containerd did not answer within {deadline.seconds:.0f} seconds: {answer.last_lines(3)}",
                remedy="look at 'systemctl status containerd' and 'journalctl -u containerd -n 50' on this machine",
            )


def _check_binaries(machine: Machine, settings: NodeSettings, check_mode: bool) -> None:
    """In check mode the task before this one would have brought them."""
    wanted = [f"{settings.binaries}/{name}" for name in _BINARIES]
    wanted += [f"{settings.cni_binaries}/{name}" for name in _CNI_PLUGINS]
    absent = [path for path in wanted if not machine.is_present(path)]
    if absent and not check_mode:
        raise HcpError(
            f"not on this machine: {', '.join(absent)}",
            remedy="send them from a bundle with mothership.hcp.bundle_install, which role kubernetes_node does first",
        )
