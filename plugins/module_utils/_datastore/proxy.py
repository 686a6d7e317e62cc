# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the module ``postgresql_proxy`` does: desired files, the plan, and its order of work."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core import balancing
from .._core.balancing import BALANCER_MARKER, HAPROXY_CONFIG, KEEPALIVED_CONFIG
from .._core.errors import HcpError, InvalidInput, TimedOut
from .._core.plan import Change, Plan
from .._core.redact import fingerprint
from . import proxy_config as config
from .files import TextFile
from .proxy_config import KEEPALIVED_CHECK, MARKER, STATES, Settings
from .proxy_machine import ProxyMachine

#: With which files keepalived was started or reloaded last: it does not tell itself.
NOTE = "/var/lib/mothership-hcp/database-keepalived"
#: HAProxy wants the file even when there is nothing in it but the version of its format.
_NO_STATES = TextFile(STATES, "1\n", 0o644)


@dataclasses.dataclass(frozen=True)
class Desired:
    """What must be on the machine; ``secret`` is HAProxy's own certificate with its key."""

    secret: TextFile
    haproxy: TextFile
    keepalived: tuple[TextFile, ...]
    interface: str

    @property
    def all(self) -> tuple[TextFile, ...]:
        return (_NO_STATES, self.secret, self.haproxy, *self.keepalived)

    @property
    def note(self) -> str:
        return fingerprint("".join(file.text for file in self.keepalived)) + "\n"


def ensure(settings: Settings, machine: ProxyMachine, *, timeout: float, check_mode: bool) -> dict[str, t.Any]:
    """Bring the machine into the desired state and return the module's result."""
    desired = _desired(settings, machine, check_mode)
    _refuse_foreign(machine)
    if not check_mode:
        _refuse_missing(settings, machine)
    _refuse_taken_ports(settings, machine)
    plan = Plan([change for change in (_file_change(machine, file) for file in desired.all) if change is not None])
    plan.extend(_service_plan(machine, desired))
    removal = Plan() if desired.keepalived else _removal(machine)
    plan.extend(removal)
    if not check_mode:
        _apply(machine, desired, removal, timeout)
    virtual = {"address": settings.virtual_address, "interface": desired.interface} if settings.moves else None
    return plan.result(virtual_address=virtual, port=settings.port)


def _desired(settings: Settings, machine: ProxyMachine, check_mode: bool) -> Desired:
    texts = [machine.text(f"{settings.tls_folder}/{name}") for name in ("server.crt", "server.key", "ca.crt")]
    if not all(texts) and not check_mode:
        raise HcpError(
            "the certificate of this database machine is missing",
            where=settings.tls_folder,
            remedy="run mothership.hcp.postgresql_authority first (the role mothership.hcp.postgresql does)",
        )
    secret = TextFile(f"{settings.tls_folder}/haproxy.pem", texts[0] + texts[1], 0o600)
    haproxy = TextFile(HAPROXY_CONFIG, config.haproxy_config(settings, fingerprint("".join(texts))))
    if not settings.moves:
        return Desired(secret, haproxy, (), "")
    interface = _interface(settings, machine)
    text = balancing.keepalived_config(
        settings.virtual(interface), marker=MARKER, check=KEEPALIVED_CHECK, instance="mothership_database"
    )
    check = TextFile(KEEPALIVED_CHECK, balancing.keepalived_check(MARKER), 0o755)
    return Desired(secret, haproxy, (check, TextFile(KEEPALIVED_CONFIG, text)), interface)


def _interface(settings: Settings, machine: ProxyMachine) -> str:
    own, local = settings.machines[settings.name], balancing.local_addresses(machine.text("/proc/net/fib_trie"))
    if local and own not in local and ":" not in own:
        raise InvalidInput(
            f"{own} is no address of this machine, which has {', '.join(sorted(local))}",
            where="machines",
            remedy="give the address at which the other database machines reach it",
        )
    found = settings.interface or balancing.interface_to(machine.text("/proc/net/route"), settings.virtual_address)
    if not found:
        raise InvalidInput(
            f"no interface of this machine leads to {settings.virtual_address}",
            where="virtual_address",
            remedy="name the interface with postgresql_interface",
        )
    return found


def _refuse_foreign(machine: ProxyMachine) -> None:
    """A configuration that somebody else made for a purpose is not overwritten; that of the package has none."""
    for path in (HAPROXY_CONFIG, KEEPALIVED_CONFIG):
        text = machine.text(path)
        if BALANCER_MARKER in text:
            raise InvalidInput(
                "this machine is a load balancer of the mothership, which has the whole of this file",
                where=path,
                remedy="give the groups postgresql and load_balancers machines of their own",
            )
        if MARKER not in text and balancing.is_in_use(text):
            raise InvalidInput(
                "this file was not written by mothership.hcp, and it is in use",
                where=path,
                remedy="give the group postgresql machines of their own, or move this file away",
            )


