# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Small text files that must have a given content."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.plan import Change, Plan
from .._core.redact import fingerprint
from .machine import Machine


@dataclasses.dataclass(frozen=True)
class TextFile:
    """A file as it should be.

    :param restarts: the service that must restart when the file changes, or nothing.
    :param secret: show fingerprints in place of the content.
    """

    path: str
    text: str
    mode: int = 0o644
    folder_mode: int = 0o755
    restarts: tuple[str, ...] = ()
    secret: bool = False


def plan_files(machine: Machine, files: t.Iterable[TextFile]) -> Plan:
    """What writing ``files`` would change."""
    plan = Plan()
    for file in files:
        change = _change(machine, file)
        if change is not None:
            plan.add(change)
    return plan


def write_files(machine: Machine, files: t.Iterable[TextFile]) -> None:
    """Write those of ``files`` that differ."""
    for file in files:
        if _change(machine, file) is not None:
            machine.write_text(file.path, file.text, file.mode, file.folder_mode)


def _change(machine: Machine, file: TextFile) -> Change | None:
    current = machine.read_text(file.path)
    found = machine.read_stat(file.path)
    if current is None or found is None:
        return Change("create", file.path, None, _shown(file, file.text), file.restarts)
    if current != file.text:
        return Change("update", file.path, _shown(file, current), _shown(file, file.text), file.restarts)
    if found.mode != file.mode:
        return Change("update", file.path, f"mode {found.mode:04o}", f"mode {file.mode:04o}")
    return None


def _shown(file: TextFile, text: str) -> str:
    return fingerprint(text) if file.secret else text
