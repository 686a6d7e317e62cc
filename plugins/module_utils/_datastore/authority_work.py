# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the module ``postgresql_authority`` does, in three calls that the role makes on all database machines."""

from __future__ import annotations

import dataclasses
import os
import socket
import typing as t

from .._core.errors import HcpError, InvalidInput
from .._core.plan import Change, Plan
from .._core.redact import fingerprint
from . import authority_holder as holder
from . import files
from .authority import Authority
from .authority_holder import Standing
from .command import Run
from .server_tls import ServerTls, TlsPaths, TlsState, subject_names

#: The machine's own certificate, for everything that database machines say to each other.
TLS_FOLDER = "/etc/mothership-hcp/postgresql-tls"
COMMON_NAME = "mothership-database"
#: Everybody may go through the folders.
_PASS = 0o055
_NEW = "a new one"


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of the module, see there."""

    state: str
    name: str
    machines: t.Mapping[str, Standing]
    recipients: t.Mapping[str, str]
    rotation: str = ""
    sealed: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    names: tuple[str, ...] = ()
    renew_days: int = 30
    readers: tuple[str, ...] = ()


def options_from(params: t.Mapping[str, t.Any]) -> Options:
    """The module's options, checked."""
    given, name = params["machines"] or {}, params["name"]
    if given and name not in given:
        raise InvalidInput(f"{name} is not among the machines", where="machines", remedy="name all database machines")
    for other, description in given.items():
        if not isinstance(description, dict):
            raise InvalidInput(
                f"{other} has no description of its certificate authority",
                where="machines",
                remedy="give the value 'authority' that state=described returned there",
            )
    return Options(
        params["state"],
        name,
        {other: Standing.of(description) for other, description in given.items()},
        {other: description.get("recipient") or "" for other, description in given.items()},
        params["rotation"],
        params["sealed"] or {},
        tuple(params["certificate_names"]),
        params["certificate_renew_days"],
        tuple(params["readers"]),
    )


class AuthorityMachine:
    """The authority of this machine, and the certificate that it signed for the machine."""

    def __init__(self, run: Run, authority: Authority, tls_folder: str = TLS_FOLDER) -> None:
        self._run = run
        self.authority = authority
        self.tls_folder = tls_folder

    def tls(self, renew_days: int) -> ServerTls:
        paths = TlsPaths(
            self.authority.folder, *(os.path.join(self.tls_folder, f"server.{kind}") for kind in ("crt", "key"))
        )
        return ServerTls(
            paths, self._run, group="root", key_mode=0o600, usages="serverAuth, clientAuth", renew_days=renew_days
        )

    def copies(self, readers: t.Sequence[str]) -> list[files.TextFile]:
        """What must be beside the key and certificate: the CA, and the three files for each of ``readers``."""
        read = {name: files.read(os.path.join(self.tls_folder, name)) for name in ("server.crt", "server.key")}
        trusted = self.authority.read().text or ""
        found = {"ca.crt": trusted, **{name: file.text if file else "" for name, file in read.items()}}
        wanted = [files.TextFile(os.path.join(self.tls_folder, "ca.crt"), trusted)]
        for reader in readers:
            for name, text in found.items():
                path, mode = os.path.join(self.tls_folder, reader, name), 0o600 if name == "server.key" else 0o644
                wanted.append(files.TextFile(path, text, mode, reader, reader))
        return wanted

    def write(self, file: files.TextFile) -> None:
        """With folders that everybody may pass: keys are closed by their own rights."""
        folder = os.path.dirname(file.path)
        for path in (os.path.dirname(self.tls_folder), self.tls_folder, folder):
            os.makedirs(path, mode=0o755, exist_ok=True)
            os.chmod(path, os.stat(path).st_mode | _PASS)
        try:
            files.write(file)
        except KeyError as error:
            raise HcpError(
                f"the user {file.owner} is not on this machine",
                where="readers",
                remedy="install the packages of the database machines first (the role mothership.hcp.postgresql does)",
            ) from error


def ensure(options: Options, machine: AuthorityMachine, *, check_mode: bool) -> dict[str, t.Any]:
    """Do what ``options.state`` says and return the module's result."""
    does = {"described": _described, "shared": _shared, "received": _received}[options.state]
    plan, sealed = does(options, machine, check_mode)
    state = machine.authority.read()
    return plan.result(
        authority={**state.description(), "recipient": machine.authority.recipient()},
        ca_certificate=state.text,
        sealed=sealed,
    )


