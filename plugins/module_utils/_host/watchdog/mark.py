# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The greatest revision that a cluster's database has ever given, kept outside of that database. Pure."""

from __future__ import annotations

#: Rounds in a row in which every replica must be behind: a LIST may be a second old.
_ROUNDS = 2


class HighWater:
    """The mark of one cluster.

    :ivar value: greatest revision ever seen, here or by an earlier watchdog.
    :ivar behind: by how many revisions the database is behind it; 0 when it is not.
    """

    def __init__(self, stored: int, *, every: float = 10.0) -> None:
        self.value = self._stored = stored
        self.behind = 0
        self._every = every
        self._written_at: float | None = None
        self._rounds_behind = 0

    def see(self, revisions: list[int]) -> None:
        """What the replicas said in one round."""
        if not revisions:
            return
        best = max(revisions)
        self._rounds_behind = self._rounds_behind + 1 if best < self.value else 0
        self.behind = self.value - best if self._rounds_behind >= _ROUNDS else 0
        self.value = max(self.value, best)

    def due(self, now: float) -> int | None:
        """What has to be written now; ``None`` when it has not grown, or was written a moment ago."""
        too_early = self._written_at is not None and now - self._written_at < self._every
        return None if self.value <= self._stored or too_early else self.value

    def written(self, value: int, now: float) -> None:
        """``value`` is stored."""
        self._stored = max(self._stored, value)
        self._written_at = now
