# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the module ``postgresql_server`` does: desired files, the plan, and its order of work."""

from __future__ import annotations

import dataclasses
import ipaddress
import socket
import typing as t

from .._core.errors import CommandFailed, HcpError
from .._core.plan import Change, Plan
from .files import TextFile
from .server_machine import RefusedFiles, Running, ServerMachine, ServerState
from .server_settings import (
    ServerOptions,
    access_text,
    changed_settings,
    checked,
    configuration_text,
    memory_bytes,
    settings,
)
from .server_tls import subject_names


@dataclasses.dataclass(frozen=True)
class Desired:
    """What should be on the machine."""

    configuration: TextFile
    access: TextFile
    names: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Work:
    """A change together with the method of :class:`ServerMachine` that makes it."""

    change: Change
    do: t.Callable[[], None]


def options_from(params: t.Mapping[str, t.Any]) -> ServerOptions:
    """The module's options, checked."""
    return checked(
        ServerOptions(
            version=params["version"],
            address=params["address"],
            port=params["port"],
            listen_addresses=tuple(params["listen_addresses"]),
            max_connections=params["max_connections"],
            allowed_networks=tuple(params["allowed_networks"]),
            settings=params["settings"] or {},
            names=tuple(params["subject_alternative_names"] or ()),
        )
    )


def desired_state(options: ServerOptions, machine: ServerMachine, *, hostname: str, memory: int) -> Desired:
    """Files and certificate names from the options. ``memory`` in bytes."""
    layout = machine.layout
    values = settings(options, memory, layout.tls.server_certificate, layout.tls.server_key)
    networks = [str(ipaddress.ip_network(one)) for one in options.allowed_networks]
    names = subject_names([options.address, hostname, "localhost", "127.0.0.1", "::1", *options.names])
    return Desired(
        TextFile(layout.configuration, configuration_text(values), 0o644, "root", "root"),
        TextFile(layout.access, access_text(networks), 0o640, "root", "postgres"),
        names=tuple(name.partition(":")[2] for name in names),
    )


def ensure(
    options: ServerOptions,
    machine: ServerMachine,
    *,
    check_mode: bool,
    warn: t.Callable[[str], None],
    hostname: str | None = None,
    memory: int | None = None,
) -> dict[str, t.Any]:
    """Bring the server to its desired state and return the module's result."""
    desired = desired_state(
        options,
        machine,
        hostname=hostname or socket.gethostname(),
        memory=memory if memory is not None else memory_bytes(),
    )
    current = machine.read(desired.names)
    if current.member:
        raise HcpError(
            "this machine is one of several that hold the server together; it cannot be made a server of its own again",
            where=machine.layout.member,
            remedy="put the other machines back into the group",
        )
    if not current.installed and not check_mode:
        raise HcpError(
            f"PostgreSQL {options.version} is not installed on this machine",
            where=machine.layout.program,
            remedy=f"install the package postgresql-{options.version} (the role mothership.hcp.postgresql does)",
        )
    work = [*_files_work(desired, current, machine, options), *_service_work(current, machine)]
    restart = _expected_restart(desired, current)
    reload_needed = current.running is not None and (bool(work) or current.reload_owed)
    if not check_mode:
        restart = _apply(work, machine, reload_needed=reload_needed, current=current, warn=warn)
    return _plan(work, machine, reload_needed=reload_needed, restart=restart).result(
        ca_certificate=machine.tls.read(desired.names).authority,
        address=options.address,
        port=options.port,
        version=options.version,
    )


def _apply(
    work: t.Sequence[Work],
    machine: ServerMachine,
    *,
    reload_needed: bool,
    current: ServerState,
    warn: t.Callable[[str], None],
) -> tuple[str, ...]:
    """Do it all; the settings for whose sake the server was restarted."""
    for item in work:
        item.do()
    try:
        running = machine.reload() if reload_needed else current.running
        if running is None:
            return ()
        _warn_about_overrides(running, warn)
        if running.pending:
            machine.start("restart")
    except RefusedFiles:
        _put_back(current, machine)
        raise
    except CommandFailed:
        _put_back(current, machine)
        machine.start()
        raise
    return running.pending


