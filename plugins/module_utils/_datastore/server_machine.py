# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The PostgreSQL server of a Debian machine: reads its state, carries out single changes."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
import typing as t

from .._core.errors import CommandFailed, HcpError, TimedOut
from .._core.progress import Deadline, Progress
from . import files
from .command import Run, last_lines
from .psql import Connection, Psql, ServerDown
from .server_tls import ServerTls, TlsPaths, TlsState
from .sql import literal

_START_SECONDS = 60.0
_RELOAD_SECONDS = 15.0

_RUNNING = """
SELECT json_build_object(
  'loaded_at', extract(epoch FROM pg_conf_load_time()),
  'pending', (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM pg_settings WHERE pending_restart),
  'restart', (SELECT json_agg(name) FROM pg_settings WHERE context = 'postmaster'),
  'elsewhere', (SELECT coalesce(json_object_agg(name, sourcefile), '{}') FROM pg_settings
     WHERE sourcefile <> CONFIGURATION AND NOT pending_restart AND name IN (
       SELECT name FROM pg_file_settings WHERE sourcefile = CONFIGURATION)),
  'errors', (SELECT coalesce(json_agg(
       sourcefile || ' line ' || sourceline || ': ' || coalesce(name || ': ', '') || error), '[]')
     FROM pg_file_settings WHERE error IS NOT NULL AND error <> 'setting could not be applied'),
  'access_errors', (SELECT coalesce(json_agg('pg_hba.conf line ' || line_number || ': ' || error), '[]')
     FROM pg_hba_file_rules WHERE error IS NOT NULL));
"""


@dataclasses.dataclass(frozen=True)
class Layout:
    """Debian's folders for one cluster, below ``root``."""

    version: str
    cluster: str = "main"
    root: str = "/"

    def _path(self, *parts: str) -> str:
        return os.path.join(self.root, *parts)

    @property
    def folder(self) -> str:
        return self._path("etc/postgresql", self.version, self.cluster)

    @property
    def main_configuration(self) -> str:
        return os.path.join(self.folder, "postgresql.conf")

    @property
    def configuration(self) -> str:
        return os.path.join(self.folder, "conf.d", "mothership.conf")

    @property
    def access(self) -> str:
        return os.path.join(self.folder, "pg_hba.conf")

    @property
    def start_mode(self) -> str:
        return os.path.join(self.folder, "start.conf")

    @property
    def program(self) -> str:
        return self._path("usr/lib/postgresql", self.version, "bin/postgres")

    @property
    def member(self) -> str:
        """There when the cluster belongs to Patroni."""
        return self._path("etc/patroni/config.yml")

    @property
    def process_file(self) -> str:
        return self._path("var/lib/postgresql", self.version, self.cluster, "postmaster.pid")

    @property
    def log(self) -> str:
        return self._path("var/log/postgresql", f"postgresql-{self.version}-{self.cluster}.log")

    @property
    def service(self) -> str:
        return f"postgresql@{self.version}-{self.cluster}.service"

    @property
    def tls(self) -> TlsPaths:
        certificate, key = (os.path.join(self.folder, f"mothership-server.{kind}") for kind in ("crt", "key"))
        return TlsPaths(self._path("etc/mothership-hcp/postgresql-ca"), certificate, key)


@dataclasses.dataclass(frozen=True)
class Running:
    """What a running server says about its configuration.

    :param loaded_at: seconds since the epoch of the last (re)load.
    :param pending: settings that wait for a restart; ``restart``: those that always need one.
    :param elsewhere: settings of ours that another file overrides, with that file.
    :param errors: what is wrong in the files as they are now, loaded or not.
    """

    loaded_at: float
    pending: tuple[str, ...] = ()
    restart: frozenset[str] = frozenset()
    elsewhere: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    errors: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class ServerState:
    """What is on the machine; ``ServerState()`` is a virgin one. ``member``: its PostgreSQL belongs to Patroni."""

    installed: bool = False
    member: bool = False
    includes_folder: bool = False
    cluster: bool = False
    configuration: files.TextFile | None = None
    access: files.TextFile | None = None
    starts_itself: bool = False
    enabled: bool = False
    tls: TlsState = dataclasses.field(default_factory=TlsState)
    running: Running | None = None
    reload_owed: bool = False


class RefusedFiles(HcpError):
    """The server cannot use what its files say."""


