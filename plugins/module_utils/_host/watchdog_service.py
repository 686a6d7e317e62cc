# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Puts the replica watchdog on a machine: its program, its configuration and its service."""

from __future__ import annotations

import dataclasses
import inspect
import json
import typing as t

from .._core.errors import CommandFailed, InvalidInput
from .._core.plan import Change, Plan
from . import watchdog
from .files import TextFile, plan_files, write_files
from .machine import CONFIG_FOLDER, STATE_FOLDER, Machine
from .systemd import Service, note_started, plan_service, read_state
from .watchdog import decision, https, loop, mark, mothership, notify, page, program, replica

UNIT = "mothership-replica-watchdog"
UNIT_PATH = f"/etc/systemd/system/{UNIT}.service"
PROGRAM_FOLDER = f"{STATE_FOLDER}/replica-watchdog"
SETTINGS_FOLDER = f"{CONFIG_FOLDER}/replica-watchdog"
_TOKEN = f"{SETTINGS_FOLDER}/token"
_PACKAGE = "watchdog"
_PARTS = (watchdog, decision, https, loop, mark, mothership, notify, page, program, replica)
_MAIN = f"""import sys

from {_PACKAGE}.program import main

sys.exit(main(sys.argv[1:]))
"""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the program is told.

    :param identity: name of the machine; the lease shows it.
    :param address: of the mothership's API, and ``port``; its certificate has to have ``server_name``.
    :param token: of the watchdog's ServiceAccount; empty in check mode before there is one.
    :param act: false: tell only.
    :param limits: see :class:`.watchdog.decision.Limits`.
    :param interpreter: path of Python.
    """

    identity: str
    address: str
    port: int
    server_name: str
    ca_certificate: str
    token: str = dataclasses.field(repr=False)
    namespace: str
    interval: float
    metrics_port: int
    act: bool
    limits: t.Mapping[str, float]
    interpreter: str


def settings_from(params: t.Mapping[str, t.Any], interpreter: str) -> Settings:
    """The module's options, checked.

    :raises InvalidInput: one of them cannot be used.
    """
    limits = {"slow_seconds": params["slow_seconds"], "start_seconds": params["start_seconds"]}
    limits["backoff_seconds"] = params["backoff_seconds"]
    for name, value in [*limits.items(), ("interval", params["interval"])]:
        if value <= 0:
            raise InvalidInput("has to be greater than 0", where=name)
    if not params["token"] and not params["_check_mode"]:
        raise InvalidInput("is empty", where="token", remedy="run the task with the kubeconfig of the mothership")
    names = ("identity", "address", "port", "server_name", "namespace", "interval", "metrics_port", "act")
    chosen = {name: params[name] for name in names}
    return Settings(
        **chosen,
        ca_certificate=params["ca_certificate"] or "",
        token=params["token"] or "",
        limits=limits,
        interpreter=interpreter,
    )


def run(machine: Machine, settings: Settings | None, *, check_mode: bool) -> dict[str, t.Any]:
    """Bring the machine into the desired state.

    :param settings: ``None`` to remove the watchdog.
    """
    if settings is None:
        return _remove(machine, check_mode=check_mode)
    files = desired_files(settings)
    if not settings.token:
        # Check mode, before the ServiceAccount has a token: the one that is there stays.
        files = [file for file in files if file.path != _TOKEN or machine.read_text(_TOKEN) is None]
    pending = {file.path: file.text for file in files}
    service = Service(UNIT, tuple(pending))
    plan = plan_files(machine, files)
    written = bool(plan)
    plan.extend(plan_service(machine, service, pending))
    if not check_mode:
        if written:
            write_files(machine, files)
            machine.execute(["systemctl", "daemon-reload"])
        _start(machine, service, pending)
    return plan.result()


def desired_files(settings: Settings) -> list[TextFile]:
    """The program, its configuration and its unit."""
    config = dataclasses.asdict(settings)
    for name in ("token", "interpreter"):
        del config[name]
    sources = {part.__name__.rpartition(".")[2]: inspect.getsource(part) for part in _PARTS}
    sources["__init__"] = sources.pop(_PACKAGE)
    folder = f"{PROGRAM_FOLDER}/{_PACKAGE}"
    return [
        *(TextFile(f"{folder}/{name}.py", text) for name, text in sorted(sources.items())),
        TextFile(f"{PROGRAM_FOLDER}/__main__.py", _MAIN),
        TextFile(f"{SETTINGS_FOLDER}/config.json", json.dumps(config, indent=2, sort_keys=True) + "\n"),
        TextFile(_TOKEN, settings.token + "\n", 0o600, secret=True),
        TextFile(UNIT_PATH, _unit(settings.interpreter)),
    ]


def _unit(interpreter: str) -> str:
    return f"""# Written by mothership.hcp. The next run writes it again.
[Unit]
Description=Replaces stuck replicas of hosted control planes
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={interpreter} -I -B {PROGRAM_FOLDER} {SETTINGS_FOLDER}/config.json
Restart=always
RestartSec=5
WatchdogSec=120
RuntimeDirectory={UNIT}
RuntimeDirectoryMode=0700
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
MemoryMax=256M

[Install]
WantedBy=multi-user.target
"""


def _start(machine: Machine, service: Service, pending: t.Mapping[str, str]) -> None:
    for change in plan_service(machine, service, pending).changes:
        verb = {"update": "enable", "run": "start", "restart": "restart"}[change.action]
        done = machine.execute(["systemctl", verb, f"{UNIT}.service"], timeout=60, check=False)
        if done.code != 0:
            log = machine.ask(["journalctl", "--unit", UNIT, "--lines", "8", "--no-pager", "--output", "cat"])
            raise CommandFailed(
                f"'systemctl {verb} {UNIT}' failed: {done.last_lines(3)}\n{log.last_lines(8)}",
                remedy=f"look at 'systemctl status {UNIT}' on this machine",
            )
    note_started(machine, service, pending)


def _remove(machine: Machine, *, check_mode: bool) -> dict[str, t.Any]:
    state, plan = read_state(machine, UNIT), Plan()
    if state.active or state.enabled:
        plan.add(Change("run", f"{UNIT}.service", {"running": True}, {"running": False}))
    paths = [path for path in (UNIT_PATH, PROGRAM_FOLDER, SETTINGS_FOLDER) if machine.is_present(path)]
    for path in paths:
        plan.add(Change("delete", path, "present"))
    if plan and not check_mode:
        machine.execute(["systemctl", "disable", "--now", f"{UNIT}.service"], timeout=60, check=False)
        for path in paths:
            machine.remove(path)
        machine.execute(["systemctl", "daemon-reload"])
    return plan.result()
