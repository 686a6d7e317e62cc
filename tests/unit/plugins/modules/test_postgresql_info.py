# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import info
from ansible_collections.mothership.hcp.plugins.modules import postgresql_info

from tests.unit.plugins.module_utils._backup.module_frame import run

CHANGES = re.compile(r"\b(create|alter|drop|insert|update|delete|grant|revoke|truncate)\b", re.IGNORECASE)


class RecordingPsql:
    """A server that notes what it is asked."""

    def __init__(self) -> None:
        self.scripts: list[str] = []

    def rows(self, script: str, **_options: Any) -> list[dict[str, Any]]:
        self.scripts.append(script)
        return [{"version": "15.14", "max_connections": 200, "connections": 1}]


@pytest.mark.parametrize("check_mode", [True, False])
def test_it_only_reads(check_mode: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    server = RecordingPsql()
    monkeypatch.setattr(postgresql_info, "Psql", lambda connection: server)
    result = run(postgresql_info.main, {"_ansible_check_mode": check_mode}, capfd)
    assert (result["changed"], result["running"], result["databases"]) == (False, True, [])
    assert server.scripts == [info._QUESTIONS]
    assert not CHANGES.search(info._QUESTIONS)
    # The search is able to find a change.
    assert CHANGES.search("SELECT 1; create role hcp_a;")
