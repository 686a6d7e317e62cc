# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.databases import Databases

ADDRESS = "192.0.2.20"
SPEC = ClusterSpec(name="a", version="1.36.3", endpoint="192.0.2.11")


def cluster(name: str, **changed: Any) -> ClusterSpec:
    return ClusterSpec(**{"name": name, "version": "1.36.3", "endpoint": "192.0.2.11", **changed})


def problems(
    count: int = 1, *clusters: ClusterSpec, groups: dict[str, list[str]] | None = None, **given: Any
) -> list[str]:
    machines = [f"db{number}" for number in range(1, count + 1)]
    own = {machine: {"ansible_host": f"192.0.2.{20 + int(machine[2:])}"} for machine in machines}

    def read(machine: str | None, name: str, default: Any = None) -> Any:
        return own.get(machine or "", {}).get(name, given.get(name, default))

    members = {"postgresql": machines, "mothership_control_plane": ["ms1"], **(groups or {})}
    return [str(problem) for problem in Databases(members, clusters, read).problems()]


def test_one_machine_needs_nothing_else() -> None:
    assert problems(1, SPEC) == []
    assert problems(0) == []


@pytest.mark.parametrize("count", [3, 5])
def test_several_machines_need_an_address_of_their_own(count: int) -> None:
    (text,) = problems(count)
    assert f"postgresql_virtual_address: is needed with {count} database machines" in text
    assert "postgresql_keepalived: false" in text
    assert problems(count, postgresql_virtual_address=ADDRESS) == []


@pytest.mark.parametrize(("count", "said"), [(2, "two are worse than one"), (4, "than 3 do"), (7, "slower")])
def test_other_numbers_of_machines_are_refused_with_the_reason(count: int, said: str) -> None:
    (text,) = problems(count, postgresql_virtual_address=ADDRESS)
    assert text.startswith(f"group postgresql: has {count} machines: ")
    assert said in text


def test_the_address_must_be_free_and_an_address() -> None:
    (text,) = problems(3, postgresql_virtual_address="192.0.2.22")
    assert "192.0.2.22 is the address of db2" in text
    (text,) = problems(3, postgresql_virtual_address="db.example.com")
    assert "is no IP address" in text
    assert problems(3, postgresql_virtual_address="db.example.com", postgresql_keepalived=False) == []


def test_declared_servers_are_checked_and_their_groups_have_machines() -> None:
    (text,) = problems(1, postgresql_servers=[{"name": "main", "group": "postgresql", "sslmode": "maybe"}])
    assert text.startswith("postgresql_servers[0].sslmode: ")
    (text,) = problems(1, postgresql_servers=[{"name": "b", "group": "postgresql_b"}])
    assert text.startswith("group postgresql_b: the group has no machine")
    (text,) = problems(1, postgresql_servers="main")
    assert text.startswith("postgresql_servers: is no list of servers")


def test_two_servers_at_one_address_are_refused() -> None:
    """A virtual address in the variables of all machines reaches both groups."""
    servers = [{"name": "main", "group": "postgresql"}, {"name": "north", "group": "postgresql_north"}]
    given = {"postgresql_servers": servers, "postgresql_virtual_address": "192.0.2.9"}
    (text,) = problems(3, groups={"postgresql_north": ["db4", "db5", "db6"]}, **given)
    assert text.startswith("postgresql_servers: main and north are both at 192.0.2.9:5000")
    # A single machine is not behind it.
    assert problems(3, groups={"postgresql_north": ["db4"]}, **given) == []


def test_a_group_that_no_server_has() -> None:
    (text,) = problems(1, groups={"postgresql_b": ["dbx"]})
    assert text.startswith("group postgresql_b: no server of postgresql_servers has this group")


def test_a_cluster_may_only_name_a_server_that_there_is() -> None:
    (text,) = problems(1, cluster("a"), cluster("b", database_server="other"))
    assert text.startswith("hosted_clusters[1].database_server: there is no PostgreSQL server other")
    assert "use one of main" in text
    assert problems(1, cluster("b", database_server="main")) == []


def test_a_cluster_over_the_budget_is_refused_with_the_sum() -> None:
    clusters = [cluster("a"), cluster("b")]
    assert problems(1, *clusters) == []
    (text,) = problems(1, *clusters, cluster("c"))
    assert "63 (hcp_a) + 63 (hcp_b) + 63 (hcp_c) + 5 (monitoring and maintenance) = 194 connections" in text
    assert "200 (max_connections) - 5 (reserved for superusers) = 195, of which 80% = 156" in text
    assert "To fix: raise postgresql_max_connections to 248 or more" in text
    assert problems(1, *clusters, cluster("c"), postgresql_max_connections=248) == []
    assert problems(1, *clusters, cluster("c"), postgresql_max_connections=245) != []


def test_a_shared_kine_and_other_peoples_databases_count_less() -> None:
    clusters = [cluster(name, kine="shared", replicas=3) for name in "abc"]
    assert problems(1, *clusters) == []
    assert problems(1, *(cluster(name, database_host="db.example.com") for name in "abcdef")) == []


def test_the_mothership_counts_where_its_state_is_there_too() -> None:
    clusters = [cluster("a"), cluster("b")]
    assert "43 (the mothership)" in problems(1, *clusters, mothership_storage="kine")[0]


def test_each_server_has_a_budget_of_its_own() -> None:
    servers = [{"name": "main", "group": "postgresql"}, {"name": "b", "group": "postgresql_b"}]
    clusters = [cluster(f"c{number}", database_server="b") for number in range(3)]
    (text,) = problems(1, *clusters, cluster("a"), postgresql_servers=servers, groups={"postgresql_b": ["dbx"]})
    assert text.startswith("PostgreSQL server b: the connections of hosted clusters do not fit")
    assert "hcp_a" not in text


def test_reserved_connections_are_those_of_the_settings() -> None:
    settings = {"superuser_reserved_connections": 60}
    assert "- 60 (reserved" in problems(1, cluster("a"), cluster("b"), postgresql_settings=settings)[0]
