# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""One database's rows in a file, and out of it: ``pg_dump`` and ``pg_restore`` over the local socket.

Only data: the target's own kine has made the schema, and triggers that watch over a table are the server's own affair.
"""

from __future__ import annotations

import os
import stat
import subprocess
import typing as t

from .._core.errors import CommandFailed, HcpError, TimedOut
from .._core.files import write_whole
from .command import last_lines
from .psql import Connection

_MODE = 0o600
#: As psql's session (psql.py): no statement of this reaches a log, none is ended in the middle.
_OPTIONS = (
    "-c log_statement=none -c log_min_duration_statement=-1 -c log_min_error_statement=panic -c statement_timeout=0"
)


class Files:
    """Dumps and loads on this machine.

    :param timeout: seconds for one of them.
    """

    def __init__(self, connection: Connection, *, timeout: float = 3600) -> None:
        self._connection, self._timeout = connection, timeout

    def dump(self, database: str, path: str) -> int:
        """Write the rows of kine to ``path``, mode 0600, owned by whom its folder belongs to; the size in bytes."""
        folder = _private_folder(path)
        # Level 1: the writes of a cluster wait, and the network of a site is fast.
        words = ["--format=custom", "--compress=1", "--data-only", "--table=public.kine", "--lock-wait-timeout=20s"]
        write_whole(path, "", mode=_MODE, owner=(folder.st_uid, folder.st_gid) if os.geteuid() == 0 else None)
        # The folder belongs to somebody else than root perhaps: what he puts in the file's place is not followed.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW), "wb") as file:
            self._run(["pg_dump", *words, *self._at(database)], stdout=file, what=f"pg_dump of {database}")
        return os.stat(path).st_size

    def restore(self, database: str, path: str) -> None:
        """Put the rows of ``path`` into the empty table kine, and its sequence, in one transaction."""
        words = ["--data-only", "--single-transaction", "--exit-on-error", "--no-owner"]
        if not os.access(path, os.R_OK):
            raise HcpError(
                "is not there or cannot be read",
                where=path,
                remedy="run the playbook mothership.hcp.database_move again: it makes and carries the file anew",
            )
        with open(path, "rb") as file:
            self._run(["pg_restore", *words, *self._at(database)], stdin=file, what=f"pg_restore into {database}")

    def _at(self, database: str) -> list[str]:
        at = self._connection
        conninfo = f"host='{at.socket_directory}' port={at.port} user={at.user} dbname={database} connect_timeout=10"
        return [f"--dbname={conninfo} application_name=mothership.hcp options='{_OPTIONS}'", "--no-password"]

    def _run(self, words: t.Sequence[str], *, what: str, stdin: t.Any = None, stdout: t.Any = None) -> None:
        command = [*self._connection.command_prefix, *words]
        try:
            ended = subprocess.run(
                command,
                stdin=stdin or subprocess.DEVNULL,
                stdout=stdout or subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=self._timeout,
                cwd="/",
                check=False,
            )
        except FileNotFoundError as error:
            raise CommandFailed(f"the program {command[0]} is not on this machine", where=what) from error
        except subprocess.TimeoutExpired as error:
            raise TimedOut(
                f"did not end within {self._timeout:g} s", where=what, remedy="give a longer timeout"
            ) from error
        if ended.returncode != 0:
            said = ended.stderr.decode("utf-8", "replace")
            raise CommandFailed(_without_rows(said) or f"ended with {ended.returncode}", where=what)


def _private_folder(path: str) -> os.stat_result:
    """The folder of ``path``, which nobody but its owner may look into.

    :raises HcpError: it is not there, or open to others.
    """
    folder = os.path.dirname(path)
    try:
        about = os.lstat(folder)
    except OSError as error:
        raise HcpError(
            f"cannot be used: {error.strerror or error}", where=folder, remedy="make it, mode 0700"
        ) from error
    if not stat.S_ISDIR(about.st_mode) or stat.S_IMODE(about.st_mode) & 0o077:
        raise HcpError(
            "is not a folder of mode 0700", where=folder, remedy="use a folder that only its owner can enter"
        )
    return about


def _without_rows(said: str) -> str:
    """The message without ``CONTEXT`` and ``DETAIL`` lines, which quote the content of rows."""
    kept = [line for line in said.splitlines() if not line.lstrip().startswith(("CONTEXT:", "DETAIL:", "Command was:"))]
    return last_lines("\n".join(kept))
