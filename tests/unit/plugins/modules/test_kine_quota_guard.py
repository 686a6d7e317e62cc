# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module: its arguments, and that check mode changes nothing."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import files, quota
from ansible_collections.mothership.hcp.plugins.modules import kine_quota_guard

from tests.unit.plugins.module_utils._backup.module_frame import documented, run
from tests.unit.plugins.module_utils._datastore.test_quota import FakeMachine


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[t.Any]:
    machine = FakeMachine()
    monkeypatch.setattr(quota, "Machine", lambda psql: machine)
    monkeypatch.setattr(quota.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(files, "write", lambda file: machine.done.append((file.path,)))
    monkeypatch.setattr(files, "read", lambda path: None)
    return machine.done


def test_check_mode_makes_no_mutating_call(calls: list[t.Any], capfd: pytest.CaptureFixture[str]) -> None:
    assert run(kine_quota_guard.main, {"_ansible_check_mode": True}, capfd)["changed"]
    assert calls == []


def test_without_check_mode_it_does(calls: list[t.Any], capfd: pytest.CaptureFixture[str]) -> None:
    assert run(kine_quota_guard.main, {}, capfd)["service"] == "mothership-quota-guard"
    assert ("/var/lib/mothership-hcp/quota-guard.py",) in calls
    assert ("start", "mothership-quota-guard.service") in calls


def test_options_are_documented_with_their_defaults() -> None:
    texts = yaml.safe_load(kine_quota_guard.DOCUMENTATION)["options"]
    assert documented(texts) == documented(kine_quota_guard.argument_spec())
