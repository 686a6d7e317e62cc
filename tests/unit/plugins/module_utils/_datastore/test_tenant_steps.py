# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps between what is and what should be."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenant_steps import (
    steps_to_absent,
    steps_to_present,
)
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenants import State, Table

from .fakes import database, state, tenant


def targets(steps: t.Any) -> t.Any:
    return [step.change.target for step in steps]


def statements(steps: t.Any) -> t.Any:
    return [sql for step in steps for sql in step.sql]


def with_database(**changed: t.Any) -> State:
    now = state("hcp_a")
    return dataclasses.replace(now, databases={**now.databases, "hcp_a": database(**{"owner": "hcp_a", **changed})})


def test_an_empty_server_gets_everything_in_order() -> None:
    assert targets(steps_to_present([tenant()], State.nothing())) == [
        "role/hcp_tenants",
        "database/postgres rights of PUBLIC",
        "database/template1 rights of PUBLIC",
        "role/hcp_a",
        "role/hcp_a_a",
        "database/hcp_a",
        "database/hcp_a schema of kine",
        "database/hcp_a table kine settings",
        "database/hcp_a order of revisions",
    ]


def test_the_second_run_has_nothing_to_do() -> None:
    assert steps_to_present([tenant("hcp_a"), tenant("hcp_b")], state("hcp_a", "hcp_b")) == []


def test_a_new_database_is_closed_and_limited() -> None:
    made = statements(steps_to_present([tenant(quota_bytes=2**31)], State.nothing()))
    assert 'REVOKE CREATE, TEMPORARY ON DATABASE "hcp_a" FROM "hcp_a"' in made
    assert 'ALTER DATABASE "hcp_a" CONNECTION LIMIT 60' in made
    assert """ALTER ROLE "hcp_tenants" IN DATABASE "hcp_a" SET "mothership"."quota_bytes" = '2147483648'""" in made


OWN_RIGHTS = 'REVOKE CREATE, TEMPORARY ON DATABASE "hcp_a" FROM "hcp_a"'


@pytest.mark.parametrize(
    ("changed", "sql"),
    [
        ({"owner": "postgres"}, ['ALTER DATABASE "hcp_a" OWNER TO "hcp_a"', OWN_RIGHTS]),
        ({"owner_rights": True}, [OWN_RIGHTS]),
        ({"public": True}, ['REVOKE CONNECT, TEMPORARY ON DATABASE "hcp_a" FROM PUBLIC']),
        ({"connection_limit": -1}, ['ALTER DATABASE "hcp_a" CONNECTION LIMIT 60']),
        ({"quota": 5}, ['ALTER ROLE "hcp_tenants" IN DATABASE "hcp_a" RESET "mothership"."quota_bytes"']),
    ],
)
def test_drift_of_a_database_is_mended(changed: t.Any, sql: str) -> None:
    assert statements(steps_to_present([tenant()], with_database(**changed))) == sql


def test_a_database_that_was_closed_is_left_alone() -> None:
    assert steps_to_present([tenant()], with_database(closed=True, connection_limit=0)) == []


def test_a_run_stopped_before_the_schema_is_finished() -> None:
    now = dataclasses.replace(state("hcp_a"), tables={})
    assert targets(steps_to_present([tenant()], now)) == [
        "database/hcp_a schema of kine",
        "database/hcp_a table kine settings",
        "database/hcp_a order of revisions",
    ]


def test_a_run_stopped_while_kine_made_indexes_is_finished() -> None:
    now = dataclasses.replace(state("hcp_a"), tables={"hcp_a": Table("hcp_a", {})})
    assert "database/hcp_a schema of kine" in targets(steps_to_present([tenant()], now))


def test_a_table_of_another_owner_is_given_to_the_tenant() -> None:
    now = state("hcp_a")
    table = dataclasses.replace(now.tables["hcp_a"], owner="postgres")
    (step,) = steps_to_present([tenant()], dataclasses.replace(now, tables={"hcp_a": table}))
    assert step.sql == ('ALTER TABLE public.kine OWNER TO "hcp_a"',)
    assert step.database == "hcp_a"


def test_a_database_with_another_locale_is_refused() -> None:
    with pytest.raises(HcpError, match=r"collation de_DE\.UTF-8"):
        steps_to_present([tenant()], with_database(collation="de_DE.UTF-8"))


def test_absent_drops_the_database_before_its_roles() -> None:
    assert statements(steps_to_absent([tenant()], state("hcp_a"))) == [
        'DROP DATABASE "hcp_a"',
        'DROP ROLE "hcp_a_a"',
        'DROP ROLE "hcp_a"',
    ]
    assert steps_to_absent([tenant("hcp_b")], state("hcp_a")) == []


def test_a_database_in_use_is_dropped_only_when_told() -> None:
    busy = with_database(sessions={"hcp_a_a": 4, "postgres": 1})
    with pytest.raises(HcpError, match="sessions 4 of hcp_a_a, 1 of postgres"):
        steps_to_absent([tenant()], busy)
    assert statements(steps_to_absent([tenant()], busy, end_sessions=True))[:3] == [
        'ALTER ROLE "hcp_a_a" NOLOGIN',
        'ALTER ROLE "hcp_a" NOLOGIN',
        'DROP DATABASE "hcp_a" WITH (FORCE)',
    ]


def test_the_database_of_another_cluster_is_not_taken_for_a_login() -> None:
    assert steps_to_absent([tenant("hcp_a")], state("hcp_a_a")) == []
