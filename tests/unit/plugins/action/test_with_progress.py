# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import tempfile
import typing as t
from unittest import mock

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.mothership.hcp.plugins.action.with_progress import ActionModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import ENVIRONMENT_NAME, Progress
from ansible_collections.mothership.hcp.plugins.plugin_utils import _progress_display

from .frame import run


class Module:
    """Stands for the module: says something through the environment that the task gives it."""

    def __init__(self, answer: t.Any) -> None:
        self.answer = answer
        self.options: dict[str, t.Any] = {}

    def __call__(self, action: ActionBase, **options: t.Any) -> dict[str, t.Any]:
        self.options = options
        environment = {name: value for part in action._task.environment for name, value in part.items()}
        Progress(environment[ENVIRONMENT_NAME]).say("node w1", "ready")
        if isinstance(self.answer, Exception):
            raise self.answer
        return dict(self.answer)


@pytest.fixture
def shown(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(_progress_display, "Display", lambda: mock.Mock(display=lines.append))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return lines


def run_with(module: Module, monkeypatch: pytest.MonkeyPatch, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
    monkeypatch.setattr(ActionModule, "_execute_module", lambda self, **options: module(self, **options))
    return run(ActionModule, {}, task_vars)


def test_the_modules_result_is_returned_and_its_lines_shown(
    shown: list[str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = Module({"changed": True, "plan": []})
    result = run_with(module, monkeypatch, {"inventory_hostname": "w1"})
    assert (result["changed"], result["plan"]) == (True, [])
    assert module.options == {"task_vars": {"inventory_hostname": "w1"}, "wrap_async": 0}, "no other module, no options"
    assert shown == ["[w1] 00:00 node w1: ready"]
    assert list(tmp_path.iterdir()) == []


def test_a_failure_comes_through_and_leaves_no_file(
    shown: list[str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_with(Module({"failed": True, "msg": "no"}), monkeypatch, {})["msg"] == "no"
    with pytest.raises(ConnectionError):
        run_with(Module(ConnectionError("lost")), monkeypatch, {})
    assert list(tmp_path.iterdir()) == []


def test_it_can_be_silent(shown: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    run_with(Module({"changed": False}), monkeypatch, {"mothership_progress": False})
    assert shown == []
