# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof that nobody uses a previous login."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import sessions
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.sessions import Group, Wanted, missing, prove

WANTED = Wanted("hcp_a", "hcp_a_b", "hcp_a_a", ("a-1", "a-2"))


class Server:
    """Answers with one list of sessions after the other, the last one again and again."""

    def __init__(self, *answers: list[Group]) -> None:
        self.answers = list(answers)

    def rows(self, script: str, **_more: t.Any) -> list[dict[str, t.Any]]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [vars(group) for group in answer]


def group(login: str, application: str, number: int = 2, database: str = "hcp_a") -> Group:
    return Group(database, login, application, "10.0.0.1", number)


NEW = [group("hcp_a_b", "a-1"), group("hcp_a_b", "a-2")]
HALF = [group("hcp_a_b", "a-1"), group("hcp_a_a", "a-2", 3)]


def test_it_holds_when_every_pod_uses_the_new_login_and_nobody_the_old() -> None:
    assert missing(WANTED, [*NEW, group("postgres", "psql"), group("hcp_a_a", "x", database="hcp_b")]) == []


def test_it_says_who_still_uses_the_old_login_and_which_pod_has_nothing_of_the_new() -> None:
    assert missing(WANTED, HALF) == [
        "a-2 still has 3 of hcp_a_a from 10.0.0.1",
        "a-2 has none of hcp_a_b",
    ]
    assert missing(WANTED, [*NEW, group("hcp_a_a", "")])[0].startswith("a session without a name still has 2")


def test_an_application_name_that_postgresql_cut_is_known() -> None:
    long = "a" * 70
    assert missing(Wanted("hcp_a", "hcp_a_b", None, (long,)), [group("hcp_a_b", long[:63])]) == []


def test_it_waits_and_tells_who_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any) -> None:
    monkeypatch.setattr(sessions, "_PAUSE", 0.01)
    said = tmp_path / "progress"
    said.touch()
    result = prove(t.cast(t.Any, Server(HALF, HALF, NEW)), [WANTED], wait=True, timeout=5, progress=Progress(str(said)))
    assert result["proven"]
    assert result["databases"][0]["sessions"][0] == {
        "login": "hcp_a_b", "application": "a-1", "address": "10.0.0.1", "sessions": 2,
    }  # fmt: skip
    assert said.read_text() == "database hcp_a: a-2 still has 3 of hcp_a_a from 10.0.0.1 and 1 more (0 s)\n"


def test_it_gives_up_with_what_it_saw_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_PAUSE", 0.01)
    with pytest.raises(TimedOut, match="hcp_a: a-2 still has 3 of hcp_a_a"):
        prove(t.cast(t.Any, Server(HALF)), [WANTED], wait=True, timeout=0.05, progress=Progress(""))


def test_without_waiting_it_says_what_is() -> None:
    result = prove(t.cast(t.Any, Server(HALF)), [WANTED], wait=False, timeout=5, progress=Progress(""))
    assert not result["proven"]
    assert len(result["databases"][0]["open_points"]) == 2