def _put_back(current: ServerState, machine: ServerMachine) -> None:
    """The former files: with the new ones the server would not come back after the next restart."""
    layout = machine.layout
    for path, file in ((layout.configuration, current.configuration), (layout.access, current.access)):
        if file is None:
            machine.remove(path)
        else:
            machine.write(file)


def _warn_about_overrides(running: Running, warn: t.Callable[[str], None]) -> None:
    for name, path in sorted(running.elsewhere.items()):
        warn(f"The setting {name} is overridden in {path}: take it away there, or with 'ALTER SYSTEM RESET {name}'.")


def _plan(work: t.Sequence[Work], machine: ServerMachine, *, reload_needed: bool, restart: tuple[str, ...]) -> Plan:
    plan = Plan([item.change for item in work])
    service = machine.layout.service
    if reload_needed:
        plan.add(Change("run", f"{service} reload"))
    if restart:
        plan.add(Change("restart", service, after={"because of": list(restart)}, restarts=(service,)))
    return plan


def _expected_restart(desired: Desired, current: ServerState) -> tuple[str, ...]:
    """Settings that will ask for a restart, as far as it can be known before the server has read them."""
    if current.running is None:
        return ()
    changed = changed_settings(
        current.configuration.text if current.configuration else None, desired.configuration.text
    )
    return tuple(sorted((changed & current.running.restart) | set(current.running.pending)))


def _files_work(
    desired: Desired, current: ServerState, machine: ServerMachine, options: ServerOptions
) -> t.Iterator[Work]:
    layout = machine.layout
    if not current.cluster:
        change = Change(
            "create", f"PostgreSQL cluster {layout.version}/{layout.cluster}", after={"folder": layout.folder}
        )
        yield Work(change, machine.create_cluster)
    elif not current.includes_folder:
        yield Work(Change("update", layout.main_configuration, after="include_dir = 'conf.d'"), machine.include_folder)
    yield from _tls_work(desired, current, machine, options)
    for wanted, present in ((desired.configuration, current.configuration), (desired.access, current.access)):
        if present != wanted:
            yield Work(_file_change(wanted, present), lambda file=wanted: machine.write(file))  # type: ignore[misc]


def _file_change(wanted: TextFile, present: TextFile | None) -> Change:
    if present is None:
        return Change("create", wanted.path, after=wanted.text)
    if present.text != wanted.text:
        return Change("update", wanted.path, before=present.text, after=wanted.text)
    return Change("update", wanted.path, before=_rights(present), after=_rights(wanted))


def _rights(file: TextFile) -> dict[str, str]:
    return {"mode": f"{file.mode:04o}", "owner": file.owner, "group": file.group}


def _tls_work(
    desired: Desired, current: ServerState, machine: ServerMachine, options: ServerOptions
) -> t.Iterator[Work]:
    tls, paths = current.tls, machine.layout.tls
    if tls.authority is None:
        name = f"mothership.hcp PostgreSQL CA of {options.address}"[:64]
        change = Change("create", paths.authority_certificate, after={"subject": name})
        yield Work(change, lambda: machine.tls.make_authority(name))
    elif tls.authority_key_open:
        change = Change(
            "update", paths.authority_key, before="readable by others", after={"mode": "0600", "owner": "root"}
        )
        yield Work(change, machine.tls.close_authority_key)
    if tls.renewal_reason is not None:
        before = {"names": list(tls.names), "reason": tls.renewal_reason} if tls.names else None
        after = {"names": list(subject_names(desired.names))}
        change = Change("update" if tls.names else "create", paths.server_certificate, before=before, after=after)
        yield Work(change, lambda: machine.tls.make_server(options.address, desired.names))


def _service_work(current: ServerState, machine: ServerMachine) -> t.Iterator[Work]:
    service = machine.layout.service
    if not (current.enabled and current.starts_itself):
        yield Work(Change("update", f"{service} enabled", before=False, after=True), machine.enable)
    if current.running is None:
        yield Work(Change("update", f"{service} started", before=False, after=True), machine.start)
