# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A worker on this machine by ``k0s install worker``."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import typing as t
import urllib.parse

from .._core.errors import HcpError, InvalidInput, TimedOut
from .._core.plan import Change, Plan
from .._core.progress import Deadline, Progress, Timings
from . import k0s_binary, k0s_service, residue
from .k0s_service import DATA_FOLDER, KUBELET_CONFIG, StartWatch, Unit
from .kubeadm import discovery_kubeconfig, kubeconfig_server
from .machine import Machine
from .network_cleanup import remove_pod_network

_TOKEN = f"{k0s_service.JOIN_FOLDER}/k0s-worker-token"
#: The user that k0s expects in the kubeconfig of a worker's token.
_JOIN_USER = "kubelet-bootstrap"
#: A token made a moment ago may not have reached the API server's memory, and a server may just be starting.
_TOKEN_PATIENCE = 20


@dataclasses.dataclass(frozen=True)
class WorkerSettings:
    """What a worker needs; see :class:`kubeadm_join.JoinSettings` for what both have.

    :param upgrade: replace the binary of a worker that has joined when the staged one differs.
    """

    node_name: str
    server: str
    ca_certificate: str = ""
    token: str = ""
    rejoin: bool = False
    control_plane_version: str = ""
    taints: tuple[t.Mapping[str, t.Any], ...] = ()
    labels: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    profile: str = "default"
    kubelet_extra_args: tuple[str, ...] = ()
    ignore_preflight_checks: bool = False
    upgrade: bool = False


@dataclasses.dataclass(frozen=True)
class Current:
    """``server``: whose worker the machine is, ``None`` when it is nobody's.

    :param begun: k0s was installed as worker and has not joined.
    """

    server: str | None
    begun: bool
    control_plane: bool
    outdated: bool


def read(machine: Machine) -> Current:
    server = kubeconfig_server(machine.read_text(KUBELET_CONFIG))
    return Current(
        server=server,
        begun=server is None and machine.is_present(k0s_service.unit_path("worker")),
        control_plane=any(
            machine.is_present(path) for path in (k0s_service.ADMIN_CONFIG, k0s_service.unit_path("controller"))
        ),
        outdated=server is not None and k0s_service.is_outdated(machine, "worker"),
    )


def run(machine: Machine, settings: WorkerSettings, *, check_mode: bool, timeout: float) -> dict[str, t.Any]:
    """Join unless the machine is a worker of that cluster already; bring a worker's service into the desired state.

    :returns: a plan's result with ``needed`` (whether a join is, or was, needed), ``joined``, ``machine_id``,
        ``outdated`` (the worker runs other programs than the bundle brought), ``version`` and ``timings``.
    """
    timings, deadline, progress = Timings(), Deadline(timeout), Progress()
    current = read(machine)
    _refuse(machine, settings, current)
    needed = settings.rejoin or current.server is None
    unit = _unit(settings, replace=needed or settings.upgrade)
    service_plan = k0s_service.plan_unit(machine, unit)
    version = _check_binary(machine, settings, unit, check_mode, starts=needed or bool(service_plan))
    plan = _plan(machine, settings, current, service_plan, needed)
    joining = needed and not check_mode and bool(settings.token)
    if joining:
        watch = StartWatch(machine, "worker", deadline, progress, settings.node_name)
        _check_token(machine, settings, deadline)
        with timings.measure("join"):
            _join(machine, settings, unit, watch, leave=current.server is not None)
    elif not needed and not check_mode and plan:
        watch = StartWatch(machine, "worker", deadline, progress, settings.node_name)
        with timings.measure("service"):
            machine.remove(_TOKEN)
            k0s_service.apply_unit(machine, unit)
            watch.wait(lambda: machine.is_present(k0s_service.STATUS_SOCKET), "the worker to run")
    return plan.result(
        needed=needed,
        joined=joining or not needed,
        machine_id=(machine.read_text("/etc/machine-id") or "").strip(),
        outdated=current.outdated and not unit.replace,
        version=version,
        timings=timings.seconds,
    )


def join_token(server: str, ca_base64: str, token: str, user: str = _JOIN_USER) -> str:
    """What ``--token-file`` of k0s reads: a kubeconfig, compressed, in base64.

    :param user: what k0s expects there; it differs for controllers.
    """
    kubeconfig = discovery_kubeconfig(server, ca_base64, token, user=user)
    return base64.b64encode(gzip.compress(kubeconfig.encode(), mtime=0)).decode()


def _plan(machine: Machine, settings: WorkerSettings, current: Current, service: Plan, needed: bool) -> Plan:
    plan = Plan()
    if current.server and settings.rejoin:
        plan.add(Change("delete", "membership without a Node object", current.server, None))
    elif current.begun:
        plan.add(Change("delete", "k0s join that was interrupted", "half done", None))
    if not needed and machine.is_present(_TOKEN):
        plan.add(Change("delete", _TOKEN, "left by an interrupted join", None))
    plan.extend(service)
    if needed:
        plan.add(Change("create", f"node {settings.node_name}", None, {"server": settings.server}))
    return plan


