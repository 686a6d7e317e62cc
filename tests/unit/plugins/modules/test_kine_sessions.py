# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import sessions
from ansible_collections.mothership.hcp.plugins.modules import kine_sessions

from tests.unit.plugins.module_utils._backup.module_frame import documented, run

CHANGES = re.compile(r"\b(create|alter|drop|insert|update|delete|grant|revoke|pg_terminate_backend)\b", re.IGNORECASE)
DATABASE = {"name": "hcp_a", "login": "hcp_a_b", "previous": "hcp_a_a", "pods": ["a-1"]}


class RecordingPsql:
    """A server that notes what it is asked."""

    def __init__(self, login: str) -> None:
        self.login = login
        self.scripts: list[str] = []

    def rows(self, script: str, **_options: t.Any) -> list[dict[str, t.Any]]:
        self.scripts.append(script)
        return [{"database": "hcp_a", "login": self.login, "application": "a-1", "address": "", "sessions": 1}]


@pytest.mark.parametrize("check_mode", [True, False])
def test_it_only_reads(check_mode: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    server = RecordingPsql("hcp_a_b")
    monkeypatch.setattr(kine_sessions, "Psql", lambda connection: server)
    result = run(kine_sessions.main, {"databases": [DATABASE], "_ansible_check_mode": check_mode}, capfd)
    assert (result["changed"], result["proven"]) == (False, True)
    assert len(server.scripts) == 1
    assert not CHANGES.search(server.scripts[0])
    # The search is able to find a change.
    assert CHANGES.search("SELECT pg_terminate_backend(1)")


def test_in_check_mode_it_does_not_wait(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(kine_sessions, "Psql", lambda connection: RecordingPsql("hcp_a_a"))
    result = run(kine_sessions.main, {"databases": [DATABASE], "_ansible_check_mode": True}, capfd)
    assert not result["proven"]
    assert len(result["databases"][0]["open_points"]) == 2


def test_a_login_that_stays_in_use_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kine_sessions, "Psql", lambda connection: RecordingPsql("hcp_a_a"))
    monkeypatch.setattr(sessions, "_PAUSE", 0.01)
    result = run(kine_sessions.main, {"databases": [DATABASE], "timeout": 0}, capfd)
    assert result["failed"]
    assert "a-1 still has 1 of hcp_a_a" in result["msg"]


def test_options_are_documented_with_their_defaults() -> None:
    assert documented(yaml.safe_load(kine_sessions.DOCUMENTATION)["options"]) == documented(
        kine_sessions.argument_spec()
    )
