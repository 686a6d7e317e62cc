# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import latency
from ansible_collections.mothership.hcp.plugins.modules import database_latency

from tests.unit.plugins.module_utils._backup.module_frame import documented, run

CHANGES = re.compile(r"\b(create|alter|drop|insert|update|delete|grant|revoke|truncate)\b", re.IGNORECASE)


class RecordingPsql:
    """A server that notes what it is asked."""

    def __init__(self) -> None:
        self.scripts: list[str] = []

    def rows(self, script: str, **_options: Any) -> list[Any]:
        self.scripts.append(script)
        return [False] if len(self.scripts) == 1 else [[0.002]]


@pytest.mark.parametrize("check_mode", [True, False])
def test_it_only_reads(check_mode: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    server = RecordingPsql()
    monkeypatch.setattr(database_latency, "Psql", lambda connection: server)
    result = run(database_latency.main, {"commit": True, "_ansible_check_mode": check_mode}, capfd)
    assert (result["changed"], result["commit"]["p99"], result["round_trip"]) == (False, 2.0, None)
    assert len(server.scripts) == 2
    assert not any(CHANGES.search(script) for script in server.scripts)
    # The search is able to find a change.
    assert CHANGES.search("SELECT 1; create role hcp_a;")


def test_without_being_asked_it_does_not_touch_the_server(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(latency, "round_trips", lambda host, port, samples, ca: ({"p99": port}, None))
    result = run(database_latency.main, {"host": "db1", "port": 5000}, capfd)
    assert (result["round_trip"], result["commit"], result["problems"]) == ({"p99": 5000}, None, [])


def test_documentation_and_specification_agree() -> None:
    options = yaml.safe_load(database_latency.DOCUMENTATION)["options"]
    assert documented(options) == documented(database_latency.argument_spec())
