# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""HAProxy and keepalived of a database machine: reads their state, carries out single changes."""

from __future__ import annotations

import contextlib
import dataclasses
import glob
import os
import shutil
import socket
import typing as t

from .._core import balancing
from .._core.balancing import HAPROXY_CONFIG, KEEPALIVED_CONFIG
from .._core.errors import CommandFailed, TimedOut
from .._core.progress import Deadline, Progress
from . import files
from .command import Run, last_lines

#: In ``/proc/net/tcp``.
_LISTENING = "0A"


@dataclasses.dataclass(frozen=True)
class Service:
    """What systemd says."""

    active: bool = False
    enabled: bool = False


class ProxyMachine:
    """Reads and changes this machine. Its methods are what tests replace.

    :param root: where the paths of files begin.
    """

    def __init__(self, run: Run, progress: Progress, root: str = "/") -> None:
        self._run, self._progress, self._root = run, progress, root

    def _at(self, path: str) -> str:
        return os.path.join(self._root, path.lstrip("/"))

    # -- asking --------------------------------------------------------------------------------------------------------

    def read(self, path: str) -> files.TextFile | None:
        found = files.read(self._at(path))
        return None if found is None else dataclasses.replace(found, path=path)

    def text(self, path: str) -> str:
        found = self.read(path)
        return "" if found is None else found.text

    def is_program(self, name: str) -> bool:
        return shutil.which(name) is not None

    def service(self, name: str) -> Service:
        properties = "--property=ActiveState,UnitFileState"
        shown = self._run(["systemctl", "show", f"{name}.service", properties], timeout=30, check=False)
        values = dict(line.split("=", 1) for line in shown.stdout.splitlines() if "=" in line)
        active = values.get("ActiveState") in ("active", "activating", "reloading")
        return Service(active, values.get("UnitFileState") == "enabled")

    def listening_ports(self) -> set[int]:
        lines = [line for path in glob.glob(self._at("/proc/net/tcp*")) for line in self.text(path).splitlines()[1:]]
        fields = [line.split() for line in lines]
        return {int(one[1].rpartition(":")[2], 16) for one in fields if len(one) > 3 and one[3] == _LISTENING}

    def running_identity(self) -> str:
        """What HAProxy answers; empty when it does not."""
        return self._run(balancing.ASK_IDENTITY, timeout=5, check=False).stdout

    # -- changing ------------------------------------------------------------------------------------------------------

    def write(self, file: files.TextFile) -> None:
        files.write(dataclasses.replace(file, path=self._at(file.path)))

    def remove(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._at(path))

    def validate(self, file: files.TextFile) -> None:
        """Let the program itself read the new file before it takes the place of the old one.

        :raises CommandFailed: with what it does not like.
        """
        candidate = dataclasses.replace(file, path=f"{file.path}.mothership-new")
        commands = {
            HAPROXY_CONFIG: ["haproxy", "-c", "-f", self._at(candidate.path)],
            KEEPALIVED_CONFIG: ["keepalived", "--config-test", "--use-file", self._at(candidate.path)],
        }
        if file.path not in commands:
            return
        self.write(candidate)
        try:
            done = self._run(commands[file.path], timeout=60, check=False)
        finally:
            self.remove(candidate.path)
        # keepalived 2.2.7 ends its own test with SIGTERM when the configuration names a script; then it said nothing.
        if done.returncode != 0 and (done.returncode not in (-15, 143) or done.stderr.strip()):
            name, said = commands[file.path][0], last_lines(done.stderr)
            raise CommandFailed(
                f"{name} refuses the new configuration; the old one stays:\n{said}",
                where=file.path,
                remedy="check the variables of the role postgresql; --check --diff shows the file",
            )

    def systemctl(self, verb: str, name: str) -> None:
        argv = ["systemctl", *verb.split(" "), f"{name}.service"]
        done = self._run(argv, timeout=120, check=False)
        if done.returncode != 0:
            raise CommandFailed(
                f"'{' '.join(argv)}' failed: {last_lines(done.stderr, 3)}\n{self.journal(name)}",
                remedy=f"look at 'systemctl status {name}' on this machine",
            )

    def keep_states(self, path: str) -> None:
        """Write down which servers HAProxy holds for up and down, for the one that takes its place.

        One that does not answer leaves nothing; then all servers count as up until they are asked.
        """
        answer = b""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(5)
            asked.connect(self._at(balancing.HAPROXY_SOCKET))
            asked.sendall(b"show servers state\n")
            while part := asked.recv(65536):
                answer += part
        if answer.startswith(b"1\n") and answer.endswith(b"\n\n"):
            self.write(files.TextFile(path, answer.decode()))

    def wait_until_loaded(self, text: str, timeout: float) -> None:
        """Until HAProxy answers with this configuration.

        :raises TimedOut: with what its journal says.
        """
        deadline, wanted = Deadline(timeout), balancing.identity(text)
        while wanted not in self.running_identity():
            self._progress.say("haproxy", "waiting until it runs with the new configuration")
            if not deadline.pause(0.2):
                raise TimedOut(
                    f"HAProxy does not run with the new configuration after {timeout:g} seconds:\n"
                    f"{self.journal('haproxy')}",
                    where=HAPROXY_CONFIG,
                    remedy="look at 'systemctl status haproxy' and 'ss -tlnp' on this machine",
                )

    def journal(self, name: str) -> str:
        argv: t.Sequence[str] = ["journalctl", "-u", name, "-n", "8", "-o", "cat", "--no-pager"]
        return last_lines(self._run(argv, timeout=30, check=False).stdout)
