# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What stands against an adoption, and what the user must know of it: collected, never raised one by one."""

from __future__ import annotations

import dataclasses

from .._core.errors import InvalidInput


@dataclasses.dataclass
class Findings:
    """Problems that forbid the adoption, and notes about what changes with it."""

    problems: list[InvalidInput] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)

    def refuse(self, message: str, where: str, remedy: str) -> None:
        """Add a problem."""
        self.problems.append(InvalidInput(message, where=where, remedy=remedy))

    def note(self, text: str) -> None:
        """Add a note, once."""
        if text not in self.notes:
            self.notes.append(text)