def _unit(settings: WorkerSettings, *, replace: bool) -> Unit:
    kubelet = " ".join([f"--hostname-override={settings.node_name}", *settings.kubelet_extra_args])
    arguments = [f"--token-file={_TOKEN}", f"--profile={settings.profile}", f"--kubelet-extra-args={kubelet}"]
    if settings.labels:
        labels = ",".join(f"{name}={value}" for name, value in sorted(settings.labels.items()))
        arguments.append(f"--labels={labels}")
    if settings.taints:
        arguments.append(f"--taints={','.join(_taint(taint) for taint in settings.taints)}")
    if settings.ignore_preflight_checks:
        arguments.append("--ignore-pre-flight-checks")
    return Unit("worker", tuple(arguments), replace=replace)


def _taint(taint: t.Mapping[str, t.Any]) -> str:
    return f"{taint['key']}={taint.get('value') or ''}:{taint['effect']}"


def _join(machine: Machine, settings: WorkerSettings, unit: Unit, watch: StartWatch, *, leave: bool) -> None:
    try:
        if leave:
            _leave(machine)
        text = join_token(settings.server, settings.ca_certificate, settings.token)
        machine.write_text(_TOKEN, text, 0o600, 0o700)
        # One that waits between two attempts would look at the new token only seconds later.
        k0s_service.apply_unit(machine, unit, stop_first=True)
        watch.wait(lambda: machine.is_present(KUBELET_CONFIG), "the kubelet's certificate")
        machine.remove(_TOKEN)
        watch.wait(lambda: machine.is_present(k0s_service.STATUS_SOCKET), "the worker to run")
    finally:
        machine.remove(_TOKEN)


def _leave(machine: Machine) -> None:
    """Forget the cluster, and the pods of the node that is no more; images stay."""
    machine.execute(["systemctl", "stop", "k0sworker.service"], timeout=180, check=False)
    residue.stop_containers(machine)
    for path in (f"{DATA_FOLDER}/kubelet", "/var/log/pods", "/var/log/containers"):
        machine.empty_folder(path)
    remove_pod_network(machine)
    # The last: while it is there, a run that was killed here is begun again.
    machine.remove(KUBELET_CONFIG)


def _refuse(machine: Machine, settings: WorkerSettings, current: Current) -> None:
    """What cannot work, before anything is changed."""
    k0s_service.refuse_kubeadm(machine, settings.node_name)
    if current.control_plane:
        raise InvalidInput(
            "this machine is a control plane",
            where=settings.node_name,
            remedy="use another machine as worker, or reset this one with playbook mothership.hcp.reset",
        )
    if current.server and current.server != settings.server:
        raise InvalidInput(
            f"this machine is a worker of the cluster at {current.server} already; asked for was {settings.server}",
            where=settings.node_name,
            remedy="reset the machine with playbook mothership.hcp.reset, or list it in that cluster's group",
        )


def _check_binary(machine: Machine, settings: WorkerSettings, unit: Unit, check_mode: bool, *, starts: bool) -> str:
    """The version that the worker has afterwards.

    :param starts: the service is about to start, and then asks for the configuration of its own minor version.
    """
    installed = machine.is_present(k0s_binary.INSTALLED)
    if unit.replace or not installed:
        if not machine.is_present(k0s_binary.STAGED) and check_mode:
            return k0s_binary.read_version(machine, k0s_binary.INSTALLED) or ""
        if not machine.is_present(k0s_binary.STAGED):
            raise HcpError(
                "the k0s binary is not on this machine",
                where=settings.node_name,
                remedy="run role mothership.hcp.k0s_node first, which sends it from the bundle",
            )
        version = k0s_binary.check_staged(machine, "")
    else:
        version = k0s_binary.read_version(machine, k0s_binary.INSTALLED) or ""
    plane = settings.control_plane_version.lstrip("v")
    if starts and version and plane and k0s_binary.minor(version) != k0s_binary.minor(plane):
        newer = k0s_binary.minor(version) > k0s_binary.minor(plane)
        raise InvalidInput(
            f"k0s {version} cannot run a worker of a control plane of version {plane}: "
            "the minor versions of the two must be equal",
            where=settings.node_name,
            remedy=f"give this worker a bundle with k0s {'.'.join(plane.split('.')[:2])}"
            + (", or upgrade the control plane first" if newer else ""),
        )
    return version


def _check_token(machine: Machine, settings: WorkerSettings, deadline: Deadline) -> None:
    """Ask the API server with the token: k0s itself would try for minutes, and not say that it is refused."""
    address = urllib.parse.urlsplit(settings.server)
    patience = Deadline(min(_TOKEN_PATIENCE, deadline.remaining))
    ca = base64.b64decode(settings.ca_certificate).decode() if settings.ca_certificate else ""
    while True:
        try:
            status = machine.ask_https(
                address.hostname or "", address.port or 443, "/version", token=settings.token, ca_certificate=ca
            )
            problem = "" if status != 401 else "the API server does not accept the token"
        except (OSError, ValueError) as error:
            problem = f"no answer from {settings.server}: {error}"
        if not problem:
            return
        if not patience.pause(1):
            break
    if "token" in problem:
        raise InvalidInput(
            f"{problem}: it is wrong, or has expired",
            where=settings.node_name,
            remedy="make a new token and run again; mothership.hcp.worker_join makes one for each join",
        )
    raise TimedOut(
        problem,
        where=settings.node_name,
        remedy=f"check from this machine: curl --insecure {settings.server}/version; and that the CA certificate "
        "is that cluster's",
    )
