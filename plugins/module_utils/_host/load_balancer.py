# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A machine in front of the mothership: HAProxy, and keepalived where several machines share an address."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core import balancing
from .._core.balancing import BALANCER_MARKER, HAPROXY_CONFIG, KEEPALIVED_CONFIG, VirtualAddress
from .._core.errors import CommandFailed, InvalidInput, TimedOut
from .._core.plan import Change, Plan
from .._core.progress import Deadline, Progress
from . import load_balancer_config as config
from .facts import listening_ports
from .files import TextFile, plan_files, write_files
from .load_balancer_config import KEEPALIVED_CHECK
from .load_balancer_settings import Settings
from .machine import Machine
from .packages import install_missing, missing_packages, packages_missing
from .systemd import Service, note_started, plan_service, read_state

#: Services and files of a load balancer, for those who take it off a machine. The packages stay.
UNITS = ("haproxy", "keepalived")
FILES = (HAPROXY_CONFIG, KEEPALIVED_CONFIG, KEEPALIVED_CHECK)
_HAPROXY = Service("haproxy", (HAPROXY_CONFIG,))
_KEEPALIVED = Service("keepalived", (KEEPALIVED_CONFIG, KEEPALIVED_CHECK))


@dataclasses.dataclass(frozen=True)
class _Desired:
    """What must be on the machine; ``ports`` are those on which HAProxy must listen."""

    virtual: VirtualAddress | None
    files: tuple[TextFile, ...]
    services: tuple[Service, ...]
    ports: frozenset[int]

    @property
    def pending(self) -> dict[str, str]:
        return {file.path: file.text for file in self.files}


def residue_files(machine: Machine) -> list[str]:
    """Those of :data:`FILES` that this collection wrote."""
    return [path for path in FILES if BALANCER_MARKER in (machine.read_text(path) or "")]


def residue_units(machine: Machine) -> list[str]:
    """Those of :data:`UNITS` that run, or would at the next boot, with a configuration of this collection."""
    ours = {"haproxy": HAPROXY_CONFIG, "keepalived": KEEPALIVED_CONFIG}
    present = residue_files(machine)
    states = {name: read_state(machine, name) for name in UNITS if ours[name] in present}
    return [name for name, state in states.items() if state.active or state.enabled]


def run(
    machine: Machine, settings: Settings, *, install_packages: bool, check_mode: bool, timeout: float
) -> dict[str, t.Any]:
    """Bring the machine into the desired state.

    :param install_packages: with apt-get; otherwise they must be there, or come with an earlier task of this run.
    :returns: ``changed``, ``diff``, ``plan``, ``restarts`` and ``virtual_address`` with its interface, if there is one.
    """
    desired = _desired(machine, settings)
    packages = missing_packages(machine, {service.name: service.name for service in desired.services})
    if packages and not install_packages and not check_mode:
        raise packages_missing(packages)
    _refuse_foreign(machine, desired)
    _refuse_taken_ports(machine, desired)
    plan = Plan()
    if install_packages:
        plan.extend(packages)
    removal = _plan_removal(machine, desired)
    files = plan_files(machine, desired.files)
    plan.extend(files)
    for service in desired.services:
        plan.extend(_plan_service(machine, service, desired.pending))
    plan.extend(removal)
    if not check_mode:
        if packages:
            Progress().say("packages", "apt-get is at work")
            install_missing(machine, packages)
        _apply(machine, desired, files, removal, timeout)
    virtual = desired.virtual
    return plan.result(
        virtual_address=None if virtual is None else {"address": virtual.address, "interface": virtual.interface}
    )


def _desired(machine: Machine, settings: Settings) -> _Desired:
    ports = settings.ports()
    text = config.haproxy_config(ports, max_connections=settings.max_connections, ipv6=settings.ipv6)
    files, services = [TextFile(HAPROXY_CONFIG, text)], [_HAPROXY]
    virtual = _virtual(machine, settings)
    if virtual is not None:
        files.append(TextFile(KEEPALIVED_CHECK, config.keepalived_check(), 0o755))
        files.append(TextFile(KEEPALIVED_CONFIG, config.keepalived_config(virtual)))
        services.append(_KEEPALIVED)
    numbers = frozenset(number for port in ports for number in port.numbers) | {balancing.HEALTH_PORT}
    return _Desired(virtual, tuple(files), tuple(services), numbers)


def _virtual(machine: Machine, settings: Settings) -> VirtualAddress | None:
    if settings.virtual_address is None:
        return None
    own, address = settings.own_address(), settings.virtual_address
    local = balancing.local_addresses(machine.read_text("/proc/net/fib_trie") or "")
    if local and own not in local and ":" not in own:
        raise InvalidInput(
            f"{own} is no address of this machine, which has {', '.join(sorted(local))}",
            where="machines",
            remedy="set in load_balancer_addresses the one at which the other load balancers reach it",
        )
    interface = settings.interface or interface_to(machine, address)
    return VirtualAddress(address, interface, own, settings.peers(), settings.position(), settings.virtual_router_id)


def interface_to(machine: Machine, address: str) -> str:
    """The interface through which this machine reaches an IPv4 address, from the kernel's routes.

    :raises InvalidInput: when no route leads there.
    """
    found = balancing.interface_to(machine.read_text("/proc/net/route") or "", address)
    if not found:
        raise InvalidInput(
            f"no interface of this machine leads to {address}",
            where="virtual_address",
            remedy="name the interface with load_balancer_interface",
        )
    return found