def _described(_options: Options, machine: AuthorityMachine, check_mode: bool) -> tuple[Plan, dict[str, str]]:
    plan, authority = Plan(), machine.authority
    if not authority.recipient():
        plan.add(Change("create", authority.exchange_certificate, after={"key": "stays on this machine"}))
        if not check_mode:
            authority.make_recipient()
    return plan, {}


def _shared(options: Options, machine: AuthorityMachine, check_mode: bool) -> tuple[Plan, dict[str, str]]:
    authority = machine.authority
    own = Standing.of(authority.read().description())
    machines = {**(options.machines or {options.name: own}), options.name: own}
    if holder.holder_of(machines) != options.name:
        return Plan(), {}
    plan = Plan()
    if not own.signer and options.machines:
        plan.add(Change("create", authority.certificate, after={"signer": _NEW}))
        if not check_mode:
            authority.make()
    elif holder.is_due(options.rotation, options.name, machines):
        plan.add(_step_change(options.rotation, authority, own))
        if not check_mode:
            {"begin": authority.begin, "sign": authority.sign, "finish": authority.finish}[options.rotation]()
    # In check mode the state after a change is not known, but that all others will get it.
    after = None if check_mode and plan else Standing.of(authority.read().description())
    names = holder.receivers(options.name, machines, after)
    if check_mode:
        return plan, dict.fromkeys(names, "")
    return plan, {name: authority.sealed_for(options.recipients.get(name, "")) for name in names}


def _step_change(step: str, authority: Authority, own: Standing) -> Change:
    if step == "sign":
        return Change("update", authority.key, {"signer": own.signer}, {"signer": own.next})
    after = [*own.certificates, own.next or _NEW] if step == "begin" else [own.signer]
    return Change("update", authority.certificate, {"trusted": list(own.certificates)}, {"trusted": after})


def _received(options: Options, machine: AuthorityMachine, check_mode: bool) -> tuple[Plan, dict[str, str]]:
    plan, authority = Plan(), machine.authority
    before = authority.read()
    sealed = options.sealed.get(options.name)
    if sealed is not None:
        if not check_mode:
            authority.receive(sealed)
        plan.add(_received_change(authority, before.description(), check_mode))
    elif before.key_open:
        plan.add(Change("update", authority.key, "readable by others", {"mode": "0600", "owner": "root"}))
        if not check_mode:
            authority.close_key()
    elif before.text is None and not check_mode:
        raise HcpError(
            "this machine has no certificate authority and got none",
            where="sealed",
            remedy="run state=described and state=shared on all database machines before",
        )
    if options.names:
        plan.extend(_certificate(options, machine, check_mode))
    return plan, {}


def _received_change(authority: Authority, before: dict[str, t.Any], check_mode: bool) -> Change:
    after = {"signer": "that of the other machines"} if check_mode else authority.read().description()
    if before["signer"]:
        return Change("update", authority.certificate, before, after)
    return Change("create", authority.certificate, after=after)


def _certificate(options: Options, machine: AuthorityMachine, check_mode: bool) -> Plan:
    """The machine's own certificate, and its copies."""
    names = (*options.names, COMMON_NAME, socket.gethostname(), "localhost", "127.0.0.1", "::1")
    plan, tls = Plan(), machine.tls(options.renew_days)
    state: TlsState = tls.read(names)
    if state.renewal_reason is not None:
        before = {"names": list(state.names), "reason": state.renewal_reason} if state.names else None
        after = {"names": list(subject_names(names))}
        plan.add(Change("update" if state.names else "create", tls.paths.server_certificate, before, after))
        if not check_mode:
            tls.make_server(COMMON_NAME, names)
    renewed = check_mode and bool(plan)
    for wanted in machine.copies(options.readers):
        change = _copy_change(wanted, renewed and not wanted.path.endswith("ca.crt"))
        if change is not None:
            plan.add(change)
            if not check_mode:
                machine.write(wanted)
    return plan


def _copy_change(wanted: files.TextFile, renewed: bool) -> Change | None:
    present = files.read(wanted.path)
    if present is not None and not renewed and _same(present, wanted):
        return None
    if present is None:
        return Change("create", wanted.path, after=_shown(wanted))
    return Change("update", wanted.path, _shown(present), _NEW if renewed else _shown(wanted))


def _same(present: files.TextFile, wanted: files.TextFile) -> bool:
    if os.geteuid() == 0:
        return present == wanted
    return (present.text, present.mode) == (wanted.text, wanted.mode)


def _shown(file: files.TextFile) -> dict[str, str]:
    return {"content": fingerprint(file.text) if file.text else _NEW, "mode": f"{file.mode:04o}", "owner": file.owner}
