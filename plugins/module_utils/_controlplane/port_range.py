# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The node ports that a mothership has."""

from __future__ import annotations

import dataclasses

from .._core.errors import InvalidInput


@dataclasses.dataclass(frozen=True)
class PortRange:
    """Node ports of the mothership, both ends included."""

    first: int = 30000
    last: int = 32767

    @classmethod
    def parse(cls, text: str, where: str = "node_port_range") -> PortRange:
        """The range in ``30000-32767``."""
        try:
            first, last = (int(part) for part in text.split("-"))
        except ValueError as error:
            raise InvalidInput(f"{text!r} is not a range", where=where, remedy="write it as 30000-32767") from error
        if not 1024 <= first <= last <= 65535:
            raise InvalidInput(f"{text!r} is not a range of unprivileged ports", where=where, remedy="use 30000-32767")
        return cls(first, last)

    def __contains__(self, port: object) -> bool:
        return isinstance(port, int) and self.first <= port <= self.last

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    @property
    def static_band(self) -> int:
        """How many ports at the start Kubernetes leaves for those who choose one (ServiceNodePortStaticSubrange)."""
        size = self.last - self.first + 1
        return size if size <= 16 else min(max(16, size // 32), 128)
