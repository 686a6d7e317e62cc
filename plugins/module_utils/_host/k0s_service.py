# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The systemd service of k0s: its binary, unit, drop-ins and configuration as they should be, and running with them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import time
import typing as t

from .._core.errors import CommandFailed, InvalidInput, TimedOut
from .._core.plan import Change, Plan
from .._core.progress import Deadline, Progress
from . import k0s_binary, systemd
from .files import TextFile, plan_files, write_files
from .k0s_binary import INSTALLED
from .machine import STATE_FOLDER, Machine

DATA_FOLDER = "/var/lib/k0s"
CONFIG_FOLDER = "/etc/k0s"
STATUS_SOCKET = "/run/k0s/status.sock"
ADMIN_CONFIG = f"{DATA_FOLDER}/pki/admin.conf"
KUBELET_CONFIG = f"{DATA_FOLDER}/kubelet.conf"
#: Join tokens: in memory only, and only until the join.
JOIN_FOLDER = "/run/mothership-hcp"
_RESTART_LIMIT = 3
#: What k0s starts. One with a payload brings them; else they are those of the bundle.
_WORKER_PROGRAMS = ("kubelet", "containerd", "containerd-shim-runc-v2")
_CONTROLLER_PROGRAMS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "etcd",
    "kine",
    "konnectivity-server",
)
#: Errors of k0s, and those of kine, which k0s passes on as it does all output of its programs.
_ERROR = re.compile(r"^Error: |level=(error|fatal)|msg=\"[^ ]*(ERRO|FATA)")
#: Colours and times in what the programs say, which would make equal lines differ.
_DECORATION = re.compile(r"\\x1b\[\d+m|\[\d{4}-\d\d-\d\dT[^]]*\]")
_MESSAGE = re.compile(r'msg="((?:[^"\\]|\\.)*)"')


@dataclasses.dataclass(frozen=True)
class Unit:
    """The service as it should be.

    :param role: ``controller`` or ``worker``.
    :param arguments: of ``k0s <role>``, as ``k0s install`` takes them; no secrets.
    :param files: what it reads when it starts.
    :param absent: files that it must not find.
    :param replace: put the staged binary in the place of an installed one that differs, and restart for programs that
        changed.
    """

    role: str
    arguments: tuple[str, ...]
    files: tuple[TextFile, ...] = ()
    absent: tuple[str, ...] = ()
    replace: bool = True

    @property
    def name(self) -> str:
        return f"k0s{self.role}"

    @property
    def path(self) -> str:
        return unit_path(self.role)


def unit_path(role: str) -> str:
    return f"/etc/systemd/system/k0s{role}.service"


def drop_in(role: str, name: str) -> str:
    return f"{unit_path(role)}.d/{name}.conf"


def plan_unit(machine: Machine, unit: Unit) -> Plan:
    """What differs from ``unit``, and the start or restart that follows from it."""
    state = systemd.read_state(machine, unit.name)
    restarts = (unit.name,) if state.active else ()
    plan = Plan()
    for change in plan_files(machine, unit.files).changes:
        plan.add(dataclasses.replace(change, restarts=restarts))
    for path in unit.absent:
        if machine.is_present(path):
            plan.add(Change("delete", path, "present", None, restarts))
    if _must_replace(machine, unit):
        plan.add(_binary_change(machine, restarts))
    if _must_install(machine, unit):
        known = _record(machine, unit.role).get("arguments")
        action: t.Literal["create", "update"] = "update" if machine.is_present(unit.path) else "create"
        plan.add(Change(action, unit.path, known, list(unit.arguments), restarts))
    must_restart = bool(plan) or systemd.is_stale(machine, _service(machine, unit))
    must_restart = must_restart or (unit.replace and systemd.is_stale(machine, _programs(unit.role)))
    if not state.enabled:
        plan.add(Change("update", f"{unit.name}.service", {"enabled": False}, {"enabled": True}))
    if not state.active:
        plan.add(Change("run", f"{unit.name}.service", {"running": False}, {"running": True}))
    elif must_restart:
        plan.add(Change("restart", f"{unit.name}.service", restarts=(unit.name,)))
    return plan


