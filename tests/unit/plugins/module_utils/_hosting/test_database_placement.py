# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.database_placement import place_databases
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.database_record import LABEL
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.database_servers import Site, site_from

from tests.unit.plugins.module_utils._kube.fake_api import FakeApi

PATH = "/api/v1/namespaces/hcp-tenant-a"
CLOUD = {"name": "cloud", "address": "pg.example.com", "ca_certificate": "CLOUD"}


def answer(machine: str, *databases: str, **server: t.Any) -> dict[str, t.Any]:
    """What postgresql_info says on a machine."""
    told = {"version": "15.14", "max_connections": 200, "reserved_connections": 3, "ca_certificate": f"CA of {machine}"}
    sizes = [{"name": name, "size": 9, "connection_limit": 63} for name in databases]
    return {"item": machine, "running": True, "server": {**told, **server}, "databases": sizes}


def params(*answers: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    return {
        "servers": [{"name": "main", "group": "postgresql"}, {"name": "north", "group": "postgresql_north"}, CLOUD],
        "machines": {"postgresql": ["db1", "db2"], "postgresql_north": ["db4"]},
        "addresses": {"db1": "10.0.0.1", "db2": "10.0.0.2", "db4": "10.0.0.4"},
        "virtual_addresses": {"db1": "10.0.0.9", "db2": "10.0.0.9", "db4": ""},
        "measured": list(answers or (answer("db1"), answer("db2", in_recovery=True), answer("db4"))),
        "ports": {"db4": "5433"},
        "port": 5432,
        "proxy_port": 5000,
        "max_connections": 200,
        **more,
    }


def site(*answers: dict[str, t.Any], check_mode: bool = False, **more: t.Any) -> Site:
    return site_from(params(*answers, **more), check_mode=check_mode, warn=print)


def spec(**more: t.Any) -> ClusterSpec:
    return ClusterSpec(**{"name": "tenant-a", "version": "1.36.3", "endpoint": "10.77.0.11", **more})


def place(api: FakeApi | None, at: Site, *, check_mode: bool = False, **more: t.Any) -> dict[str, t.Any]:
    given = {"name": "tenant-a", "replicas": 2, "endpoint": None, **more}
    return place_databases([spec(**more)], [given], at, t.cast("t.Any", api), check_mode=check_mode)


def test_the_choice_is_kept_on_the_namespace() -> None:
    api = FakeApi()
    planned = place(api, site(), check_mode=True)
    assert api.mutating == []
    done = place(api, site())
    assert done["plan"] == planned["plan"] == [{"action": "update", "target": "Namespace/hcp-tenant-a"}]
    assert api.stored[PATH]["metadata"]["labels"] == {LABEL: "main"}
    # Later the other server is emptier, and nothing moves.
    again = place(api, site(answer("db1", "hcp_tenant_a", "hcp_b"), answer("db4")))
    assert (again["changed"], again["clusters"]["tenant-a"]["why"]) == (False, "its database is there")


def test_what_the_next_tasks_need() -> None:
    result = place(FakeApi(), site())
    told = result["clusters"]["tenant-a"]
    assert (told["server"], told["machine"], told["host"], told["port"]) == ("main", "db1", "10.0.0.9", 5000)
    assert [verdict["accepted"] for verdict in told["verdicts"]] == [True, True, False]
    assert result["definitions"] == [{"name": "tenant-a", "replicas": 2, "database_server": "main"}]
    assert result["batches"] == [{"server": "main", "machine": "db1", "databases": ["hcp_tenant_a"]}]
    assert result["database_servers"] == {
        "main": {"host": "10.0.0.9", "port": 5000, "ca_certificate": "CA of db1"},
        "north": {"host": "10.0.0.4", "port": 5433, "ca_certificate": "CA of db4"},
    }


def test_a_server_of_somebody_else_becomes_an_address() -> None:
    result = place(FakeApi(), site(), database_server="cloud")
    (definition,) = result["definitions"]
    assert (definition["database_host"], definition["database_port"]) == ("pg.example.com", 5432)
    assert definition["database_ca_certificate"] == "CLOUD"
    assert result["batches"] == []


def test_a_cluster_with_its_own_address_is_left_alone() -> None:
    api = FakeApi()
    result = place(api, site(), database_host="pg.example.com")
    assert (result["changed"], result["clusters"]) == (False, {})
    assert result["definitions"][0]["database_host"] == "pg.example.com"
    assert api.stored == {}


def test_the_machine_that_writes_is_found() -> None:
    turned = site(answer("db1", in_recovery=True), answer("db2"))
    assert turned.measured["main"].machine == "db2"
    both = site(answer("db1"), answer("db2"))
    assert "both take writes" in both.measured["main"].problem
    none = site({"item": "db1", "unreachable": True, "msg": "timed out"}, answer("db2", in_recovery=True))
    assert none.measured["main"].problem == "db1: timed out; db2: stand-by"
    assert site(machines={}).measured["main"].problem == "group postgresql has no machines"


def test_before_there_are_servers_check_mode_has_a_plan() -> None:
    down = {"item": "db1", "running": False, "problem": "no psql"}
    with pytest.raises(HcpError, match="no PostgreSQL server can take"):
        place(FakeApi(), site(down))
    result = place(None, site(down, check_mode=True), check_mode=True)
    assert result["clusters"]["tenant-a"]["server"] == "main"


def test_a_server_that_is_down_and_holds_databases_ends_the_run() -> None:
    api = FakeApi()
    place(api, site())
    with pytest.raises(HcpError, match=r"server main: cannot be used: db1: timed out\. Databases of tenant-a"):
        place(api, site({"item": "db1", "unreachable": True, "msg": "timed out"}, answer("db4")))


def test_a_virtual_address_is_that_of_several_machines() -> None:
    """Variables for all machines reach the single one, too."""
    everywhere = dict.fromkeys(("db1", "db2", "db4"), "10.0.0.9")
    reached = site(virtual_addresses=everywhere).reached
    assert (reached["main"], reached["north"]) == (("10.0.0.9", 5000), ("10.0.0.4", 5433))


def test_two_servers_at_one_address_are_refused() -> None:
    groups = {"postgresql": ["db1", "db2"], "postgresql_north": ["db3", "db4"]}
    everywhere = dict.fromkeys(("db1", "db2", "db3", "db4"), "10.0.0.9")
    with pytest.raises(InvalidInput, match=r"main and north are both at 10\.0\.0\.9:5000"):
        site(machines=groups, virtual_addresses=everywhere)
