# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Progress of many files that are sent one after another: the first, the last, and in between not too often."""

from __future__ import annotations

import time

from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress

#: Seconds between two lines.
_AT_MOST_EVERY = 5.0
_MEBIBYTE = 1024 * 1024


class TransferProgress:
    """Counts what was sent.

    :param subject: what the lines begin with.
    :param total: bytes of all files.
    """

    def __init__(self, progress: Progress, subject: str, total: int) -> None:
        self._progress, self._subject, self._total = progress, subject, total
        self._sent = 0
        self._said_at: float | None = None

    def begins(self, name: str) -> None:
        """The file of this name is sent next."""
        now = time.monotonic()
        if self._said_at is None or now - self._said_at >= _AT_MOST_EVERY:
            self._said_at = now
            self._say(f"sending {name}, ")

    def sent(self, size: int) -> None:
        """A file of this size, in bytes, has arrived."""
        self._sent += size
        if self._sent >= self._total:
            self._say("")

    def _say(self, text: str) -> None:
        done = f"{self._sent // _MEBIBYTE} of {self._total // _MEBIBYTE} MiB sent"
        self._progress.say(self._subject, text + done)
