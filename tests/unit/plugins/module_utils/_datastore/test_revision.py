# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import re
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import fence, revision
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.revision import Revisions, Wanted

NAME = "hcp_a"


class FakeServer:
    """A database of kine behind :class:`Psql`'s methods, as far as revision.py and fence.py ask.

    :ivar scripts: what was executed.
    """

    def __init__(self) -> None:
        self.revision, self.newest, self.compacted, self.sequence = 700, "/registry/x", 300, 710
        self.logins, self.limit, self.comment, self.sessions = {"hcp_a_a"}, 60, "", 4
        self.scripts: list[str] = []
        self.exists = self.has_compact_row = True

    def rows(self, script: str, *, database: str = "postgres", timeout: float = 60) -> list[t.Any]:
        if "'comment'" in script:
            state = {"comment": self.comment, "limit": self.limit, "logins": sorted(self.logins)}
            return [{**state, "sessions": self.sessions}] if self.exists else []
        if "'ended'" in script:
            ended, self.sessions = self.sessions, 0
            return [{"ended": ended}]
        assert database == NAME
        return [
            {
                "revision": self.revision,
                "newest": self.newest,
                "compacted": self.compacted,
                "sequence": self.sequence,
                "has_compact_row": self.has_compact_row,
            }
        ]

    def execute(self, script: str, *, database: str = "postgres", timeout: float = 300) -> str:
        self.scripts.append(script)
        self.logins |= set(re.findall(r'ALTER ROLE "(\w+)" LOGIN', script))
        self.logins -= set(re.findall(r'ALTER ROLE "(\w+)" NOLOGIN', script))
        for limit in re.findall(r"CONNECTION LIMIT (-?\d+)", script):
            self.limit = int(limit)
        for comment in re.findall(r"COMMENT ON DATABASE \"\w+\" IS (?:'(.*)'|NULL);", script):
            self.comment = comment
        for number in re.findall(r"setval\('public.kine_id_seq', (\d+)\)", script):
            self.revision = self.sequence = self.compacted = int(number)
            self.newest = f"gap-{number}"
        return ""


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


def run(server: FakeServer, state: str, *, check_mode: bool = False, **one: t.Any) -> dict[str, t.Any]:
    wanted = [Wanted(NAME, **{"high_water": 1234, **one})]
    return revision.ensure(
        wanted,
        state,
        t.cast(t.Any, server),
        margin=10000,
        check_mode=check_mode,
        progress=Progress(),
        timeout=1,
    )


def test_reading_tells_what_was_lost(server: FakeServer) -> None:
    (told,) = run(server, "read")["databases"]
    assert (told["revision"], told["high_water"], told["behind"]) == (700, 1234, 534)
    assert run(server, "read", high_water=700)["databases"][0]["behind"] == 0
    assert server.scripts == []


def test_the_whole_way_and_each_step_twice(server: FakeServer) -> None:
    for state in ("closed", "raised", "open"):
        assert run(server, state)["changed"], state
        assert not run(server, state)["changed"], state
    assert (server.revision, server.sequence, server.compacted) == (12000, 12000, 12000)
    assert (server.logins, server.limit, server.comment) == ({"hcp_a_a"}, 60, "")
    assert run(server, "read")["databases"][0]["behind"] == 0


def test_the_new_revision_exceeds_the_mark_the_table_and_the_sequence() -> None:
    assert Revisions(700, None, 0, 710).target(1234, 10000) == 12000
    assert Revisions(5000, None, 0, 710).target(1234, 10000) == 15000
    assert Revisions(700, None, 0, 9001).target(1234, 10000) == 20000
    assert Revisions(0, None, 0, 0).target(10**12, 1) == 10**12 + 1000


def test_one_that_was_raised_and_written_to_counts_as_an_ordinary_one() -> None:
    raised = Revisions(12000, "gap-12000", 12000, 12000)
    assert raised.is_raised_beyond(1234)
    assert not raised.is_raised_beyond(12000)
    assert not Revisions(12001, "/registry/x", 12000, 12001).is_raised_beyond(1234)
    # A gap that kine made itself.
    assert not Revisions(12000, "gap-12000", 300, 12000).is_raised_beyond(1234)


def test_an_open_database_is_not_raised(server: FakeServer) -> None:
    with pytest.raises(HcpError, match=r"is open \(4 sessions\)"):
        run(server, "raised")
    run(server, "closed")
    server.sessions = 1
    with pytest.raises(HcpError, match="is open"):
        run(server, "raised")
    assert server.revision == 700


def test_the_raise_is_one_transaction(server: FakeServer) -> None:
    run(server, "closed")
    run(server, "raised")
    script = server.scripts[-1]
    assert script.strip().startswith("BEGIN;")
    assert script.strip().endswith("COMMIT;")
    assert "'gap-12000', 0, 1, 0, 0, 0, NULL, NULL" in script


def test_a_database_closed_for_another_reason_is_left_alone(server: FakeServer) -> None:
    server.comment = fence.MARK + json.dumps({"logins": [], "connection_limit": 60, "reason": "database_move"})
    server.logins, server.limit = set(), 0
    for state in ("closed", "raised", "open"):
        with pytest.raises(HcpError, match="closed for another reason: database_move"):
            run(server, state)


def test_logins_that_were_closed_by_hand_before_are_opened_when_they_are_given(server: FakeServer) -> None:
    server.logins = set()
    run(server, "closed")
    assert run(server, "open", logins=("hcp_a_b",))["changed"]
    assert server.logins == {"hcp_a_b"}
    assert not run(server, "open", logins=("hcp_a_b",))["changed"]


def test_what_is_no_database_of_kine_is_said(server: FakeServer) -> None:
    run(server, "closed")
    server.has_compact_row = False
    with pytest.raises(HcpError, match="no kine ever ran on it"):
        run(server, "raised")
    server.exists = False
    with pytest.raises(HcpError, match="no such database"):
        run(server, "read")


def test_wrong_options_are_refused() -> None:
    one = {"name": NAME, "high_water": 1, "logins": []}
    with pytest.raises(InvalidInput, match="listed twice"):
        revision.wanted_from([one, one])
    with pytest.raises(InvalidInput, match="below 0"):
        revision.wanted_from([{**one, "high_water": -1}])
