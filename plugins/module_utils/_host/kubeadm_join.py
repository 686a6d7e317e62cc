# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A worker on this machine by ``kubeadm join``."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import HcpError, InvalidInput
from .._core.plan import Change, Plan
from .._core.progress import Timings
from . import kubeadm
from .facts import program_version
from .machine import Machine

#: In memory only, and only while kubeadm runs.
_FOLDER = "/run/mothership-hcp"
_DISCOVERY = f"{_FOLDER}/discovery.conf"
_CONFIG = f"{_FOLDER}/kubeadm-join.yaml"


@dataclasses.dataclass(frozen=True)
class JoinSettings:
    """What a join needs.

    :param server: URL of the API server as workers reach it.
    :param ca_certificate: base64 of the cluster's CA certificate in PEM form.
    :param token: bootstrap token; without one the machine is only looked at.
    :param rejoin: join again although the machine has joined: its Node object is gone.
    """

    node_name: str
    server: str
    ca_certificate: str = ""
    token: str = ""
    rejoin: bool = False
    control_plane_version: str = ""
    taints: tuple[t.Mapping[str, t.Any], ...] = ()
    ignored_errors: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Current:
    """``server``: whose worker the machine is, ``None`` when it is nobody's."""

    server: str | None
    interrupted: bool
    control_plane: bool


def read(machine: Machine) -> Current:
    return Current(
        server=kubeadm.kubeconfig_server(machine.read_text(kubeadm.KUBELET_CONFIG)),
        interrupted=kubeadm.is_interrupted(machine, "join"),
        control_plane=machine.is_present(kubeadm.ADMIN_CONFIG),
    )


def run(machine: Machine, settings: JoinSettings, *, check_mode: bool, timeout: float) -> dict[str, t.Any]:
    """Join unless the machine is a worker of that cluster already.

    :returns: a plan's result with ``needed`` (whether a join is, or was, needed), ``joined``, ``machine_id`` and
        ``timings`` (seconds per phase).
    """
    timings = Timings()
    current = read(machine)
    _check(machine, settings, current, check_mode)
    plan = plan_join(settings, current)
    joining = bool(plan) and not check_mode and bool(settings.token)
    if joining:
        if current.interrupted or current.server:
            with timings.measure("reset"):
                kubeadm.reset_interrupted(machine)
        with timings.measure("join"):
            _join(machine, settings, timeout)
    machine_id = (machine.read_text("/etc/machine-id") or "").strip()
    return plan.result(needed=bool(plan), joined=joining or not plan, machine_id=machine_id, timings=timings.seconds)


def plan_join(settings: JoinSettings, current: Current) -> Plan:
    plan = Plan()
    if current.interrupted:
        plan.add(Change("delete", "kubeadm join that was interrupted", "half done", None))
    elif current.server and settings.rejoin:
        plan.add(Change("delete", "membership without a Node object", current.server, None))
    if current.interrupted or settings.rejoin or not current.server:
        plan.add(Change("create", f"node {settings.node_name}", None, {"server": settings.server}))
    return plan


def _join(machine: Machine, settings: JoinSettings, timeout: float) -> None:
    document = kubeadm.join_document(
        settings.node_name, _DISCOVERY, taints=settings.taints, ignored_errors=settings.ignored_errors
    )
    try:
        discovery = kubeadm.discovery_kubeconfig(settings.server, settings.ca_certificate, settings.token)
        machine.write_text(_DISCOVERY, discovery, 0o600, 0o700)
        machine.write_text(_CONFIG, kubeadm.as_file([document]), 0o600, 0o700)
        kubeadm.run_kubeadm(machine, "join", _CONFIG, timeout=timeout)
    finally:
        machine.remove(_FOLDER)


def _check(machine: Machine, settings: JoinSettings, current: Current, check_mode: bool) -> None:
    """Refuse what cannot work, before anything is changed."""
    if current.control_plane:
        raise InvalidInput(
            "this machine is a control plane",
            where=settings.node_name,
            remedy="use another machine as worker, or reset this one with playbook mothership.hcp.reset",
        )
    if current.server and current.server != settings.server and not current.interrupted:
        raise InvalidInput(
            f"this machine is a worker of the cluster at {current.server} already; asked for was {settings.server}",
            where=settings.node_name,
            remedy="reset the machine with playbook mothership.hcp.reset, or list it in that cluster's group",
        )
    if check_mode:
        return
    if not machine.is_program("kubeadm"):
        raise HcpError(
            "kubeadm is not installed", where=settings.node_name, remedy="run role mothership.hcp.kubernetes_node first"
        )
    _check_version(machine, settings)


def _check_version(machine: Machine, settings: JoinSettings) -> None:
    """A kubelet may be older than its API server, never newer."""
    found, plane = program_version(machine, "kubelet"), settings.control_plane_version.lstrip("v")
    if not found or not plane:
        return
    if _minor(found) > _minor(plane):
        raise InvalidInput(
            f"the kubelet has version {found}, newer than the control plane's {plane}",
            where=settings.node_name,
            remedy=f"give this worker a bundle with Kubernetes {plane}, or upgrade the control plane first",
        )


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("+")[0].split("-")[0].split(".")[:2])
