# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module: its arguments, and that check mode changes nothing."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import transfer
from ansible_collections.mothership.hcp.plugins.modules import kine_transfer

from tests.unit.plugins.module_utils._backup.module_frame import documented, run
from tests.unit.plugins.module_utils._datastore.transfer_fakes import NAME, FakeServer

ARGUMENTS = {"database": NAME, "state": "dumped", "path": "/home/me/rows"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    fake = FakeServer(["secret-row"])
    monkeypatch.setattr(transfer, "tools_from", lambda params, progress: fake.tools)
    monkeypatch.setattr(transfer.shutil, "which", lambda name: f"/usr/bin/{name}")
    return fake


def test_check_mode_makes_no_mutating_call(server: FakeServer, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(kine_transfer.main, {**ARGUMENTS, "_ansible_check_mode": True}, capfd)["changed"]
    assert server.changes == []


def test_without_check_mode_it_does(server: FakeServer, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(kine_transfer.main, ARGUMENTS, capfd)
    assert result["changed"]
    assert server.changes[-1] == f"dump {NAME}"
    assert result["digest"]["rows"] == 1
    assert "secret-row" not in json.dumps(result)


def test_its_digest_is_taken_by_the_other_side(server: FakeServer, capfd: pytest.CaptureFixture[str]) -> None:
    dumped = run(kine_transfer.main, ARGUMENTS, capfd)
    again = {**ARGUMENTS, "state": "loaded", "expected": dumped["digest"], "settings": dumped["settings"]}
    assert run(kine_transfer.main, again, capfd)["changed"] is False


def test_options_are_documented_with_their_defaults() -> None:
    options: dict[str, t.Any] = yaml.safe_load(kine_transfer.DOCUMENTATION)["options"]
    assert documented(options) == documented(kine_transfer.argument_spec())
