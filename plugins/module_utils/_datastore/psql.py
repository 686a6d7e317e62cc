# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""psql over the local socket, as the operating system user that PostgreSQL trusts (``peer``).

Statements go by standard input and never appear in an argument list. The session switches off every kind of statement
logging, so that password verifiers do not reach the server's log.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .._core.errors import CommandFailed, HcpError, Unreachable
from . import command

#: What libpq and the server say while there is nothing to talk to.
_DOWN = ("No such file or directory", "Connection refused", "the database system is starting up", "is shutting down")

_QUIET_SESSION = (
    "-c log_statement=none -c log_duration=off -c log_min_duration_statement=-1 "
    "-c log_min_error_statement=panic -c client_min_messages=warning -c statement_timeout=120s -c lock_timeout=30s"
)


@dataclasses.dataclass(frozen=True)
class Connection:
    """Where and as whom psql connects.

    :param command_prefix: words before ``psql`` and ``kine``: how to become the operating system user.
    :param socket_directory: folder of the server's socket.
    :param user: database role, a superuser.
    :param os_user: who ``command_prefix`` becomes; files made for kine belong to them. ``None``: nobody else.
    """

    command_prefix: tuple[str, ...] = ("runuser", "-u", "postgres", "--")
    socket_directory: str = "/var/run/postgresql"
    port: int = 5432
    user: str = "postgres"
    os_user: str | None = "postgres"

    @property
    def socket(self) -> str:
        return f"{self.socket_directory}/.s.PGSQL.{self.port}"

    @staticmethod
    def as_os_user(os_user: str, socket_directory: str, port: int) -> Connection:
        """Through runuser, which needs root and asks for no password."""
        return Connection(("runuser", "-u", os_user, "--"), socket_directory, port, "postgres", os_user)


class ServerDown(Unreachable):
    """PostgreSQL does not answer on its socket."""


class Psql:
    """A psql session per call.

    :param service: systemd unit named in error messages.
    """

    def __init__(self, connection: Connection, run: command.Run = command.run, *, service: str = "postgresql") -> None:
        self.connection = connection
        self._run = run
        self._service = service

    def rows(self, script: str, *, database: str = "postgres", timeout: float = 60) -> list[t.Any]:
        """Run ``script`` whose every row is one column of JSON; the parsed rows in order.

        :raises ServerDown: nothing listens on the socket.
        :raises CommandFailed: the server refused a statement.
        """
        out = self.execute(script, database=database, timeout=timeout)
        return [json.loads(line) for line in out.splitlines() if line.strip()]

    def execute(self, script: str, *, database: str = "postgres", timeout: float = 300) -> str:
        """Run ``script``, stopping at the first error; what psql printed."""
        outcome = self._run(
            [*self.connection.command_prefix, *self._arguments(database)], stdin=script, timeout=timeout, check=False
        )
        if outcome.returncode != 0:
            raise self._failure(outcome, database)
        return outcome.stdout

    def _arguments(self, database: str) -> list[str]:
        at = self.connection
        conninfo = (
            f"host='{at.socket_directory}' port={at.port} user={at.user} dbname={database} connect_timeout=10 "
            f"application_name=mothership.hcp options='{_QUIET_SESSION}'"
        )
        flags = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--no-password"]
        variables = ["--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse"]
        return ["psql", *flags, *variables, f"--dbname={conninfo}", "--file=-"]

    def _failure(self, outcome: command.Outcome, database: str) -> HcpError:
        said = command.last_lines(outcome.stderr)
        if any(sign in said for sign in _DOWN) and "connection to server" in said:
            return ServerDown(
                f"PostgreSQL does not answer on its socket ({_reason(said)})",
                where=self.connection.socket,
                remedy=f"look at 'systemctl status {self._service}' and 'journalctl -u {self._service} -n 50' "
                "on the database machine, start it, then run again",
            )
        return CommandFailed(said or f"psql ended with {outcome.returncode}", where=f"psql, database {database}")


def _reason(said: str) -> str:
    """The part of libpq's message after the socket's name."""
    line = next(line for line in said.splitlines() if "connection to server" in line)
    return line.partition(" failed: ")[2] or line
