# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the declared machines are, without changing anything."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass

from . import access, host, podman
from .config import Lab, Machine, MachineList
from .lifecycle import READY_STATES
from .parallel import Tell, on_each

HEADINGS = ("NAME", "ADDRESS", "STATE", "SYSTEMD", "SSH", "UPTIME")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    address: str
    state: str
    systemd: str
    ssh: str
    uptime: str

    @property
    def up(self) -> bool:
        """Whether the machine can be worked with."""
        return self.state == "running" and self.systemd in READY_STATES and self.ssh == "ok"

    @property
    def cells(self) -> tuple[str, ...]:
        """The line's texts, in the order of HEADINGS."""
        return (self.name, self.address, self.state, self.systemd, self.ssh, self.uptime)


def rows(lab: Lab, declared: MachineList) -> list[Row]:
    """Ask podman once, and each machine at the same time."""
    host.ensure_root()
    existing = podman.containers() if shutil.which("podman") else {}
    own = {name: item for name, item in existing.items() if item.labels.get(podman.LABEL) == lab.owner}
    found = on_each(
        declared.machines, lambda machine, tell: _row(lab, machine, own.get(machine.name), tell), what="status"
    )
    return list(found.values())


def _row(lab: Lab, machine: Machine, container: podman.Container | None, tell: Tell) -> Row:
    """Look at one machine."""
    if container is None:
        return Row(machine.name, machine.address, "absent", "-", "-", "-")
    if container.state != "running":
        return Row(machine.name, machine.address, container.state, "-", "-", "-")
    tell("is asked")
    answer = podman.inside(machine.name, "systemctl", "is-system-running", check=False, timeout=10)
    systemd = answer.splitlines()[-1] if answer else "unknown"
    reason = access.ssh_answers(lab, machine)
    age = _duration(int(time.time()) - container.started)
    return Row(machine.name, machine.address, "running", systemd, reason or "ok", age)


def _duration(seconds: int) -> str:
    """Seconds in the largest two units."""
    for unit, size, below in (("d", 86400, ("h", 3600)), ("h", 3600, ("m", 60)), ("m", 60, ("s", 1))):
        if seconds >= size:
            return f"{seconds // size}{unit}{seconds % size // below[1]}{below[0]}"
    return f"{max(0, seconds)}s"


def table(lines: list[Row]) -> str:
    """The rows as text in columns."""
    cells = [HEADINGS, *(line.cells for line in lines)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in cells)