def apply_unit(machine: Machine, unit: Unit, *, stop_first: bool = False) -> None:
    """Bring the service into the desired state; nothing is touched that is in it.

    :param stop_first: also when neither binary nor unit change: what it does now is of no use.
    """
    service = f"{unit.name}.service"
    plan = plan_unit(machine, unit)
    active = systemd.read_state(machine, unit.name).active
    if not plan and not stop_first:
        return
    replace = _must_replace(machine, unit)
    if active and (replace or stop_first):
        machine.execute(["systemctl", "stop", service], timeout=180)
        active = False
    write_files(machine, unit.files)
    for path in unit.absent:
        machine.remove(path)
    if replace:
        k0s_binary.install(machine)
    if _must_install(machine, unit):
        _install(machine, unit)
    machine.execute(["systemctl", "daemon-reload"], timeout=60)
    if not systemd.read_state(machine, unit.name).enabled:
        machine.execute(["systemctl", "enable", service], timeout=60)
    if stop_first or any(change.action in ("run", "restart") for change in plan.changes):
        machine.execute(["systemctl", "restart" if active else "start", service], timeout=180)
        systemd.note_started(machine, _programs(unit.role), {})
    systemd.note_started(machine, _service(machine, unit), {})


def is_outdated(machine: Machine, role: str) -> bool:
    """Whether a service that was installed runs with other programs than those the bundle brought last."""
    if not machine.is_present(INSTALLED) or not machine.is_present(unit_path(role)):
        return False
    return k0s_binary.is_outdated(machine) or systemd.is_stale(machine, _programs(role))


def _programs(role: str) -> systemd.Service:
    names = (*_WORKER_PROGRAMS, *(_CONTROLLER_PROGRAMS if role == "controller" else ()))
    return systemd.Service(f"k0s{role}.programs", (INSTALLED, *(f"/usr/local/bin/{name}" for name in names)))


def _service(machine: Machine, unit: Unit) -> systemd.Service:
    """What the service runs with; also the drop-ins of others."""
    folder = f"{unit.path}.d"
    drop_ins = {f"{folder}/{name}" for name in machine.read_names(folder)}
    wanted = {file.path for file in unit.files}
    return systemd.Service(unit.name, (unit.path, *sorted(drop_ins | wanted)))


def _must_replace(machine: Machine, unit: Unit) -> bool:
    if not machine.is_present(INSTALLED):
        return True
    return unit.replace and k0s_binary.is_outdated(machine)


def _binary_change(machine: Machine, restarts: tuple[str, ...]) -> Change:
    before = k0s_binary.read_version(machine, INSTALLED)
    after = k0s_binary.read_version(machine, k0s_binary.STAGED) or "from the bundle"
    return Change("update" if machine.is_present(INSTALLED) else "create", INSTALLED, before, after, restarts)


def _must_install(machine: Machine, unit: Unit) -> bool:
    text = machine.read_text(unit.path)
    known = _record(machine, unit.role)
    return text is None or known != {"arguments": list(unit.arguments), "unit": _hash(text)}


def _install(machine: Machine, unit: Unit) -> None:
    """``k0s install`` refuses to write a unit that is there unless it is forced to."""
    force = ["--force"] if machine.is_present(unit.path) else []
    machine.execute([INSTALLED, "install", unit.role, *unit.arguments, *force], timeout=120)
    record = {"arguments": list(unit.arguments), "unit": _hash(machine.read_text(unit.path) or "")}
    machine.write_text(_record_path(unit.role), json.dumps(record, indent=2) + "\n", 0o600)


def _record_path(role: str) -> str:
    return f"{STATE_FOLDER}/k0s/{role}.json"


