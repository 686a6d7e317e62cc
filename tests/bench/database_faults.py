# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the lab's database machines, and who leads them. Every call has a time limit."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import ssl
import subprocess
import time
import typing as t
import urllib.error
import urllib.request

FAULTS = ("kill", "cut", "switchover", "none")
PATRONI_PORT = 8008


class FaultError(Exception):
    """A fault cannot be made or undone; the message says why."""


def run(*argv: str, timeout: float = 60, check: bool = True) -> str:
    """Output of a program."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FaultError(f"{' '.join(argv[:4])}: {error}") from error
    if check and done.returncode != 0:
        raise FaultError(f"{' '.join(argv[:4])} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout


@dataclasses.dataclass(frozen=True)
class Machine:
    """A lab machine with a member of Patroni's cluster."""

    name: str
    address: str

    def leads(self) -> bool:
        """Whether its Patroni says that it is the primary."""
        # What is asked is no secret and the answer is checked by what follows.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            url = f"https://{self.address}:{PATRONI_PORT}/primary"
            with urllib.request.urlopen(url, timeout=3, context=context) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


class Databases:
    """The database machines of the lab.

    :param patroni: configuration file of Patroni on them.
    """

    def __init__(self, names: t.Sequence[str], patroni: str) -> None:
        self._patroni = patroni
        self.machines = [Machine(name, next(iter(self._networks(name).values()))["IPAddress"]) for name in names]

    @staticmethod
    def _networks(name: str) -> dict[str, t.Any]:
        found = json.loads(run("podman", "inspect", "--format", "{{json .NetworkSettings.Networks}}", name, timeout=20))
        if not found:
            raise FaultError(f"machine {name} is in no network. What to do: python -m lab.machines up")
        return t.cast("dict[str, t.Any]", found)

    def primary(self, seconds: float = 15) -> Machine:
        """Who leads; waits until somebody does."""
        ends = time.monotonic() + seconds
        while True:
            for machine in self.machines:
                if machine.leads():
                    return machine
            if time.monotonic() > ends:
                raise FaultError(f"no primary among {', '.join(one.name for one in self.machines)} in {seconds:.0f} s")
            time.sleep(0.5)

    @contextlib.contextmanager
    def fault(self, kind: str, machine: Machine) -> t.Iterator[None]:
        """Make the fault; at the end of the block it is undone."""
        undo: list[tuple[str, ...]] = []
        if kind == "kill":
            run("podman", "kill", "--signal=KILL", machine.name)
            undo = [("podman", "start", machine.name)]
        elif kind == "cut":
            networks = self._networks(machine.name)
            for network in networks:
                run("podman", "network", "disconnect", "--force", network, machine.name)
            undo = [
                ("podman", "network", "connect", f"--ip={found['IPAddress']}", network, machine.name)
                for network, found in networks.items()
            ]
        elif kind == "switchover":
            patronictl = ("patronictl", "--config-file", self._patroni, "switchover", "--force")
            run("podman", "exec", machine.name, *patronictl, timeout=90)
        try:
            yield
        finally:
            for command in undo:
                run(*command, timeout=120)