class ServerMachine:
    """Reads and changes this machine. Its methods are what tests record.

    :param run: runs programs.
    :param renew_days: of the server's certificate; by default that of :class:`ServerTls`.
    """

    def __init__(self, layout: Layout, run: Run, progress: Progress, *, renew_days: int | None = None) -> None:
        self.layout = layout
        self._run = run
        self._progress = progress
        self.tls = ServerTls(layout.tls, run, renew_days=renew_days)

    def read(self, names: t.Sequence[str]) -> ServerState:
        """The state; ``names`` are the wanted names of the server's certificate."""
        layout = self.layout
        main = files.read(layout.main_configuration)
        if main is None:
            return ServerState(
                installed=os.path.exists(layout.program), member=os.path.exists(layout.member), tls=self.tls.read(names)
            )
        start = files.read(layout.start_mode)
        running = self.running() if self._systemctl("is-active", layout.service) == "active" else None
        return ServerState(
            installed=os.path.exists(layout.program),
            member=os.path.exists(layout.member),
            includes_folder=any(
                line.split("#")[0].split() == ["include_dir", "=", "'conf.d'"] for line in main.text.splitlines()
            ),
            cluster=True,
            configuration=files.read(layout.configuration),
            access=files.read(layout.access),
            starts_itself=start is None or "auto" in [line.strip() for line in start.text.splitlines()],
            enabled=self._systemctl("is-enabled", "postgresql.service") == "enabled",
            tls=self.tls.read(names),
            running=running,
            reload_owed=running is not None and self._changed_after(running.loaded_at),
        )

    def running(self) -> Running:
        """What the server says.

        :raises ServerDown: it does not answer although its service is active.
        """
        script = _RUNNING.replace("CONFIGURATION", literal(self.layout.configuration))
        (row,) = self._psql().rows(script, timeout=30)
        errors = (*row["errors"], *row["access_errors"])
        return Running(row["loaded_at"], tuple(row["pending"]), frozenset(row["restart"]), row["elsewhere"], errors)

    def create_cluster(self) -> None:
        """Debian's own way, so that its tools know the cluster. With page checksums."""
        layout = self.layout
        self._progress.say("PostgreSQL", "making the database cluster")
        self._run(
            [
                "pg_createcluster",
                layout.version,
                layout.cluster,
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--",
                "--data-checksums",
            ],
            timeout=180,
        )

    def include_folder(self) -> None:
        """Have postgresql.conf read conf.d, last."""
        main = files.read(self.layout.main_configuration)
        text = main.text if main else ""
        path = self.layout.main_configuration
        files.write(files.TextFile(path, f"{text.rstrip()}\ninclude_dir = 'conf.d'\n", 0o644, "postgres", "postgres"))

    def write(self, file: files.TextFile) -> None:
        files.write(file)

    def remove(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)

    def enable(self) -> None:
        """Start with the machine."""
        files.write(files.TextFile(self.layout.start_mode, "auto\n", 0o644, "postgres", "postgres"))
        self._run(["systemctl", "enable", "postgresql.service"], timeout=60)

    def start(self, verb: str = "start") -> None:
        """``start`` or ``restart``, and wait until the server answers.

        :raises CommandFailed: with the last lines of the server's log.
        """
        self._progress.say("PostgreSQL", f"{verb} of {self.layout.service}")
        try:
            self._run(["systemctl", verb, self.layout.service], timeout=_START_SECONDS + 60)
            self._until_it_answers()
        except (CommandFailed, TimedOut, ServerDown) as error:
            log = files.read(self.layout.log)
            raise CommandFailed(
                f"PostgreSQL did not {verb}: {error.message}\n{last_lines(log.text) if log else ''}",
                where=self.layout.service,
                remedy=f"mend what {self.layout.log} or 'journalctl -u {self.layout.service}' says, then run again",
            ) from error

    def reload(self) -> Running:
        """Have the server read its files and wait until it has; what it says then.

        :raises RefusedFiles: they hold an error. The server goes on with what it had.
        """
        before = self.running()
        if before.errors:
            raise RefusedFiles(
                "PostgreSQL would not take these settings and goes on with the former ones:\n"
                + "\n".join(before.errors),
                where=self.layout.configuration,
                remedy="mend postgresql_settings or postgresql_allowed_networks, then run again",
            )
        asked, deadline = time.time(), Deadline(_RELOAD_SECONDS)
        self._psql().execute("SELECT pg_reload_conf();\n", timeout=30)
        while True:
            now = self.running()
            if now.loaded_at >= asked:
                return now
            if not deadline.pause(0.1):
                raise TimedOut(
                    f"PostgreSQL did not read its files within {_RELOAD_SECONDS:g} s",
                    where=self.layout.service,
                    remedy=f"see {self.layout.log}",
                )

    def _until_it_answers(self) -> None:
        deadline = Deadline(_START_SECONDS)
        while True:
            try:
                self._psql().execute("SELECT 1;\n", timeout=30)
                return
            except ServerDown:
                if not deadline.pause(0.25):
                    raise

    def _psql(self) -> Psql:
        # The port of the process that runs, not the one it is to have: they differ while a change waits for a restart.
        process = files.read(self.layout.process_file)
        lines = process.text.splitlines() if process else []
        port = int(lines[3]) if len(lines) > 4 and lines[3].strip().isdigit() else 5432
        folder = lines[4].strip() if len(lines) > 4 and lines[4].strip() else "/var/run/postgresql"
        return Psql(Connection.as_os_user("postgres", folder, port), self._run, service=self.layout.service)

    def _systemctl(self, question: str, unit: str) -> str:
        return self._run(["systemctl", question, unit], timeout=30, check=False).stdout.strip()

    def _changed_after(self, loaded_at: float) -> bool:
        """Whether a run was stopped between writing a file and the reload."""
        tls = self.layout.tls
        ours = (self.layout.configuration, self.layout.access, tls.server_certificate, tls.server_key)
        return any(loaded_at < files.changed_at(path) <= time.time() for path in ours)
