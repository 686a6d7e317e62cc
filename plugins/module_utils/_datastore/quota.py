# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the module ``kine_quota_guard`` does: the guard's program, settings and service on a database machine."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import json
import os
import shutil
import time
import typing as t

from .._core.errors import CommandFailed, InvalidInput
from .._core.plan import Change, Plan
from . import command, files, quota_program, quota_sql
from .psql import Connection, Psql, ServerDown
from .sql import identifier

SERVICE = "mothership-quota-guard"

_UNIT = """\
# Written by mothership.hcp.kine_quota_guard; the next run writes it again.
[Unit]
Description=Quotas of the databases of hosted clusters
After=postgresql.service patroni.service

[Service]
User={user}
ExecStart=/usr/bin/python3 {program} --settings={settings}
Restart=always
RestartSec=2
Nice=5
MemoryMax=256M
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX

[Install]
WantedBy=multi-user.target
"""

_GUARDED = """
\\connect {database}
SELECT json_build_object('name', current_database(), 'guarded', to_regnamespace('mothership') IS NOT NULL);
"""
_DATABASES = "SELECT to_json(datname) FROM pg_database WHERE datallowconn AND NOT pg_is_in_recovery() ORDER BY datname;"


@dataclasses.dataclass(frozen=True)
class Paths:
    """Where the guard's files are, below ``root``."""

    root: str = "/"

    def _path(self, path: str) -> str:
        return os.path.join(self.root, path)

    @property
    def program(self) -> str:
        return self._path("var/lib/mothership-hcp/quota-guard.py")

    @property
    def sql(self) -> str:
        """The module that the program imports."""
        return self._path("var/lib/mothership-hcp/quota_sql.py")

    @property
    def settings(self) -> str:
        return self._path("etc/mothership-hcp/quota-guard.json")

    @property
    def unit(self) -> str:
        return self._path(f"etc/systemd/system/{SERVICE}.service")


def settings_from(params: t.Mapping[str, t.Any]) -> quota_program.Settings:
    """The module's options as the program's settings.

    :raises InvalidInput: limits in an order that makes no sense.
    """
    settings = quota_program.Settings(
        interval=params["interval"],
        warn=params["warn_percent"],
        resume=params["resume_percent"],
        freeze=params["freeze_percent"],
        min_free=params["min_free_percent"],
        socket_directory=params["socket_directory"],
        port=params["port"],
    )
    if not 0 < settings.warn <= settings.resume < 100 < settings.freeze:
        raise InvalidInput(
            f"{settings.warn:g}, {settings.resume:g} and {settings.freeze:g} are not in order",
            where="warn_percent, resume_percent, freeze_percent",
            remedy="choose 0 < warn_percent <= resume_percent < 100 < freeze_percent",
        )
    if not 1 <= settings.interval <= 60:
        raise InvalidInput(f"{settings.interval:g} is not between 1 and 60", where="interval")
    if not 0 <= settings.min_free <= 50:
        raise InvalidInput(f"{settings.min_free:g} is not between 0 and 50", where="min_free_percent")
    return settings


def desired_files(settings: quota_program.Settings, user: str, paths: Paths) -> list[files.TextFile]:
    """Program, settings and unit."""
    text = json.dumps(dataclasses.asdict(settings), indent=2, sort_keys=True) + "\n"
    unit = _UNIT.format(user=user, program=paths.program, settings=paths.settings)
    return [
        files.TextFile(paths.program, inspect.getsource(quota_program), 0o755),
        files.TextFile(paths.sql, inspect.getsource(quota_sql), 0o644),
        files.TextFile(paths.settings, text, 0o644),
        files.TextFile(paths.unit, unit, 0o644),
    ]


class Machine:
    """systemd and psql of the machine; only the methods ``do`` and ``unguard`` and files.write change it."""

    def __init__(self, psql: Psql, run: command.Run = command.run) -> None:
        self._psql, self._run = psql, run

    def service(self) -> dict[str, str]:
        """What systemd says; all empty where it is not."""
        names = "ActiveState,UnitFileState,NeedDaemonReload,ActiveEnterTimestamp"
        argv = ["systemctl", "show", f"{SERVICE}.service", f"--property={names}", "--timestamp=unix"]
        try:
            shown = self._run(argv, timeout=30, check=False).stdout
        except CommandFailed:
            return {}
        return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)

    def do(self, *words: str) -> None:
        self._run(["systemctl", *words], timeout=60)

    def guarded(self) -> list[str]:
        """Databases that hold what the guard installs; none on a standby or without server."""
        if shutil.which("psql") is None:
            return []
        try:
            names = self._psql.rows(_DATABASES)
        except ServerDown:
            return []
        script = "".join(_GUARDED.format(database=identifier(name)) for name in names)
        return [row["name"] for row in (self._psql.rows(script) if names else []) if row["guarded"]]

    def unguard(self, name: str) -> None:
        self._psql.execute(quota_sql.REMOVE, database=name)


