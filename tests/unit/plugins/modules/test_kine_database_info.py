# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import kine_info_sql
from ansible_collections.mothership.hcp.plugins.modules import kine_database_info

from tests.unit.plugins.module_utils._backup.module_frame import documented, run
from tests.unit.plugins.module_utils._datastore.test_kine_info import SERVER, inside, outside

CHANGES = re.compile(r"\b(create|alter|drop|insert|update|delete|grant|revoke|truncate|vacuum\s)\b", re.IGNORECASE)


class RecordingPsql:
    def __init__(self) -> None:
        self.scripts: list[str] = []

    def rows(self, script: str, **_options: t.Any) -> list[dict[str, t.Any]]:
        self.scripts.append(script)
        return [SERVER, outside()] if len(self.scripts) == 1 else [inside()]


@pytest.mark.parametrize("check_mode", [True, False])
def test_it_only_reads(check_mode: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    server = RecordingPsql()
    monkeypatch.setattr(kine_database_info, "Psql", lambda connection: server)
    result = run(kine_database_info.main, {"_ansible_check_mode": check_mode}, capfd)
    assert (result["changed"], result["running"], len(result["databases"])) == (False, True, 1)
    assert len(server.scripts) == 2
    assert not any(CHANGES.search(script) for script in [*server.scripts, kine_info_sql.STATEMENTS])
    # The search is able to find a change.
    assert CHANGES.search("SELECT 1; create role hcp_a;")


def test_what_is_returned_is_documented(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(kine_database_info, "Psql", lambda connection: RecordingPsql())
    told = run(kine_database_info.main, {}, capfd)
    texts = yaml.safe_load(kine_database_info.RETURN)
    assert set(told["databases"][0]) <= set(texts["databases"]["contains"])


def test_options_are_documented_with_their_defaults() -> None:
    texts = yaml.safe_load(kine_database_info.DOCUMENTATION)["options"]
    assert documented(texts) == documented(kine_database_info.argument_spec())