def _refuse_foreign(machine: Machine, desired: _Desired) -> None:
    """A configuration that somebody else made for a purpose is not overwritten; that of the package has none."""
    for file in desired.files:
        current = machine.read_text(file.path)
        if current is None or BALANCER_MARKER in current:
            continue
        if balancing.is_in_use(current):
            raise InvalidInput(
                "this file was not written by mothership.hcp, and it is in use",
                where=file.path,
                remedy="give the load balancer a machine of its own, or move this file away",
            )


def _refuse_taken_ports(machine: Machine, desired: _Desired) -> None:
    """HAProxy would not say so on a reload, and the ports would seem to be served."""
    bound: set[int] = set()
    if read_state(machine, _HAPROXY.name).active:
        bound = config.bound_ports(machine.read_text(HAPROXY_CONFIG) or "")
    taken = sorted((desired.ports - bound) & set(listening_ports(machine)))
    if taken:
        raise InvalidInput(
            f"other programs listen on ports that HAProxy needs: {', '.join(map(str, taken[:5]))}",
            where="this machine",
            remedy="'ss -tlnp' names them; give the load balancer a machine of its own",
        )


def _plan_service(machine: Machine, service: Service, pending: t.Mapping[str, str]) -> Plan:
    """As :func:`.systemd.plan_service`, but what runs is reloaded: connections stay."""
    return Plan(
        [
            Change("run", f"{service.name}.service reload") if change.action == "restart" else change
            for change in plan_service(machine, service, pending).changes
        ]
    )


def _plan_removal(machine: Machine, desired: _Desired) -> Plan:
    """Without a virtual address any more, keepalived goes."""
    plan = Plan()
    if _KEEPALIVED in desired.services:
        return plan
    if "keepalived" in residue_units(machine):
        plan.add(Change("run", "keepalived.service", {"running": True}, {"running": False}))
    for path in residue_files(machine):
        if path != HAPROXY_CONFIG:
            plan.add(Change("delete", path, machine.read_text(path)))
    return plan


def _apply(machine: Machine, desired: _Desired, files: Plan, removal: Plan, timeout: float) -> None:
    changed = {change.target for change in files.changes}
    before = machine.read_text(HAPROXY_CONFIG)
    for file in desired.files:
        if file.path in changed:
            _validate(machine, file)
            write_files(machine, [file])
    for change in removal.changes:
        if change.action == "delete":
            machine.remove(change.target)
        else:
            machine.execute(["systemctl", "disable", "--now", change.target], timeout=120)
    for service in desired.services:
        _apply_service(machine, service, desired.pending)
        if service is _HAPROXY:
            _wait_until_loaded(machine, desired.pending[HAPROXY_CONFIG], before, timeout)
        # Only now: what did not work is tried again by the next run.
        note_started(machine, service, desired.pending)


def _validate(machine: Machine, file: TextFile) -> None:
    """Let the program itself read the new file before it takes the place of the old one."""
    candidate = f"{file.path}.mothership-new"
    commands = {
        HAPROXY_CONFIG: ["haproxy", "-c", "-f", candidate],
        KEEPALIVED_CONFIG: ["keepalived", "--config-test", "--use-file", candidate],
    }
    if file.path not in commands:
        return
    machine.write_text(candidate, file.text, file.mode, file.folder_mode)
    try:
        done = machine.execute(commands[file.path], timeout=60, check=False)
    finally:
        machine.remove(candidate)
    # keepalived 2.2.7 ends its own test with SIGTERM when the configuration names a script; then it said nothing.
    if done.code != 0 and (done.code not in (-15, 143) or done.stderr.strip()):
        raise CommandFailed(
            f"{commands[file.path][0]} refuses the new configuration; the old one stays:\n{done.last_lines()}",
            where=file.path,
            remedy="check the load balancer's variables; --check --diff shows the file",
        )


def _apply_service(machine: Machine, service: Service, pending: t.Mapping[str, str]) -> None:
    """Asked again: a package that came in this run has started its service with its own configuration."""
    for change in plan_service(machine, service, pending).changes:
        verb = {"update": "enable", "run": "start", "restart": "reload"}[change.action]
        done = machine.execute(["systemctl", verb, f"{service.name}.service"], timeout=120, check=False)
        if done.code != 0:
            raise CommandFailed(
                f"'systemctl {verb} {service.name}' failed: {done.last_lines(3)}\n{_journal(machine, service.name)}",
                remedy=f"look at 'systemctl status {service.name}' on this machine",
            )


def _wait_until_loaded(machine: Machine, text: str, before: str | None, timeout: float) -> None:
    """Until HAProxy answers with the new configuration.

    A HAProxy that cannot run with it (a port is taken, too many connections for its limit of open files) says so in the
    journal only, and goes on with the old one. So does the file then: a restart must not fail.
    """
    deadline, progress, wanted = Deadline(timeout), Progress(), balancing.identity(text)
    while wanted not in machine.ask(balancing.ASK_IDENTITY, timeout=5).stdout:
        progress.say("haproxy", "waiting until it runs with the new configuration")
        if not deadline.pause(0.2):
            if before is not None and before != text:
                machine.write_text(HAPROXY_CONFIG, before)
            raise TimedOut(
                f"HAProxy does not run with the new configuration after {timeout:.0f} seconds:\n"
                f"{_journal(machine, 'haproxy')}",
                where=HAPROXY_CONFIG,
                remedy="look at 'systemctl status haproxy' and 'ss -tlnp' on this machine",
            )


def _journal(machine: Machine, name: str) -> str:
    return machine.ask(["journalctl", "--unit", name, "--lines", "8", "--no-pager", "--output", "cat"]).last_lines(8)
