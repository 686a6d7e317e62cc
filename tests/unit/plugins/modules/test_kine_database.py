# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module: its arguments, and that check mode changes nothing."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import kine_database as datastore
from ansible_collections.mothership.hcp.plugins.modules import kine_database

from tests.unit.plugins.module_utils._backup.module_frame import documented, run
from tests.unit.plugins.module_utils._datastore.fakes import VERIFIER, RecordingBackend, state

ARGUMENTS = {"databases": [{"name": "hcp_a", "verifier": VERIFIER}]}


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> t.Any:
    recording = RecordingBackend(state())
    monkeypatch.setattr(datastore, "backend_from", lambda params, progress: recording)
    monkeypatch.setattr(datastore.shutil, "which", lambda name: f"/usr/bin/{name}")
    return recording


def test_check_mode_makes_no_mutating_call(backend: t.Any, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(kine_database.main, {**ARGUMENTS, "_ansible_check_mode": True}, capfd)["changed"]
    assert backend.applied == []


def test_without_check_mode_it_does(backend: t.Any, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(kine_database.main, ARGUMENTS, capfd)
    assert result["changed"]
    assert [step.change.target for step in backend.applied] == [change["target"] for change in result["plan"]]


def test_no_verifier_is_shown(backend: t.Any, capfd: pytest.CaptureFixture[str]) -> None:
    shown = json.dumps(
        {key: value for key, value in run(kine_database.main, ARGUMENTS, capfd).items() if key != "invocation"}
    )
    assert VERIFIER not in shown


def test_dropping_is_refused_without_the_name(backend: t.Any, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(kine_database.main, {**ARGUMENTS, "state": "absent"}, capfd)
    assert result["failed"]
    assert "confirm_drop" in result["msg"]
    assert backend.applied == []


def test_options_are_documented_with_their_defaults() -> None:
    assert documented(yaml.safe_load(kine_database.DOCUMENTATION)["options"]) == documented(
        kine_database.argument_spec()
    )
