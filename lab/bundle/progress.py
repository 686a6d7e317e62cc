# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what is happening: a line at both ends of each step, and one at least every 15 s in between."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field

INTERVAL_SECONDS = 15.0


def say(text: str) -> None:
    """Print one line now, also when the output goes into a file."""
    print(text, file=sys.stdout, flush=True)


def duration(seconds: float) -> str:
    """Seconds for short times, minutes for long ones."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


@dataclass
class Progress:
    """Counts steps and estimates the rest from the seconds the table expects and the pace so far."""

    total: int
    remaining: float
    done: int = 0
    _title: str = field(default="", init=False)
    _expected: float = field(default=0.0, init=False)
    _began: float = field(default=0.0, init=False)
    _spoke: float = field(default=0.0, init=False)
    _spent: float = field(default=0.0, init=False)
    _planned: float = field(default=0.0, init=False)

    def begin(self, title: str, expected: float) -> None:
        """Announce a step."""
        self.done += 1
        self._title, self._expected = title, expected
        self._began = self._spoke = time.monotonic()
        self._line(f"building … (about {duration(expected)}, about {self._left(0.0)} left in all)")

    def tick(self, what: str = "building") -> None:
        """Called often while a step runs; speaks when it has been quiet for long enough."""
        now = time.monotonic()
        if now - self._spoke < INTERVAL_SECONDS:
            return
        self._spoke = now
        spent = now - self._began
        self._line(f"{what} … {duration(spent)} so far, about {self._left(spent)} left in all")

    def note(self, text: str) -> None:
        """Say something about the current step at once."""
        self._spoke = time.monotonic()
        self._line(text)

    def end(self, text: str = "done") -> None:
        """Close a step."""
        spent = time.monotonic() - self._began
        self.remaining = max(self.remaining - self._expected, 0.0)
        self._spent += spent
        self._planned += self._expected
        self._line(f"{text} in {spent:.1f} s")

    def skip(self, title: str) -> None:
        """A step whose result was in the cache."""
        self.done += 1
        say(f"[{self.done}/{self.total}] {title} cached")

    def _left(self, spent: float) -> str:
        """A busy or slow machine shows in what the finished steps took."""
        pace = (self._spent + spent) / (self._planned + min(spent, self._expected) or 1.0)
        left = self.remaining - min(spent / max(pace, 1.0), self._expected)
        return duration(max(left, 0.0) * max(pace, 1.0))

    def _line(self, text: str) -> None:
        say(f"[{self.done}/{self.total}] {self._title} {text}")
