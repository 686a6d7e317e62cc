# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Progress of long waits.

A module cannot print while it runs. It appends lines to the file that :mod:`plugins.action.with_progress` names in
the environment; the action plugin shows them as they come. Without that file nothing is written.
"""

from __future__ import annotations

import os
import threading
import time
import typing as t

ENVIRONMENT_NAME = "MOTHERSHIP_PROGRESS_FILE"


class Progress:
    """Says what is being waited for, once per change of text.

    :param path: file to append to; by default the one named in the environment.
    """

    def __init__(self, path: str | None = None) -> None:
        self._path = path if path is not None else os.environ.get(ENVIRONMENT_NAME)
        self._last: dict[str, str] = {}
        self._lock = threading.Lock()

    def say(self, subject: str, text: str) -> None:
        """Report ``text`` about ``subject`` unless it is what was said last about it."""
        with self._lock:
            if self._last.get(subject) == text:
                return
            self._last[subject] = text
            if not self._path:
                return
            try:
                # Never made here: on another machine than the one that shows it, the file does not exist.
                with open(self._path, "r+", encoding="utf-8") as file:
                    file.seek(0, os.SEEK_END)
                    file.write(f"{subject}: {text}\n")
            except OSError:
                self._path = None


class Deadline:
    """A point in time after which waiting ends.

    :param seconds: from now.
    """

    def __init__(self, seconds: float) -> None:
        self._started = time.monotonic()
        self.seconds = seconds

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    @property
    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.seconds - self.elapsed)

    @property
    def passed(self) -> bool:
        return self.remaining <= 0

    def pause(self, seconds: float) -> bool:
        """Sleep at most ``seconds`` and never past the deadline; false when the deadline has passed."""
        time.sleep(min(seconds, self.remaining))
        return not self.passed


class Timings:
    """Seconds per named phase, for the report."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._lock = threading.Lock()

    def measure(self, phase: str) -> t.ContextManager[None]:
        return _Phase(self, phase)

    def add(self, phase: str, seconds: float) -> None:
        with self._lock:
            self.seconds[phase] = round(self.seconds.get(phase, 0.0) + seconds, 3)


class _Phase:
    def __init__(self, timings: Timings, name: str) -> None:
        self._timings, self._name, self._started = timings, name, 0.0

    def __enter__(self) -> None:
        self._started = time.monotonic()

    def __exit__(self, *exc_info: object) -> None:
        self._timings.add(self._name, time.monotonic() - self._started)