def _refuse_missing(settings: Settings, machine: ProxyMachine) -> None:
    programs = ["haproxy", *(["keepalived"] if settings.moves else [])]
    missing = [name for name in programs if not machine.is_program(name)]
    if missing:
        raise InvalidInput(
            f"packages of the operating system are missing: {' '.join(missing)}",
            remedy="install them on this machine (the role mothership.hcp.postgresql does)",
        )


def _refuse_taken_ports(settings: Settings, machine: ProxyMachine) -> None:
    """HAProxy would not say so on a reload, and the ports would seem to be served."""
    bound = config.bound_ports(machine.text(HAPROXY_CONFIG)) if machine.service("haproxy").active else set()
    taken = sorted((settings.ports - bound) & machine.listening_ports())
    if taken:
        raise InvalidInput(
            f"other programs listen on ports that HAProxy needs: {', '.join(map(str, taken))}",
            where="port",
            remedy="'ss -tlnp' names them; choose another postgresql_proxy_port",
        )


def _file_change(machine: ProxyMachine, wanted: TextFile) -> Change | None:
    present = machine.read(wanted.path)
    if present is not None and (present.text, present.mode) == (wanted.text, wanted.mode):
        return None
    before, after = present.text if present else None, wanted.text
    if wanted.mode == 0o600:
        before, after = fingerprint(before) if before else None, fingerprint(after) if after else "a new one"
    elif before == after:
        before, after = f"mode {present.mode:04o}" if present else None, f"mode {wanted.mode:04o}"
    return Change("create" if present is None else "update", wanted.path, before, after)


def _service_plan(machine: ProxyMachine, desired: Desired) -> Plan:
    current = balancing.identity(desired.haproxy.text) in machine.running_identity()
    plan = _one_service(machine, "haproxy", current)
    if desired.keepalived:
        plan.extend(_one_service(machine, "keepalived", machine.text(NOTE) == desired.note))
    return plan


def _one_service(machine: ProxyMachine, name: str, current: bool) -> Plan:
    """What runs is reloaded, never restarted: connections stay."""
    state, plan = machine.service(name), Plan()
    if not state.enabled:
        plan.add(Change("update", f"{name}.service", {"enabled": False}, {"enabled": True}))
    if not state.active:
        plan.add(Change("run", f"{name}.service", {"running": False}, {"running": True}))
    elif not current:
        plan.add(Change("run", f"{name}.service reload"))
    return plan


def _removal(machine: ProxyMachine) -> Plan:
    """Without a virtual address any more, keepalived goes."""
    paths = [path for path in (KEEPALIVED_CONFIG, KEEPALIVED_CHECK) if MARKER in machine.text(path)]
    if not paths:
        return Plan()
    state, plan = machine.service("keepalived"), Plan()
    if state.active or state.enabled:
        plan.add(Change("run", "keepalived.service", {"running": True}, {"running": False}))
    plan.extend(Plan([Change("delete", path, machine.text(path)) for path in paths]))
    return plan


def _apply(machine: ProxyMachine, desired: Desired, removal: Plan, timeout: float) -> None:
    before = machine.read(HAPROXY_CONFIG)
    for file in desired.all:
        if _file_change(machine, file) is not None:
            machine.validate(file)
            machine.write(file)
    for change in removal.changes:
        if change.action == "delete":
            machine.remove(change.target)
        else:
            machine.systemctl("disable --now", "keepalived")
    # Asked again: a package may have started its service with its own configuration.
    for change in _service_plan(machine, desired).changes:
        name, verb = change.target.split(".")[0], {"update": "enable", "run": "start"}[change.action]
        if change.target == "haproxy.service reload":
            machine.keep_states(STATES)
        machine.systemctl("reload" if change.target.endswith(" reload") else verb, name)
    try:
        machine.wait_until_loaded(desired.haproxy.text, timeout)
    except TimedOut:
        # It goes on with the old one. So does the file then: a restart must not fail.
        if before is not None and MARKER in before.text:
            machine.write(before)
        raise
    finally:
        # What was true a while ago is worse than nothing after the next boot.
        if machine.text(STATES) != _NO_STATES.text:
            machine.write(_NO_STATES)
    if desired.keepalived and machine.text(NOTE) != desired.note:
        machine.write(TextFile(NOTE, desired.note))
