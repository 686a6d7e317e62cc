# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A control plane on this machine by ``kubeadm init``."""

from __future__ import annotations

import dataclasses
import secrets
import string
import typing as t

from .._core.errors import CommandFailed, HcpError, InvalidInput, TimedOut
from .._core.plan import Change, Plan
from .._core.progress import Deadline, Progress, Timings
from . import kubeadm
from .facts import program_version
from .machine import Completed, Machine

_TOKEN_LETTERS = string.ascii_lowercase + string.digits
#: What kubeadm init makes last.
_ADDONS = (
    "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy",
    "/apis/apps/v1/namespaces/kube-system/deployments/coredns",
)
_NOT_SHOWN = "<made for this run, ends after one second>"


@dataclasses.dataclass(frozen=True)
class Current:
    """What is on the machine: a whole control plane, one that was interrupted, or a node of another kind."""

    initialised: bool
    interrupted: bool
    joined_as_worker: bool
    server: str | None


def read(machine: Machine) -> Current:
    initialised = machine.is_present(kubeadm.ADMIN_CONFIG)
    return Current(
        initialised=initialised,
        interrupted=kubeadm.is_interrupted(machine, "init") and not _has_addons(machine),
        joined_as_worker=machine.is_present(kubeadm.KUBELET_CONFIG) and not initialised,
        server=kubeadm.kubeconfig_server(machine.read_text(kubeadm.ADMIN_CONFIG)),
    )


def run(machine: Machine, settings: kubeadm.ClusterSettings, *, check_mode: bool, timeout: float) -> dict[str, t.Any]:
    """Initialise the control plane unless there is one, and wait until its API server is ready.

    :returns: ``changed``, ``diff``, ``plan``, ``server``, ``timings`` (seconds per phase).
    """
    timings, deadline, progress = Timings(), Deadline(timeout), Progress()
    current = read(machine)
    _check(machine, settings, current, check_mode)
    plan = plan_init(settings, current)
    server = f"https://{kubeadm.host_and_port(settings.endpoint, settings.port)}"
    if check_mode:
        return plan.result(server=server, timings={})
    if current.interrupted:
        with timings.measure("reset"):
            progress.say(settings.name, "an interrupted kubeadm init is being reset")
            kubeadm.reset_interrupted(machine)
    if plan:
        with timings.measure("init"):
            progress.say(settings.name, "kubeadm init")
            documents = kubeadm.init_documents(settings, new_bootstrap_token())
            machine.write_text(kubeadm.INIT_CONFIG, kubeadm.as_file(documents), 0o600, 0o700)
            kubeadm.run_kubeadm(machine, "init", kubeadm.INIT_CONFIG, timeout=max(30.0, deadline.remaining))
            # Without the token, which ended already, the file stays as a record of how the machine was made.
            machine.write_text(kubeadm.INIT_CONFIG, _shown(settings), 0o600, 0o700)
    elif kubeadm.is_interrupted(machine, "init"):
        machine.remove(kubeadm.marker("init"))
    with timings.measure("ready"):
        wait_ready(machine, deadline, progress, settings.name)
    return plan.result(server=server, timings=timings.seconds)


def _has_addons(machine: Machine) -> bool:
    """Whether kubeadm init got to its end, or a person brought it there: then nothing must be reset."""
    if not machine.is_present(kubeadm.ADMIN_CONFIG):
        return False
    return all(_get(machine, path).code == 0 for path in _ADDONS)


def _get(machine: Machine, path: str) -> Completed:
    """Ask the API server; a raw path, so that kubectl leaves no cache of the API's kinds behind."""
    argv = ["kubectl", "--kubeconfig", kubeadm.ADMIN_CONFIG, "get", "--raw", path, "--request-timeout=5s"]
    return machine.ask(argv, timeout=10)


def plan_init(settings: kubeadm.ClusterSettings, current: Current) -> Plan:
    """One change when there is no finished control plane, else nothing."""
    plan = Plan()
    if current.interrupted:
        plan.add(Change("delete", "kubeadm init that was interrupted", "half done", None))
    if current.interrupted or not current.initialised:
        plan.add(Change("create", f"control plane {settings.name}", None, _shown(settings)))
    return plan


def wait_ready(machine: Machine, deadline: Deadline, progress: Progress, subject: str) -> None:
    """Until the API server says on ``/readyz`` that it is ready."""
    while True:
        answer = _get(machine, "/readyz")
        if answer.code == 0 and answer.stdout.strip() == "ok":
            return
        progress.say(subject, "waiting for the API server to be ready")
        if not deadline.pause(0.5):
            raise TimedOut(
                f"the API server was not ready after {deadline.seconds:.0f} s; it last said:\n{answer.last_lines(5)}",
                remedy="look at 'systemctl status kubelet containerd' and 'journalctl -u kubelet -n 50' on the machine",
            )


def new_bootstrap_token() -> str:
    def letters(count: int) -> str:
        return "".join(secrets.choice(_TOKEN_LETTERS) for _index in range(count))

    return f"{letters(6)}.{letters(16)}"


def _shown(settings: kubeadm.ClusterSettings) -> str:
    return kubeadm.as_file(kubeadm.init_documents(settings, _NOT_SHOWN))


def _check(machine: Machine, settings: kubeadm.ClusterSettings, current: Current, check_mode: bool) -> None:
    """Refuse what cannot work, before anything is changed."""
    if current.joined_as_worker and not current.interrupted:
        raise InvalidInput(
            "this machine is a worker of "
            f"{kubeadm.kubeconfig_server(machine.read_text(kubeadm.KUBELET_CONFIG)) or 'another cluster'}",
            where=settings.node_name,
            remedy="use another machine for the control plane, or reset this one with playbook mothership.hcp.reset",
        )
    wanted = f"https://{kubeadm.host_and_port(settings.endpoint, settings.port)}"
    if current.initialised and not current.interrupted and current.server not in (None, wanted):
        raise InvalidInput(
            f"there is a control plane on this machine already, with endpoint {current.server}; asked for was {wanted}",
            where="mothership_endpoint",
            remedy="set mothership_endpoint and mothership_port to what they were, or reset the machine",
        )
    if check_mode:
        return
    if not machine.is_program("kubeadm"):
        raise HcpError(
            "kubeadm is not installed", where=settings.node_name, remedy="run role mothership.hcp.kubernetes_node first"
        )
    found = program_version(machine, "kubelet")
    if not current.initialised and found != settings.version:
        raise CommandFailed(
            f"kubelet {found} is installed, but the control plane shall have version {settings.version}",
            where=settings.node_name,
            remedy=f"give a bundle with Kubernetes {settings.version}, or set mothership_version to {found}",
        )
