# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as a whole, with a machine that records."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.doc_fragments.patroni import ModuleDocFragment
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import patroni_member as room
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_machine import MemberState
from ansible_collections.mothership.hcp.plugins.modules import patroni_member

from tests.unit.plugins.module_utils._backup.module_frame import documented, run
from tests.unit.plugins.module_utils._datastore.patroni_fakes import MEMBERS, OPTIONS, FakeApi, RecordingMember

ARGUMENTS = {**OPTIONS, "state": "leading", "found": {name: {} for name in MEMBERS}}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> RecordingMember:
    recording, api = RecordingMember(MemberState(installed=True)), FakeApi()
    api.statuses["10.77.0.21"] = {"state": "running", "role": "master"}
    monkeypatch.setattr(patroni_member, "MemberMachine", lambda cluster, run, progress: recording)
    monkeypatch.setattr(patroni_member, "PatroniApi", lambda tls, port: api)
    monkeypatch.setattr(room, "_PAUSE", 0.0)
    return recording


def test_check_mode_makes_no_mutating_call(machine: RecordingMember, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(patroni_member.main, {**ARGUMENTS, "_ansible_check_mode": True}, capfd)["changed"]
    assert machine.done == []


def test_without_check_mode_it_does(machine: RecordingMember, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(patroni_member.main, ARGUMENTS, capfd)["changed"]
    assert "create_data" in machine.done


def test_wrong_options_are_reported(machine: RecordingMember, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(patroni_member.main, {**ARGUMENTS, "settings": {"wal_level": "minimal"}}, capfd)
    assert "settings.wal_level" in result["msg"]
    assert machine.done == []


def test_options_are_documented_with_their_defaults() -> None:
    options: dict[str, t.Any] = yaml.safe_load(patroni_member.DOCUMENTATION)["options"]
    options |= yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert documented(options) == documented(patroni_member.argument_spec())
