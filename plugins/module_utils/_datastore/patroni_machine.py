# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The machine of a member of a PostgreSQL cluster under Patroni: reads it and changes it."""

from __future__ import annotations

import dataclasses
import grp
import hashlib
import json
import os
import pwd
import shutil
import typing as t

from .._core.files import write_whole
from .._core.progress import Progress
from . import data_folder, files
from .command import Run, last_lines
from .data_folder import DataFolder
from .patroni_config import (
    BASE_CONFIGURATION,
    BASE_TEXT,
    REPLICATION_ROLE,
    REWIND_ROLE,
    SOCKET_FOLDER,
    UNIT_TEXT,
    Cluster,
)
from .psql import Connection, Psql
from .server_machine import Layout
from .sql import literal

SERVICE = "patroni.service"
CONFIGURATION = "/etc/patroni/config.yml"
UNIT = "/etc/systemd/system/patroni.service.d/mothership.conf"
#: With which files Patroni was last started or told to read them again.
LOADED = "/var/lib/mothership-hcp/patroni.json"
_PROGRAM = "/usr/bin/patroni"
_REWIND_FUNCTIONS = (
    "pg_ls_dir(text, boolean, boolean)",
    "pg_stat_file(text, boolean)",
    "pg_read_binary_file(text)",
    "pg_read_binary_file(text, bigint, bigint, boolean)",
)
_ASK = """
SELECT json_build_object(
  'primary', NOT pg_is_in_recovery(),
  'streaming', EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'),
  'roles', (SELECT count(*) = 2 FROM pg_roles
     WHERE (rolname = REPLICATION AND rolcanlogin AND rolreplication)
        OR (rolname = REWIND AND rolcanlogin
            AND has_database_privilege(oid, 'postgres', 'CONNECT')
            AND has_function_privilege(oid, 'pg_read_binary_file(text, bigint, bigint, boolean)', 'EXECUTE'))));
"""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the machine's PostgreSQL says: ``roles`` are those for replication, ``streaming`` is a replica's."""

    primary: bool = False
    streaming: bool = False
    roles: bool = False


@dataclasses.dataclass(frozen=True)
class MemberState:
    """What is on the machine; ``MemberState()`` is a virgin one.

    :param single_runs: Debian's own service of this data directory; ``single_starts``: at the next boot.
    :param loaded: fingerprint of the files that Patroni read last; ``files``: of those that are there.
    """

    installed: bool = False
    configuration: files.TextFile | None = None
    base: files.TextFile | None = None
    unit: files.TextFile | None = None
    data: DataFolder | None = None
    single_runs: bool = False
    single_starts: bool = False
    umbrella: bool = False
    enabled: bool = False
    active: bool = False
    loaded: str = ""


class MemberMachine:
    """Its methods are what tests record.

    :param run: runs programs.
    """

    def __init__(self, cluster: Cluster, run: Run, progress: Progress) -> None:
        self.cluster = cluster
        self.layout = Layout(cluster.server.version)
        self._run = run
        self._progress = progress

    def read(self) -> MemberState:
        start = files.read(self.layout.start_mode)
        return MemberState(
            installed=os.path.exists(_PROGRAM) and os.path.exists(self.layout.program),
            configuration=files.read(CONFIGURATION),
            base=files.read(BASE_CONFIGURATION),
            unit=files.read(UNIT),
            data=data_folder.read(self._run, self.cluster.data, self.cluster.programs),
            single_runs=self._systemctl("is-active", self.layout.service) in ("active", "activating"),
            single_starts=os.path.exists(self.layout.main_configuration)
            and (start is None or "disabled" not in start.text.split()),
            umbrella=self._systemctl("is-active", "postgresql.service") == "active",
            enabled=self._systemctl("is-enabled", SERVICE) == "enabled",
            active=self._systemctl("is-active", SERVICE) in ("active", "activating", "reloading"),
            loaded=_loaded(),
        )

    def fingerprint(self, configuration: str) -> str:
        """Of all that Patroni reads, with ``configuration`` as its ``config.yml``."""
        digest = hashlib.sha256(configuration.encode())
        for path in (self.cluster.tls.certificate, self.cluster.tls.authority):
            found = files.read(path)
            digest.update(found.text.encode() if found else b"")
        return digest.hexdigest()

    def answer(self) -> Answer:
        """:raises ServerDown: PostgreSQL does not answer."""
        (row,) = self._psql().rows(
            _ASK.replace("REPLICATION", literal(REPLICATION_ROLE)).replace("REWIND", literal(REWIND_ROLE)), timeout=15
        )
        return Answer(**row)

    def write(self, file: files.TextFile) -> None:
        files.write(file)
        if file.path == UNIT:
            self._run(["systemctl", "daemon-reload"], timeout=60)

    def create_data(self) -> None:
        """A new database cluster, in one step: a stopped run leaves no half of one."""
        folder, staged = self.cluster.data, f"{self.cluster.data}.mothership-new"
        self._progress.say("PostgreSQL", "making the database cluster")
        shutil.rmtree(staged, ignore_errors=True)
        parent = os.path.dirname(folder)
        user, group = pwd.getpwnam("postgres").pw_uid, grp.getgrnam("postgres").gr_gid
        if not os.path.isdir(parent):
            os.makedirs(parent, 0o755)
            os.chown(parent, user, group)
        program = f"{self.cluster.programs}/initdb"
        flags = ["--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--auth-local=peer", "--auth-host=reject"]
        self._run(["runuser", "-u", "postgres", "--", program, f"--pgdata={staged}", *flags], timeout=300)
        if os.path.isdir(folder):
            os.rmdir(folder)
        os.rename(staged, folder)

    def hand_over(self) -> None:
        """Stop the server of Debian's service for good: from now on Patroni starts it, and only Patroni."""
        self._progress.say("PostgreSQL", f"{self.layout.service} stops, Patroni takes over")
        files.write(files.TextFile(self.layout.start_mode, "disabled\n", 0o644, "postgres", "postgres"))
        self._run(["systemctl", "stop", self.layout.service], timeout=330)

    def prepare_data(self, settings: t.Mapping[str, t.Any]) -> None:
        """What Patroni expects of databases that it did not make: its roles, and what to give etcd as settings.

        It asks for the roles before it lets the server leave recovery, so they are made while nothing runs.
        """
        path = os.path.join(self.cluster.data, "patroni.dynamic.json")
        if os.path.exists(path):
            return
        program = [f"{self.cluster.programs}/postgres", "--single", "-j", "-D", self.cluster.data]
        flags = ["-c", f"config_file={BASE_CONFIGURATION}", "-c", "exit_on_error=on", "postgres"]
        script = "".join(f"{statement};\n\n" for statement in _role_statements())
        self._progress.say("PostgreSQL", "roles for replication")
        self._run(["runuser", "-u", "postgres", "--", *program, *flags], stdin=script, timeout=600)
        owner = (pwd.getpwnam("postgres").pw_uid, grp.getgrnam("postgres").gr_gid)
        write_whole(path, json.dumps(settings), mode=0o600, owner=owner)

    def enable(self) -> None:
        self._run(["systemctl", "enable", SERVICE], timeout=60)

    def start_umbrella(self) -> None:
        """Debian's unit without a process; it shows that PostgreSQL is in use here."""
        self._run(["systemctl", "enable", "--now", "postgresql.service"], timeout=60)

    def start(self, fingerprint: str) -> None:
        self._progress.say("Patroni", "starts")
        self._run(["systemctl", "reset-failed", SERVICE], timeout=30, check=False)
        self._run(["systemctl", "start", SERVICE], timeout=120)
        _note(fingerprint)

    def reload(self, fingerprint: str) -> None:
        """Patroni reads its files and has PostgreSQL do the same; nothing restarts."""
        self._run(["systemctl", "reload", SERVICE], timeout=60)
        _note(fingerprint)

    def make_roles(self) -> None:
        """On a primary from which they were taken."""
        self._psql().execute("".join(f"{one};\n" for one in ("BEGIN", *_role_statements(), "COMMIT")), timeout=60)

    def copied_bytes(self) -> int:
        """Size of the data directory while it is filled."""
        total = 0
        for folder, _folders, names in os.walk(self.cluster.data):
            for name in names:
                try:
                    total += os.lstat(os.path.join(folder, name)).st_size
                except OSError:  # PostgreSQL removes files while we look
                    continue
        return total

    def journal(self) -> str:
        """The last lines of Patroni and PostgreSQL."""
        shown = self._run(
            ["journalctl", "--unit", SERVICE, "--lines", "12", "--no-pager", "--output", "cat"], timeout=30, check=False
        )
        return last_lines(shown.stdout, 12)

    def _psql(self) -> Psql:
        connection = Connection.as_os_user("postgres", SOCKET_FOLDER, self.cluster.server.port)
        return Psql(connection, self._run, service=SERVICE)

    def _systemctl(self, question: str, unit: str) -> str:
        return self._run(["systemctl", question, unit], timeout=30, check=False).stdout.strip()


