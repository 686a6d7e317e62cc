# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module: its arguments, and that check mode changes nothing."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import revision
from ansible_collections.mothership.hcp.plugins.modules import kine_revision

from tests.unit.plugins.module_utils._backup.module_frame import run
from tests.unit.plugins.module_utils._datastore.test_revision import NAME, FakeServer
from tests.unit.plugins.modules.options import assert_documented

ARGUMENTS: dict[str, t.Any] = {"databases": [{"name": NAME, "high_water": 1234}]}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    fake = FakeServer()
    monkeypatch.setattr(revision, "psql_from", lambda params: fake)
    return fake


def test_check_mode_makes_no_mutating_call(server: FakeServer, capfd: pytest.CaptureFixture[str]) -> None:
    for state in ("closed", "raised"):
        before = len(server.scripts)
        planned = run(kine_revision.main, {**ARGUMENTS, "state": state, "_ansible_check_mode": True}, capfd)
        assert planned["changed"]
        assert len(server.scripts) == before
        # The recording is able to see a mutating call.
        done = run(kine_revision.main, {**ARGUMENTS, "state": state}, capfd)
        assert done["plan"] == planned["plan"]
        assert len(server.scripts) > before
    assert run(kine_revision.main, {**ARGUMENTS, "state": "open", "_ansible_check_mode": True}, capfd)["changed"]
    assert server.logins == set()


def test_it_reads_by_default(server: FakeServer, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(kine_revision.main, ARGUMENTS, capfd)
    assert not result["changed"]
    assert result["databases"][0]["behind"] == 534


def test_a_failure_is_readable(server: FakeServer, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(kine_revision.main, {**ARGUMENTS, "state": "raised"}, capfd)
    assert result["failed"]
    assert "To fix: stop the control plane" in result["msg"]


def test_the_options_are_documented() -> None:
    assert_documented(kine_revision.DOCUMENTATION, kine_revision.argument_spec())
