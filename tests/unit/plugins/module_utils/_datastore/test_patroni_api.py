# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patroni's REST API, against answers of our own."""

from __future__ import annotations

import http.client
import json
import pathlib
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed, Unreachable
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import member_info
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_api import Member, PatroniApi
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_config import TlsFiles

MEMBERS = {
    "members": [
        {"name": "db1", "role": "leader", "state": "running", "timeline": 2},
        {"name": "db2", "role": "sync_standby", "state": "running", "timeline": 2, "lag": 16},
        {"name": "db3", "role": "replica", "state": "stopped", "lag": "unknown"},
    ]
}


class FakeConnection:
    """Answers by method and path; an exception is raised."""

    answers: t.ClassVar[dict[tuple[str, str], t.Any]] = {}
    asked: t.ClassVar[list[t.Any]] = []

    def __init__(self, host: str, port: int, **_options: t.Any) -> None:
        self.status, self._text = 0, ""

    def request(self, method: str, path: str, body: str | None, headers: t.Any) -> None:
        type(self).asked.append((method, path, body and json.loads(body)))
        answer = self.answers[(method, path)]
        if isinstance(answer, Exception):
            raise answer
        self.status, self._text = answer

    def getresponse(self) -> FakeConnection:
        return self

    def read(self) -> bytes:
        return self._text.encode()

    def close(self) -> None:
        pass


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> PatroniApi:
    monkeypatch.setattr(http.client, "HTTPSConnection", FakeConnection)
    monkeypatch.setattr(PatroniApi, "_context", lambda self: None)
    monkeypatch.setattr(FakeConnection, "asked", [])
    answers = {
        ("GET", "/patroni"): (503, '{"state": "running", "role": "replica", "timeline": 2, "sync_standby": true}'),
        ("GET", "/cluster"): (200, json.dumps(MEMBERS)),
        ("GET", "/config"): (200, '{"ttl": 20}'),
        ("PATCH", "/config"): (200, "{}"),
        ("POST", "/restart"): (503, "restart failed"),
    }
    monkeypatch.setattr(FakeConnection, "answers", answers)
    return PatroniApi(TlsFiles(), 8008)


def test_it_reads(api: PatroniApi) -> None:
    assert api.status("db2")["state"] == "running"
    assert api.members("db2")[1:] == [
        Member("db2", "sync_standby", "running", 2, 16),
        Member("db3", "replica", "stopped", None, None),
    ]
    assert api.settings("db2") == {"ttl": 20}


def test_it_changes_and_says_what_was_refused(api: PatroniApi) -> None:
    api.change_settings("db1", {"ttl": 30, "old": None})
    assert FakeConnection.asked == [("PATCH", "/config", {"ttl": 30, "old": None})]
    with pytest.raises(CommandFailed, match=r"refused POST /restart with 503: restart failed"):
        api.restart("db1", timeout=5)


def test_no_answer_is_told_as_such(api: PatroniApi) -> None:
    FakeConnection.answers[("GET", "/patroni")] = ConnectionRefusedError("refused")
    with pytest.raises(Unreachable, match="https://db1:8008/patroni"):
        api.status("db1")
    assert member_info.patroni(api, "db1") == {}


def test_without_certificates_there_is_nothing_to_ask(tmp_path: pathlib.Path) -> None:
    with pytest.raises(Unreachable, match="no certificate"):
        PatroniApi(TlsFiles(str(tmp_path)), 8008).status("db1")


def test_a_machine_is_described(api: PatroniApi) -> None:
    assert member_info.patroni(api, "db2") == {
        "state": "running",
        "timeline": 2,
        "lag": 16,
        "sync_state": "sync",
        "pending_restart": False,
        "leader": "db1",
        "members": {"db1": "leader, running", "db2": "sync_standby, running", "db3": "replica, stopped"},
    }
