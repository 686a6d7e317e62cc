# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._hosting import database_move as moving
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.database_move import Asked, decide
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.database_record import ANNOTATION, LABEL, Move

from tests.unit.plugins.module_utils._kube.fake_api import FakeApi

from .test_database_placement import PATH, answer, site, spec

HERE = (answer("db1", "hcp_tenant_a"), answer("db4"))
RESULT = {"rows": 11004, "max_id": 11004, "sha256": "ab"}
NORTH = Asked("north")


def step(api: t.Any, name: str, asked: Asked = NORTH, *answers: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    cluster, at = spec(), site(*(answers or HERE), **more.pop("servers", {}))
    request = moving.Request(cluster, {"name": "tenant-a"}, name, asked, at, more.pop("result", {}))
    return moving.DatabaseMove(request, api, check_mode=more.pop("check_mode", False)).run()


def record(api: FakeApi) -> tuple[str, tuple[str, str, str] | None]:
    metadata = api.stored[PATH]["metadata"]
    move = json.loads((metadata.get("annotations") or {}).get(ANNOTATION) or "null")
    return metadata["labels"][LABEL], move and (move["source"], move["target"], move["phase"])


def test_a_move_and_what_follows() -> None:
    api = FakeApi()
    begun = step(api, "begin")
    assert (begun["action"], begun["kept"], begun["expected"]) == ("copy", False, None)
    assert begun["source"] == {"server": "main", "machine": "db1"}
    assert begun["target"] == {"server": "north", "machine": "db4"}
    assert begun["definitions"] == [{"name": "tenant-a", "database_server": "north"}]
    assert record(api) == ("main", ("main", "north", "copying"))
    both = (answer("db1", "hcp_tenant_a"), answer("db4", "hcp_tenant_a"))
    assert step(api, "begin", NORTH, *both)["action"] == "copy"
    step(api, "switch", NORTH, *both, result=RESULT)
    assert record(api) == ("north", ("main", "north", "switched"))
    rolling = step(api, "begin", NORTH, *both)
    assert (rolling["action"], rolling["expected"]["rows"]) == ("roll", 11004)
    step(api, "finish", NORTH, *both)
    assert record(api) == ("north", ("main", "north", "moved"))
    assert step(api, "begin", NORTH, *both)["action"] == "nothing"
    assert step(api, "begin", Asked(drop_source=True), *both)["source"]["server"] == "main"
    step(api, "forget", Asked(drop_source=True), *both)
    assert record(api) == ("north", None)
    assert step(api, "begin", Asked(drop_source=True), *both)["action"] == "nothing"


def test_check_mode_makes_no_mutating_call() -> None:
    api = FakeApi()
    for name in moving.STEPS:
        planned = step(api, name, check_mode=True, result=RESULT)
    assert api.mutating == []
    planned = step(api, "begin", check_mode=True)
    assert step(api, "begin")["plan"] == planned["plan"]
    assert len(api.mutating) == 1


def test_the_way_back_before_and_after_the_switch() -> None:
    api = FakeApi()
    step(api, "begin")
    assert step(api, "begin", Asked(back=True))["action"] == "back"
    step(api, "switch", result=RESULT)
    step(api, "undo")
    assert record(api) == ("main", None)


def test_a_move_back_keeps_the_old_database_when_it_fails() -> None:
    api, both = FakeApi(), (answer("db1", "hcp_tenant_a"), answer("db4", "hcp_tenant_a"))
    step(api, "begin")
    step(api, "switch", result=RESULT)
    step(api, "finish")
    back = step(api, "begin", Asked(back=True), *both)
    assert (back["action"], back["kept"], back["target"]["server"]) == ("copy", True, "main")
    assert record(api) == ("north", ("north", "main", "copying"))
    step(api, "undo", Asked(back=True), *both)
    assert record(api) == ("north", ("main", "north", "moved"))


@pytest.mark.parametrize(
    ("asked", "move", "told"),
    [
        (Asked(back=True, drop_source=True), None, "exclude each other"),
        (Asked(), None, "is needed"),
        (Asked(back=True), None, "no move is recorded"),
        (Asked("third"), Move("main", "north", "copying"), "was begun and not finished"),
        (Asked(drop_source=True), Move("main", "north", "copying"), "was begun and not finished"),
        (Asked(drop_source=True), Move("main", "north", "switched"), "is not finished"),
        (Asked("third"), Move("main", "north", "moved"), "the old database on main is still there"),
    ],
)
def test_what_does_not_go_together(asked: Asked, move: Move | None, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        decide(asked, "main", move)


def test_there_already() -> None:
    assert decide(Asked("main"), "main", None).action == "nothing"
    assert decide(Asked("main"), "north", Move("main", "north", "moved")).action == "copy"


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ((answer("db1", "hcp_tenant_a", version="16.1"), answer("db4")), "older than 16.1 on main"),
        ((answer("db1", "hcp_tenant_a"),), "cannot be used"),
        ((answer("db1", "hcp_tenant_a"), answer("db4", max_connections=60)), "cannot take the database"),
        ((answer("db1", "hcp_tenant_a"), answer("db4", ca_certificate="")), "nobody knows the CA"),
        ((answer("db1"), answer("db4")), "has no database yet"),
    ],
)
def test_servers_that_do_not_do(answers: t.Any, told: str) -> None:
    api = FakeApi()
    with pytest.raises(HcpError, match=told):
        step(api, "begin", NORTH, *answers)
    assert api.mutating == []


def test_a_database_of_unknown_origin_is_not_overwritten() -> None:
    api = FakeApi()
    label = {LABEL: "main"}
    api.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "hcp-tenant-a", "labels": label}})
    both = (answer("db1", "hcp_tenant_a"), answer("db4", "hcp_tenant_a"))
    with pytest.raises(HcpError, match="no move is recorded that made it"):
        step(api, "begin", NORTH, *both)


def test_a_server_of_somebody_else_is_no_side_of_a_move() -> None:
    with pytest.raises(HcpError, match="has no machines of the site"):
        step(FakeApi(), "begin", Asked("cloud"))
    with pytest.raises(HcpError, match="south is no declared server"):
        step(FakeApi(), "begin", Asked("south"))


def test_only_a_begun_move_is_switched() -> None:
    with pytest.raises(HcpError, match="no move is recorded"):
        step(FakeApi(), "switch")


def test_the_cluster_has_to_be_there() -> None:
    with pytest.raises(InvalidInput, match="'b' is no hosted cluster"):
        moving.one_of([spec()], [{}], "b")
    with pytest.raises(InvalidInput, match="none of the site's servers"):
        moving.one_of([spec(database_host="x")], [{}], "tenant-a")
    assert moving.one_of([spec()], [{"name": "tenant-a"}], "tenant-a")[1] == {"name": "tenant-a"}


def test_a_record_that_somebody_broke_is_told() -> None:
    api = FakeApi()
    metadata = {"name": "hcp-tenant-a", "labels": {LABEL: "main"}, "annotations": {ANNOTATION: "{"}}
    api.put({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    with pytest.raises(HcpError, match="cannot be read: somebody changed it"):
        step(api, "begin")
