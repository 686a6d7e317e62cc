# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import tempfile
import time
import typing as t
from unittest import mock

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import ENVIRONMENT_NAME, Progress
from ansible_collections.mothership.hcp.plugins.plugin_utils import _progress_display
from ansible_collections.mothership.hcp.plugins.plugin_utils._progress_display import ProgressDisplay


@pytest.fixture
def shown(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lines that are displayed; progress files are made in an empty folder and looked at often."""
    lines: list[str] = []
    monkeypatch.setattr(_progress_display, "Display", lambda: mock.Mock(display=lines.append))
    monkeypatch.setattr(_progress_display, "_LOOK_EVERY", 0.01)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return lines


def display(environment: t.Any = None, **task_vars: t.Any) -> ProgressDisplay:
    action = mock.Mock(_task=mock.Mock(environment=environment))
    return ProgressDisplay(action, {"inventory_hostname": "ms1", **task_vars})


def awaited(lines: list[str], text: str) -> str:
    """The first line with the text, which has five seconds to come."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        for line in lines:
            if text in line:
                return line
        time.sleep(0.01)
    raise AssertionError(f"{text} was not shown: {lines}")


def test_lines_are_shown_while_the_work_goes_on(shown: list[str]) -> None:
    with display() as open_display:
        saying = Progress(open_display.path)
        saying.say("node", "waiting")
        assert awaited(shown, "node: waiting") == "[ms1] 00:00 node: waiting"
        saying.say("node", "ready")
        awaited(shown, "node: ready")
    assert [line.split(" ", 2)[2] for line in shown] == ["node: waiting", "node: ready"]


def test_the_last_lines_are_not_lost(shown: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress_display, "_LOOK_EVERY", 60)
    with display() as open_display:
        Progress(open_display.path).say("node", "ready")
    assert shown == ["[ms1] 00:00 node: ready"]


def test_silence_is_followed_by_a_sign_of_life(shown: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress_display, "_LONGEST_SILENCE", 0.05)
    with display():
        awaited(shown, "still at work")
    silent = len(shown)
    monkeypatch.setattr(_progress_display, "_LONGEST_SILENCE", 60)
    with display():
        time.sleep(0.1)
    assert len(shown) == silent


def test_silence_is_never_longer_than_the_design_allows() -> None:
    assert _progress_display._LONGEST_SILENCE + _progress_display._LOOK_EVERY < 15


@pytest.mark.parametrize("value", [False, "false", "no"])
def test_the_lines_can_be_switched_off(shown: list[str], value: t.Any) -> None:
    with display(mothership_progress=value) as open_display:
        Progress(open_display.path).say("node", "ready")
    assert shown == []


@pytest.mark.parametrize("failing", [False, True])
def test_no_file_is_left_behind(shown: list[str], tmp_path: pathlib.Path, failing: bool) -> None:
    try:
        with display() as open_display:
            assert os.stat(open_display.path).st_mode & 0o077 == 0
            assert len(list(tmp_path.iterdir())) == 1
            if failing:
                raise KeyError("x")
    except KeyError:
        assert failing
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("given", "kept"), [(None, []), ({"A": "1"}, [{"A": "1"}]), ([{"A": "1"}], [{"A": "1"}])])
def test_the_module_is_told_the_file_beside_its_environment(shown: list[str], given: t.Any, kept: t.Any) -> None:
    opened = display(given)
    with opened:
        assert opened._task.environment == [*kept, {ENVIRONMENT_NAME: opened.path}]
