# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.placement import (
    Choice,
    Measured,
    Wanted,
    fits,
    place,
)
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.servers import DatabaseServer

SERVERS = [DatabaseServer("main", group="postgresql"), DatabaseServer("north", group="postgresql_north", zone="n")]
EMPTY = Measured(machine="db1", version="15.14", connections=197, free_bytes=10 * 1024**3)


def measured(**changes: dict[str, t.Any]) -> dict[str, Measured]:
    return {server.name: dataclasses.replace(EMPTY, **changes.get(server.name, {})) for server in SERVERS}


def wish(name: str, **more: t.Any) -> Wanted:
    return Wanted(name, f"hcp_{name}", 63, **more)


def chosen(wishes: t.Sequence[Wanted], found: t.Mapping[str, Measured]) -> list[str]:
    return [choice.server for choice in place(wishes, SERVERS, found)]


def test_clusters_spread_and_the_answer_is_always_the_same() -> None:
    wishes = [wish("a"), wish("b"), wish("c")]
    assert chosen(wishes, measured()) == ["main", "north", "main"]
    assert place(wishes, SERVERS, measured()) == place(wishes, SERVERS, measured())


def test_the_larger_free_share_wins() -> None:
    assert chosen([wish("a")], measured(main={"promised": 63, "databases": ("hcp_x",)})) == ["north"]
    assert chosen([wish("a")], measured(main={"used_bytes": 9 * 1024**3, "free_bytes": 2 * 1024**3})) == ["north"]


def test_a_zone_that_is_asked_for_decides() -> None:
    assert chosen([wish("a", zone="n")], measured(north={"promised": 63})) == ["north"]
    with pytest.raises(HcpError, match=r"main: in zone \(none\), not s; north: in zone n, not s"):
        place([wish("a", zone="s")], SERVERS, measured())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"problem": "db1: timed out"}, "not reachable: db1: timed out"),
        ({"version": "13.2"}, "PostgreSQL 13.2 is none of 14, 15, 16, 17"),
        ({"version": ""}, "PostgreSQL of unknown version"),
        ({"promised": 126}, r"126 \(promised\) \+ 0 \(this run\) \+ 63 \(this cluster\) = 189 connections, and 80%"),
        ({"used_bytes": 9 * 1024**3, "free_bytes": 1024**3}, "bytes used or promised"),
    ],
)
def test_reasons_for_a_refusal(change: dict[str, t.Any], told: str) -> None:
    both = {server.name: change for server in SERVERS}
    with pytest.raises(HcpError, match=told):
        place([wish("a")], SERVERS, measured(**both))
    assert fits(wish("a"), SERVERS[0], measured(**both)["main"]).score is None


def test_max_bytes_counts_quotas() -> None:
    small = dataclasses.replace(SERVERS[0], max_bytes=10 * 1024**2)
    assert fits(wish("a", quota_bytes=7 * 1024**2), small, EMPTY).score is not None
    assert fits(wish("a", quota_bytes=9 * 1024**2), small, EMPTY).score is None


def test_what_is_placed_stays_and_counts_first() -> None:
    full = measured(main={"promised": 150, "databases": ("hcp_b",)})
    choices = place([wish("a"), wish("b")], SERVERS, full)
    assert choices == [
        Choice("a", "north", "highest score", choices[0].verdicts),
        Choice("b", "main", "its database is there"),
    ]
    # The record counts also where the server is down now.
    down = measured(main={"problem": "down"})
    assert chosen([wish("b", recorded="main")], down) == ["main"]


def test_a_closed_database_is_not_in_use() -> None:
    both = {"databases": ("hcp_a",)}
    with pytest.raises(HcpError, match="on main and on north, and nothing says which"):
        place([wish("a")], SERVERS, measured(main=both, north=both))
    assert chosen([wish("a")], measured(main={**both, "closed": ("hcp_a",)}, north=both)) == ["north"]
    assert chosen([wish("a", recorded="main")], measured(main=both, north=both)) == ["main"]


def test_it_never_moves_by_itself() -> None:
    assert chosen([wish("a", server="north")], measured()) == ["north"]
    with pytest.raises(HcpError, match="its database is on main and never moves by itself"):
        place([wish("a", server="north", recorded="main")], SERVERS, measured())
    with pytest.raises(HcpError, match="label database-server is old, which is no declared server"):
        place([wish("a", recorded="old")], SERVERS, measured())


def test_a_server_of_somebody_else_is_used_by_name_only() -> None:
    cloud = DatabaseServer("cloud", address="pg.example.com", sslmode="require")
    verdict = fits(wish("a"), cloud, Measured())
    assert verdict.score is None
    assert place([wish("a", server="cloud")], [*SERVERS, cloud], measured())[0].server == "cloud"