def wanted_files(cluster: Cluster, text: str) -> list[files.TextFile]:
    """The files of a member, in the order in which they are written."""
    return [
        files.TextFile(BASE_CONFIGURATION, BASE_TEXT, 0o644),
        files.TextFile(UNIT, UNIT_TEXT, 0o644),
        files.TextFile(CONFIGURATION, text, 0o640, "root", "postgres"),
    ]


def _role_statements() -> list[str]:
    """Roles without passwords: certificates of this server's machines log in as them."""
    roles = ((REPLICATION_ROLE, "LOGIN REPLICATION"), (REWIND_ROLE, "LOGIN"))
    return [
        *(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
            f"THEN CREATE ROLE {role}; END IF; END $$"
            for role, _attributes in roles
        ),
        *(f"ALTER ROLE {role} {attributes}" for role, attributes in roles),
        # Everybody's right to it is taken away for the sake of tenants.
        f"GRANT CONNECT ON DATABASE postgres TO {REWIND_ROLE}",
        *(f"GRANT EXECUTE ON FUNCTION pg_catalog.{one} TO {REWIND_ROLE}" for one in _REWIND_FUNCTIONS),
    ]


def _loaded() -> str:
    found = files.read(LOADED)
    try:
        return str(json.loads(found.text)["loaded"]) if found else ""
    except (ValueError, KeyError, TypeError):
        return ""


def _note(fingerprint: str) -> None:
    write_whole(LOADED, json.dumps({"loaded": fingerprint}) + "\n", mode=0o644)
