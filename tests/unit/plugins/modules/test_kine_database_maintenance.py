# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module: its arguments, and that check mode changes nothing."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import maintenance_run
from ansible_collections.mothership.hcp.plugins.modules import kine_database_maintenance

from tests.unit.plugins.module_utils._backup.module_frame import documented, run
from tests.unit.plugins.module_utils._datastore.test_maintenance_run import Recorder, told


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder(told(dead_rows=3000))
    monkeypatch.setattr(maintenance_run, "Runner", lambda psql, progress, timeout: recorder)
    return recorder


def test_check_mode_makes_no_mutating_call(runner: Recorder, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(kine_database_maintenance.main, {"_ansible_check_mode": True}, capfd)["changed"]
    assert runner.done == []


def test_without_check_mode_it_does(runner: Recorder, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(kine_database_maintenance.main, {}, capfd)["changed"]
    assert [task.action for task in runner.done] == ["vacuum"]


def test_options_are_documented_with_their_defaults() -> None:
    texts = yaml.safe_load(kine_database_maintenance.DOCUMENTATION)["options"]
    assert documented(texts) == documented(kine_database_maintenance.argument_spec())
