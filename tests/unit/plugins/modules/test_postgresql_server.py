# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module: its arguments, and that check mode changes nothing."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.server_machine import ServerState
from ansible_collections.mothership.hcp.plugins.modules import postgresql_server

from tests.unit.plugins.module_utils._backup.module_frame import documented, run
from tests.unit.plugins.module_utils._datastore.test_server import RecordingMachine

ARGUMENTS = {"address": "10.77.0.21", "allowed_networks": ["10.77.0.11"]}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> t.Any:
    recording = RecordingMachine(ServerState(installed=True))
    monkeypatch.setattr(postgresql_server, "ServerMachine", lambda layout, run, progress, **_options: recording)
    return recording


def test_check_mode_makes_no_mutating_call(machine: t.Any, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(postgresql_server.main, {**ARGUMENTS, "_ansible_check_mode": True}, capfd)["changed"]
    assert machine.done == []


def test_without_check_mode_it_does(machine: t.Any, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(postgresql_server.main, ARGUMENTS, capfd)["changed"]
    assert machine.done[0] == "create_cluster"


def test_wrong_options_are_reported(machine: t.Any, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(postgresql_server.main, {**ARGUMENTS, "settings": {"ssl": False}}, capfd)
    assert "settings.ssl" in result["msg"]
    assert machine.done == []


def test_options_are_documented_with_their_defaults() -> None:
    options = yaml.safe_load(postgresql_server.DOCUMENTATION)["options"]
    assert documented(options) == documented(postgresql_server.argument_spec())
