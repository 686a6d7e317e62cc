# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A long build may be slow, but it must not be silent."""

from __future__ import annotations

import pytest

from lab.bundle import progress
from lab.bundle.progress import Progress


class Clock:
    """Stands in for the monotonic clock."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def test_one_line_at_each_end_and_one_every_fifteen_seconds(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    steps = Progress(total=2, remaining=60)
    steps.begin("kine 0.16.4", 40)
    for _ in range(32):
        clock.now += 1
        steps.tick()
    steps.end()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "[1/2] kine 0.16.4 building … (about 40 s, about 60 s left in all)"
    assert lines[1] == "[1/2] kine 0.16.4 building … 15 s so far, about 45 s left in all"
    assert lines[3] == "[1/2] kine 0.16.4 done in 32.0 s"
    assert len(lines) == 4


def test_the_estimate_follows_the_pace_of_finished_steps(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    steps = Progress(total=2, remaining=30)
    steps.begin("one 1", 10)
    clock.now += 40
    steps.end()
    steps.begin("two 1", 20)
    assert "about 80 s left in all" in capsys.readouterr().out.splitlines()[-1]