def ensure_present(
    settings: quota_program.Settings, user: str, machine: Machine, *, check_mode: bool, paths: Paths | None = None
) -> dict[str, t.Any]:
    """Install the guard and have it run what is on disk."""
    wanted = desired_files(settings, user, paths or Paths())
    changed = [file for file in wanted if files.read(file.path) != file]
    plan = Plan([_file_change(file) for file in changed])
    verbs = _service_verbs(machine.service(), wanted, bool(changed))
    for verb in verbs:
        what = {"enable": {"enabled": True}, "start": {"running": True}}.get(verb)
        restarts = (SERVICE,) if verb == "restart" else ()
        action: t.Literal["restart", "update"] = "restart" if verb == "restart" else "update"
        plan.add(Change(action, f"{SERVICE}.service", after=what, restarts=restarts))
    if plan and not check_mode:
        for file in changed:
            files.write(file)
        machine.do("daemon-reload")
        for verb in verbs:
            machine.do(verb, f"{SERVICE}.service")
        _check_running(machine)
    return plan.result(service=SERVICE)


def _file_change(file: files.TextFile) -> Change:
    old = files.read(file.path)
    return Change("update" if old else "create", file.path, before=old.text if old else None, after=file.text)


def _service_verbs(shown: t.Mapping[str, str], wanted: t.Sequence[files.TextFile], changed: bool) -> list[str]:
    verbs = [] if shown.get("UnitFileState") == "enabled" else ["enable"]
    if shown.get("ActiveState") != "active":
        return [*verbs, "start"]
    started = shown.get("ActiveEnterTimestamp", "").lstrip("@")
    # A run that was stopped between writing and restarting left files that are newer than the service.
    newest = max(int(files.changed_at(file.path)) for file in wanted)
    stale = started.isdigit() and newest > int(started)
    return [*verbs, "restart"] if changed or stale or shown.get("NeedDaemonReload") == "yes" else verbs


def _check_running(machine: Machine, pause: float = 1.0) -> None:
    time.sleep(pause)
    if machine.service().get("ActiveState") not in ("active", ""):
        raise CommandFailed(
            "the quota guard does not stay up",
            where=f"{SERVICE}.service",
            remedy=f"look at 'journalctl -u {SERVICE} -n 20', then run again",
        )


def ensure_absent(machine: Machine, *, check_mode: bool, paths: Paths | None = None) -> dict[str, t.Any]:
    """Take the guard away, and everything it has put into databases: no quota is kept any more."""
    at = paths or Paths()
    shown = machine.service()
    known = shown.get("ActiveState") == "active" or shown.get("UnitFileState") == "enabled"
    there = [path for path in (at.unit, at.settings, at.program, at.sql) if os.path.lexists(path)]
    guarded = machine.guarded()
    plan = Plan()
    if known:
        plan.add(Change("update", f"{SERVICE}.service", {"running": True}, {"running": False}))
    for name in guarded:
        plan.add(Change("delete", f"database/{name} guard", before="present"))
    for path in there:
        plan.add(Change("delete", path, before="present"))
    if plan and not check_mode:
        if known:
            machine.do("disable", "--now", f"{SERVICE}.service")
        for name in guarded:
            machine.unguard(name)
        for path in there:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        machine.do("daemon-reload")
    return plan.result(service=SERVICE)


def ensure(params: t.Mapping[str, t.Any], *, check_mode: bool, machine: Machine | None = None) -> dict[str, t.Any]:
    """The module."""
    settings = settings_from(params)
    connection = Connection.as_os_user(params["os_user"], params["socket_directory"], params["port"])
    here = machine or Machine(Psql(connection))
    if params["state"] == "absent":
        return ensure_absent(here, check_mode=check_mode)
    return ensure_present(settings, params["os_user"], here, check_mode=check_mode)
