# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import fence

KEPT = fence.MARK + json.dumps({"logins": ["hcp_a_a"], "connection_limit": 63, "reason": "move"})


class FakePsql:
    """Answers with states one after the other; the last one stays."""

    def __init__(self, *states: dict[str, t.Any] | None, ended: t.Sequence[int] = (0,)) -> None:
        self.states, self.ended, self.executed = list(states), list(ended), []  # type: ignore[var-annotated]

    def rows(self, script: str, **_options: t.Any) -> list[t.Any]:
        if "pg_terminate_backend" in script:
            return [{"ended": self.ended.pop(0) if len(self.ended) > 1 else self.ended[0]}]
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return [] if state is None else [{"comment": "", "limit": 63, "logins": ["hcp_a_a"], "sessions": 0, **state}]

    def execute(self, script: str, **_options: t.Any) -> str:
        self.executed.append(script)
        return ""


def fake(*states: dict[str, t.Any] | None, ended: t.Sequence[int] = (0,)) -> t.Any:
    return FakePsql(*states, ended=ended)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fence, "_PAUSE", 0.001)


def test_closing_is_one_transaction_that_remembers() -> None:
    psql = fake({}, {"comment": KEPT, "limit": 0, "logins": []})
    closed = fence.close(psql, "hcp_a", "move")
    assert closed == fence.Fence(True, True, "move", ("hcp_a_a",), 63, 0)
    (script,) = psql.executed
    assert script.startswith("BEGIN;")
    assert script.endswith("COMMIT;\n")
    assert 'ALTER ROLE "hcp_a_a" NOLOGIN' in script
    assert 'ALTER DATABASE "hcp_a" CONNECTION LIMIT 0' in script
    assert '"connection_limit": 63' in script


def test_closing_again_keeps_the_first_memory() -> None:
    psql = fake({"comment": KEPT, "limit": 0, "logins": []})
    fence.close(psql, "hcp_a", "another reason")
    assert '"reason": "move"' in psql.executed[0]
    assert '"connection_limit": 63' in psql.executed[0]


def test_what_somebody_opened_meanwhile_is_remembered_instead() -> None:
    found = fence.read(fake({"comment": KEPT, "limit": 80, "logins": ["hcp_a_b"]}), "hcp_a")
    assert (found.closed, found.logins, found.connection_limit) == (False, ("hcp_a_b",), 80)


def test_sessions_have_to_be_away_twice() -> None:
    psql = fake({}, ended=[3, 0, 1, 0, 0])
    fence.close(psql, "hcp_a", "move")
    assert psql.ended == [0]
    with pytest.raises(TimedOut, match="sessions did not end"):
        fence.close(fake({}, ended=[1]), "hcp_a", "move", timeout=0.01)


def test_opening_gives_back_what_there_was() -> None:
    psql = fake({"comment": KEPT, "limit": 0, "logins": []})
    assert fence.open_again(psql, "hcp_a")
    assert 'ALTER ROLE "hcp_a_a" LOGIN' in psql.executed[0]
    assert "CONNECTION LIMIT 63" in psql.executed[0]
    assert "IS NULL" in psql.executed[0]


@pytest.mark.parametrize("state", [None, {}, {"comment": "made by hand"}, {"comment": fence.MARK + "{"}])
def test_nothing_is_opened_that_was_not_closed(state: dict[str, t.Any] | None) -> None:
    psql = fake(state)
    assert not fence.open_again(psql, "hcp_a")
    assert psql.executed == []


def test_a_database_that_is_not_there() -> None:
    assert not fence.read(fake(None), "hcp_a").exists
    with pytest.raises(HcpError, match="no such database"):
        fence.close(fake(None), "hcp_a", "move")
