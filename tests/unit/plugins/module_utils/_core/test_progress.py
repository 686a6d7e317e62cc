# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import pathlib

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core import progress
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import (
    ENVIRONMENT_NAME,
    Deadline,
    Progress,
    Timings,
)


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        monkeypatch.setattr(progress.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(progress.time, "sleep", self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_only_what_changed_is_said(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "progress"
    path.touch()
    saying = Progress(str(path))
    for subject, text in [("a", "1"), ("a", "1"), ("b", "1"), ("a", "2"), ("b", "1"), ("a", "1")]:
        saying.say(subject, text)
    assert path.read_text().splitlines() == ["a: 1", "b: 1", "a: 2", "a: 1"]


def test_the_file_is_named_in_the_environment(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "named").touch()
    monkeypatch.setenv(ENVIRONMENT_NAME, str(tmp_path / "named"))
    Progress().say("a", "1")
    assert (tmp_path / "named").read_text() == "a: 1\n"


def test_without_a_file_nothing_is_written(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT_NAME, raising=False)
    monkeypatch.chdir(tmp_path)
    Progress().say("a", "1")
    Progress("").say("a", "1")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_does_not_stop_the_work(tmp_path: pathlib.Path) -> None:
    saying = Progress(str(tmp_path / "no-folder" / "progress"))
    saying.say("a", "1")
    (tmp_path / "no-folder").mkdir()
    saying.say("a", "2")
    assert list((tmp_path / "no-folder").iterdir()) == []


def test_a_deadline_passes(clock: Clock) -> None:
    deadline = Deadline(10)
    assert (deadline.remaining, deadline.elapsed, deadline.passed) == (10, 0, False)
    clock.now += 4
    assert (deadline.remaining, deadline.elapsed, deadline.passed) == (6, 4, False)
    clock.now += 60
    assert (deadline.remaining, deadline.elapsed, deadline.passed) == (0, 64, True)


def test_a_pause_ends_with_the_deadline(clock: Clock) -> None:
    deadline = Deadline(3)
    assert deadline.pause(2) is True
    assert deadline.pause(2) is False
    assert deadline.pause(2) is False
    assert clock.slept == [2, 1, 0]


def test_phases_add_up_also_when_they_fail(clock: Clock) -> None:
    timings = Timings()
    with timings.measure("send"):
        clock.now += 1.5
    with contextlib.suppress(KeyError), timings.measure("send"):
        clock.now += 2
        raise KeyError("x")
    timings.add("verify", 0.12345)
    assert timings.seconds == {"send": 3.5, "verify": 0.123}


def test_a_file_that_does_not_exist_is_not_made(tmp_path: pathlib.Path) -> None:
    """The environment names a file of the controller; a module on another machine must leave nothing there."""
    Progress(str(tmp_path / "elsewhere")).say("a", "1")
    assert list(tmp_path.iterdir()) == []
