# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Take off a machine what this collection, kubeadm, k0s and Kubernetes put there."""

from __future__ import annotations

import typing as t

from .._core.errors import CommandFailed
from .._core.plan import Change, Plan
from .._core.progress import Progress, Timings
from . import k0s_binary, k0s_service, kubeadm, residue
from .machine import Machine
from .network_cleanup import remove_pod_network
from .residue import Residue


def run(machine: Machine, *, datastore: bool, check_mode: bool) -> dict[str, t.Any]:
    """Remove everything that is found; on a clean machine nothing.

    :returns: a plan's result with ``residue``: what stays, always empty unless in check mode.
    :raises CommandFailed: when something stays.
    """
    timings, progress = Timings(), Progress()
    found = residue.find(machine, datastore=datastore)
    plan = Plan([Change("delete", item, "present", None) for item in found.items()])
    if check_mode or not plan:
        return plan.result(residue=found.items(), timings={})
    with timings.measure("stop"):
        progress.say("reset", "stopping the kubelet and all containers")
        _stop(machine, found)
    with timings.measure("remove"):
        progress.say("reset", "removing files, links and rules")
        _remove(machine, found, datastore=datastore)
    left = residue.find(machine, datastore=datastore).items()
    if left:
        raise CommandFailed(
            f"after the reset there still is: {', '.join(left)}",
            remedy="run the reset again; if it stays, reboot the machine and reset once more",
            details={"residue": left},
        )
    return plan.result(residue=left, timings=timings.seconds)


def _stop(machine: Machine, found: Residue) -> None:
    """The kubelet first, so that it starts nothing anew; then kubeadm or k0s, which end pods in an orderly way.

    Databases and load balancers last: the pods need them to the end.
    """
    machine.execute(["systemctl", "disable", "--now", "kubelet.service"], timeout=90, check=False)
    _stop_k0s(machine, found)
    if "containerd" in found.units and machine.is_program("kubeadm") and machine.read_names("/etc/kubernetes"):
        kubeadm.reset(machine)
    machine.execute(["systemctl", "disable", "--now", "containerd.service"], timeout=90, check=False)
    residue.stop_containers(machine)
    machine.execute(["systemctl", "stop", "kubepods.slice"], timeout=60, check=False)
    for name in found.services:
        machine.execute(["systemctl", "disable", "--now", f"{name}.service"], timeout=120, check=False)


def _stop_k0s(machine: Machine, found: Residue) -> None:
    """``k0s reset`` refuses while the service runs; it removes the users of the control plane, too."""
    used = machine.read_names(k0s_service.DATA_FOLDER) or machine.read_names(k0s_service.CONFIG_FOLDER)
    for role in ("worker", "controller"):
        if f"k0s{role}" in found.units or machine.is_present(k0s_service.unit_path(role)):
            machine.execute(["systemctl", "disable", "--now", f"k0s{role}.service"], timeout=180, check=False)
    # Those of a k0s that was killed: while they run, their users cannot be removed.
    residue.kill_k0s(machine)
    if used and machine.is_present(k0s_binary.INSTALLED):
        machine.execute([k0s_binary.INSTALLED, "reset"], timeout=180, check=False)


def _remove(machine: Machine, found: Residue, *, datastore: bool) -> None:
    for cluster in residue.postgresql_clusters(machine) if datastore else []:
        machine.execute(["pg_dropcluster", "--stop", *cluster.split(" ", 1)], timeout=120)
    remove_pod_network(machine)
    # Looked for again: kubeadm removed some, and stopping may have made others.
    remaining = residue.find(machine, datastore=datastore)
    for path in [*found.files, *remaining.files]:
        machine.remove(path)
    for name in remaining.users:
        machine.execute(["userdel", name], check=False)
    for path in remaining.folders:
        machine.empty_folder(path)
    machine.execute(["systemctl", "daemon-reload"], timeout=60, check=False)
    machine.execute(["systemctl", "reset-failed", *(f"{name}.service" for name in residue.UNITS)], check=False)
    for path in remaining.cgroups:
        machine.remove_cgroup(path)
