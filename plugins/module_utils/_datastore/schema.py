# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The schema of a hosted cluster's database, made by kine itself before the first replica starts.

Two kines that start together on an empty database collide in the catalogue and one of them exits. So kine runs once
here, over the local socket as the superuser who has taken the tenant's role (``role=`` in the DSN): what it makes
belongs to the tenant, and no password is needed.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import typing as t
import urllib.parse

from .._core.errors import CommandFailed, TimedOut
from .._core.progress import Deadline, Progress
from .command import last_lines
from .psql import Connection

_STOP_SECONDS = 3.0


class SchemaMaker:
    """Runs kine until it serves, then stops it.

    :param kine: path of the program on this machine.
    :param timeout: seconds for one database.
    """

    def __init__(self, connection: Connection, kine: str, progress: Progress, *, timeout: float = 60) -> None:
        self._connection = connection
        self._kine = kine
        self._progress = progress
        self._timeout = timeout

    def make(self, database: str, role: str) -> None:
        """Make the tables and indexes of kine in ``database``, owned by ``role``. Running it again does no harm.

        :raises CommandFailed: kine ended by itself; with its last lines.
        :raises TimedOut: it did not come to serve.
        """
        if not os.access(self._kine, os.X_OK):
            raise CommandFailed(
                "kine, which makes the schema of the databases, is not on this machine",
                where=self._kine,
                remedy="install it from the bundle (role mothership.hcp.postgresql) or give kine_path",
            )
        self._progress.say(f"database {database}", "kine makes the schema")
        folder = tempfile.mkdtemp(prefix="mothership-hcp-kine-")
        try:
            self._give(folder)
            self._run(database, role, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _give(self, folder: str) -> None:
        if self._connection.os_user and os.geteuid() == 0:
            user = pwd.getpwnam(self._connection.os_user)
            os.chown(folder, user.pw_uid, user.pw_gid)

    def arguments(self, database: str, role: str, socket: str) -> list[str]:
        """The command line; it holds no secret."""
        at = self._connection
        query = {"host": at.socket_directory, "port": str(at.port), "role": role, "application_name": "mothership.hcp"}
        endpoint = f"postgres://{at.user}@/{database}?{urllib.parse.urlencode(query)}"
        listen = [f"--listen-address=unix://{socket}", "--metrics-bind-address=0"]
        pool = ["--datastore-max-open-connections=3", "--datastore-max-idle-connections=1"]
        # Whoever kills this process leaves kine behind: timeout ends it then.
        bounded = ["timeout", "--foreground", "--kill-after=5", f"{self._timeout + 1:g}"]
        return [*at.command_prefix, *bounded, self._kine, f"--endpoint={endpoint}", *listen, *pool]

    def _run(self, database: str, role: str, folder: str) -> None:
        socket, deadline = os.path.join(folder, "kine.sock"), Deadline(self._timeout)
        with tempfile.TemporaryFile("w+", errors="replace") as log:
            process = subprocess.Popen(
                self.arguments(database, role, socket),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath), "HOME": folder},
                start_new_session=True,
            )
            try:
                # kine listens only after the schema is complete. There is nothing to watch but the socket's file.
                while not os.path.exists(socket):
                    if process.poll() is not None:
                        raise CommandFailed(
                            f"kine ended with {process.returncode}:\n{_tail(log)}", where=f"database {database}"
                        )
                    if not deadline.pause(0.05):
                        raise TimedOut(
                            f"kine did not make the schema within {self._timeout:g} s; its last lines:\n{_tail(log)}",
                            where=f"database {database}",
                            remedy="look for locks in pg_stat_activity of that database, then run again",
                        )
            finally:
                _stop(process)


def _tail(log: t.IO[str]) -> str:
    log.seek(0)
    return last_lines(log.read())


def _stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM to the process group (the prefix and kine); SIGKILL when that does not help."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, kind)
        try:
            process.wait(_STOP_SECONDS)
            return
        except subprocess.TimeoutExpired:
            continue
