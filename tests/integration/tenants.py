# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL that admits tenants as role postgresql makes it, and clients that come as tenants do."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import subprocess
import tempfile
import typing as t

from tests.integration import processes

#: As role postgresql writes them, without TLS: members of a database's owner, and nobody else, by password.
RULES = """
local all all trust
host all postgres 127.0.0.1/32 trust
host samerole +hcp_tenants 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 reject
"""


@contextlib.contextmanager
def postgresql_with_rules() -> t.Iterator[processes.PostgreSQL]:
    """A server that asks tenants for their password."""
    # Not in a folder of pytest, which keeps the server's user out.
    with tempfile.TemporaryDirectory(prefix="mothership-rules-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        rules = pathlib.Path(folder, "pg_hba.conf")
        rules.write_text(RULES)
        rules.chmod(0o644)
        with processes.postgresql(settings={"hba_file": str(rules)}) as started:
            yield started


class Refused(Exception):
    """What the server said."""


@dataclasses.dataclass(frozen=True)
class Client:
    """psql over the network, as a tenant's kine comes."""

    server: processes.PostgreSQL
    user: str
    password: str

    def command(self, database: str, sql: str) -> list[str]:
        conninfo = f"host=127.0.0.1 port={self.server.port} user={self.user} dbname={database} connect_timeout=5"
        flags = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
        return [processes.postgresql_binary("psql"), *flags, f"--dbname={conninfo}", f"--command={sql}"]

    def ask(self, database: str, sql: str = "SELECT current_user") -> str:
        environment = {"PGPASSWORD": self.password, "LANG": "C.UTF-8"}
        command = self.command(database, sql)
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment, check=False)
        if done.returncode != 0:
            raise Refused(done.stderr)
        return done.stdout.strip()

    @contextlib.contextmanager
    def sessions(self, database: str, number: int) -> t.Iterator[list[subprocess.Popen[bytes]]]:
        """Open sessions that stay."""
        environment = {"PGPASSWORD": self.password, "PGAPPNAME": "stays"}
        command = self.command(database, "SELECT pg_sleep(60)")
        with contextlib.ExitStack() as stack:
            opened = [
                stack.enter_context(
                    subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                )
                for _number in range(number)
            ]
            try:
                self._wait_for(database, number)
                yield opened
            finally:
                for process in opened:
                    process.kill()
                # A server notices a client that is gone only when it talks to it.
                self.server.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {self._own}")
                self._wait_for(database, 0)

    @property
    def _own(self) -> str:
        return f"usename = '{self.user}' AND application_name = 'stays'"

    def _wait_for(self, database: str, number: int) -> None:
        count = f"SELECT count(*) FROM pg_stat_activity WHERE {self._own}"
        for _attempt in range(100):
            if self.server.query(count) == str(number):
                return
            subprocess.run(["sleep", "0.1"], check=True, timeout=5)
        raise AssertionError(f"{self.user} has not opened {number} sessions of {database}")
