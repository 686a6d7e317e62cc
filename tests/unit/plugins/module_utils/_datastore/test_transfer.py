# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import transfer
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import ServerDown
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.transfer_rows import Digest

from .transfer_fakes import NAME, FakeServer

PATH = "/home/me/rows"


def run(server: FakeServer, state: str, *, check_mode: bool = False, **more: t.Any) -> dict[str, t.Any]:
    request = transfer.Request(NAME, state, PATH, reason="move", **more)
    return transfer.transfer(request, server.tools, check_mode=check_mode, warn=print, installed=True)


def moved(source: FakeServer, target: FakeServer) -> dict[str, t.Any]:
    dumped = run(source, "dumped")
    target.files = source.files
    return run(target, "loaded", expected=Digest.from_data(dumped["digest"]), settings=dumped["settings"])


def actions(result: t.Mapping[str, t.Any]) -> list[str]:
    return [f"{change['action']} {change['target']}" for change in result["plan"]]


def test_a_whole_move() -> None:
    source, target = FakeServer(), FakeServer([])
    loaded = moved(source, target)
    assert target.rows_there == ["one", "two"]
    assert loaded["digest"]["rows"] == 2
    assert source.changes == ["close", "end sessions", "end sessions", f"dump {NAME}"]
    assert target.changes[3:] == ["truncate", f"restore {NAME}", "settings"]
    assert (source.kept is None, target.kept is None) == (False, False)
    expected = Digest.from_data(loaded["digest"])
    assert run(source, "closed", expected=expected)["changed"] is False
    assert run(target, "opened")["changed"]
    assert target.kept is None
    assert run(target, "opened")["changed"] is False


def test_the_plan_of_check_mode_is_what_is_done() -> None:
    planned, done = run(FakeServer(), "dumped", check_mode=True), run(FakeServer(), "dumped")
    assert planned["plan"] == done["plan"]
    server = FakeServer()
    for state in transfer.STATES:
        run(server, state, check_mode=True)
    assert server.changes == []


def test_rows_that_are_there_are_not_loaded_again() -> None:
    source, target = FakeServer(), FakeServer([])
    moved(source, target)
    target.changes.clear()
    assert moved(source, target)["changed"] is False
    assert "truncate" not in target.changes


def test_what_differs_is_told_and_the_target_stays_closed() -> None:
    source, target = FakeServer(), FakeServer([])
    target.restore = lambda database, path: setattr(target, "rows_there", ["one", "other"])  # type: ignore[method-assign]
    with pytest.raises(HcpError, match="other rows between id 0 and 9999") as caught:
        moved(source, target)
    assert caught.value.details["expected"]["rows"] == 2
    assert target.kept is not None


def test_a_sequence_behind_the_rows_is_refused() -> None:
    with pytest.raises(HcpError, match="the sequence stands at 1, below the greatest id 2"):
        moved(FakeServer(), FakeServer([], sequence=1))


def test_a_write_after_the_copy_is_found() -> None:
    source = FakeServer()
    expected = Digest.from_data(run(source, "dumped")["digest"])
    t.cast("list[str]", source.rows_there).append("three")
    with pytest.raises(HcpError, match="was written to after it had been copied: 3 rows up to id 3"):
        run(source, "closed", expected=expected)


def test_other_tables_are_told() -> None:
    told: list[str] = []
    server = FakeServer(others=["public.notes"])
    request = transfer.Request(NAME, "dumped", PATH)
    transfer.transfer(request, server.tools, check_mode=False, warn=told.append, installed=True)
    assert "public.notes" in told[0]


def test_a_table_of_another_shape_is_refused() -> None:
    with pytest.raises(HcpError, match="the table kine has the columns id, name"):
        run(FakeServer(columns=["id", "name"]), "dumped")


def test_what_is_not_there() -> None:
    for check_mode in (True, False):
        assert run(FakeServer(None), "closed", check_mode=check_mode)["changed"] is False
    with pytest.raises(HcpError, match="has no table kine"):
        run(FakeServer(None), "dumped")


def test_check_mode_before_there_is_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    request = transfer.Request(NAME, "dumped", PATH)
    for installed in (True, False):
        server = FakeServer()

        def down(script: str, **_options: t.Any) -> t.Any:
            raise ServerDown("is down")

        monkeypatch.setattr(server, "rows", down)
        told: list[str] = []
        result = transfer.transfer(request, server.tools, check_mode=True, warn=told.append, installed=installed)
        assert len(actions(result)) == 2
        assert len(told) == int(installed)
    with pytest.raises(ServerDown):
        transfer.transfer(request, server.tools, check_mode=False, warn=print, installed=True)


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"state": "dumped", "path": None}, "path"),
        ({"state": "loaded", "path": "relative"}, "path"),
        ({"state": "loaded", "path": PATH}, "expected"),
        ({"state": "closed", "expected": {"rows": 1}}, "expected"),
    ],
)
def test_options_that_cannot_be_used(changed: dict[str, t.Any], where: str) -> None:
    params = {"database": NAME, "path": None, "expected": None, "settings": {}, "reason": "x", **changed}
    with pytest.raises(InvalidInput) as caught:
        transfer.request_from(params, check_mode=False)
    assert caught.value.where == where