def _record(machine: Machine, role: str) -> dict[str, t.Any]:
    """The arguments the unit was written with, and the hash of what k0s made of them."""
    try:
        known = json.loads(machine.read_text(_record_path(role)) or "{}")
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def recorded_arguments(machine: Machine, role: str) -> list[str]:
    return [str(argument) for argument in _record(machine, role).get("arguments") or []]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def refuse_kubeadm(machine: Machine, where: str) -> None:
    """:raises InvalidInput: on a machine that kubeadm made a node."""
    if machine.is_present("/etc/kubernetes/kubelet.conf") or machine.is_present("/etc/kubernetes/admin.conf"):
        raise InvalidInput(
            "this machine is a node that kubeadm made; k0s cannot run beside it",
            where=where,
            remedy="reset the machine with playbook mothership.hcp.reset, or set the distribution to kubeadm",
        )


def refuse_k0s(machine: Machine, where: str) -> None:
    """:raises InvalidInput: on a machine that k0s runs on."""
    if any(machine.is_present(unit_path(role)) for role in ("controller", "worker")):
        raise InvalidInput(
            "k0s is installed on this machine; kubeadm cannot make it a node",
            where=where,
            remedy="reset the machine with playbook mothership.hcp.reset, or set the distribution to k0s",
        )


class StartWatch:
    """Waits for what a service does after its start, and says why it does not come.

    :param role: of the service.
    """

    def __init__(self, machine: Machine, role: str, deadline: Deadline, progress: Progress, subject: str) -> None:
        self._machine, self._name = machine, f"k0s{role}"
        self._deadline, self._progress, self._subject = deadline, progress, subject
        # The journal's clock, with room for what was written in the second of the start.
        self.since = int(time.time()) - 1

    def wait(self, reached: t.Callable[[], bool], what: str) -> None:
        """Until ``reached`` says true.

        :raises CommandFailed: when the service ends again and again.
        :raises TimedOut: with what the service said last.
        """
        while not reached():
            self._progress.say(self._subject, f"waiting for {what}; {self._deadline.elapsed // 15 * 15:.0f} s so far")
            self._check_running(what)
            if not self._deadline.pause(0.3):
                raise TimedOut(
                    f"{what} did not come within {self._deadline.seconds:.0f} s; "
                    f"{self._name} said last:\n{self.reason()}",
                    where=self._subject,
                    remedy=f"look at 'systemctl status {self._name}' and "
                    f"'journalctl -u {self._name} -n 100' on the machine",
                )

    def _check_running(self, what: str) -> None:
        shown = self._machine.ask(["systemctl", "show", f"{self._name}.service", "--property=NRestarts,ActiveState"])
        values = dict(line.split("=", 1) for line in shown.stdout.splitlines() if "=" in line)
        restarts = int(values.get("NRestarts") or 0)
        if values.get("ActiveState") == "failed" or restarts >= _RESTART_LIMIT:
            raise CommandFailed(
                f"{self._name} ended {restarts + 1} times while {what} was awaited; it says:\n{self.reason()}",
                where=self._subject,
                remedy=f"mend the cause and run again; 'journalctl -u {self._name} -n 100' on the machine shows more",
            )

    def reason(self) -> str:
        """Errors in the service's journal since the watch began, the last ones; without errors its last lines."""
        argv = ["journalctl", "--unit", f"{self._name}.service", "--since", f"@{self.since}", "--output=cat"]
        said = self._machine.ask([*argv, "--lines=3000", "--no-pager"], timeout=20).stdout.splitlines()
        errors = [line for line in said if _ERROR.search(line)]
        chosen = list(dict.fromkeys(_shortened(line) for line in (errors or said)))[-5:]
        return "\n".join(chosen) or "nothing"


def _shortened(line: str) -> str:
    """The message of a line of k0s' log, without times."""
    found = _MESSAGE.search(line) if line.startswith("time=") else None
    return _DECORATION.sub("", found.group(1)).replace('\\"', '"').strip() if found else line
