# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps between what is and what should be."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, ManyProblems
from ansible_collections.mothership.hcp.plugins.module_utils._core.redact import fingerprint
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenants import (
    State,
    Table,
    steps_to_absent,
    steps_to_present,
    tenants_from,
)

from .fakes import OTHER_VERIFIER, VERIFIER, database, role, state, tenant


def targets(steps: t.Any) -> t.Any:
    return [step.change.target for step in steps]


def statements(steps: t.Any) -> t.Any:
    return [sql for step in steps for sql in step.sql]


def option(name: str = "hcp_a", **changed: t.Any) -> t.Any:
    return {"name": name, "role": None, "verifier": VERIFIER, "connection_limit": 60, **changed}


def test_an_empty_server_gets_everything_in_order() -> None:
    assert targets(steps_to_present([tenant()], State.nothing())) == [
        "role/hcp_tenants",
        "database/postgres rights of PUBLIC",
        "database/template1 rights of PUBLIC",
        "role/hcp_a",
        "database/hcp_a",
        "database/hcp_a schema of kine",
        "database/hcp_a table kine settings",
    ]


def test_roles_have_least_privilege() -> None:
    create = next(
        sql for sql in statements(steps_to_present([tenant()], State.nothing())) if 'ROLE "hcp_a" LOGIN' in sql
    )
    for word in (
        "NOSUPERUSER",
        "NOCREATEDB",
        "NOCREATEROLE",
        "NOREPLICATION",
        "NOBYPASSRLS",
        " INHERIT",
        "CONNECTION LIMIT 60",
    ):
        assert word in create


def test_the_second_run_has_nothing_to_do() -> None:
    assert steps_to_present([tenant("hcp_a"), tenant("hcp_b")], state("hcp_a", "hcp_b")) == []


def test_a_new_password_is_shown_as_fingerprints() -> None:
    (step,) = steps_to_present([tenant(verifier=OTHER_VERIFIER)], state("hcp_a"))
    assert step.sql == (f"""ALTER ROLE "hcp_a" PASSWORD '{OTHER_VERIFIER}'""",)
    assert step.change.before == {"password": fingerprint(VERIFIER)}
    assert step.change.after == {"password": fingerprint(OTHER_VERIFIER)}


def test_an_unknown_password_is_no_difference() -> None:
    assert steps_to_present([tenant(verifier=None)], state("hcp_a")) == []


@pytest.mark.parametrize(
    ("changed", "sql"),
    [
        ({"superuser": True}, ['ALTER ROLE "hcp_a" NOSUPERUSER']),
        ({"login": False}, ['ALTER ROLE "hcp_a" LOGIN']),
        ({"inherit": False}, ['ALTER ROLE "hcp_a" INHERIT']),
        ({"connection_limit": -1}, ['ALTER ROLE "hcp_a" CONNECTION LIMIT 60']),
        ({"tenant": False}, ['GRANT "hcp_tenants" TO "hcp_a"']),
        ({"settings": {"lock_timeout": "30s", "statement_timeout": "300s"}},
         ["""ALTER ROLE "hcp_a" SET "idle_in_transaction_session_timeout" = '60s'"""]),
    ],
)  # fmt: skip
def test_drift_of_a_role_is_mended(changed: t.Any, sql: str) -> None:
    now = state("hcp_a")
    drifted = dataclasses.replace(now, roles={**now.roles, "hcp_a": role(**changed)})
    assert statements(steps_to_present([tenant()], drifted)) == sql


@pytest.mark.parametrize(
    ("changed", "sql"),
    [
        ({"owner": "postgres"}, ['ALTER DATABASE "hcp_a" OWNER TO "hcp_a"']),
        ({"public": True}, ['REVOKE CONNECT, TEMPORARY ON DATABASE "hcp_a" FROM PUBLIC']),
    ],
)
def test_drift_of_a_database_is_mended(changed: t.Any, sql: str) -> None:
    now = state("hcp_a")
    drifted = dataclasses.replace(now, databases={**now.databases, "hcp_a": {**database("hcp_a"), **changed}})
    assert statements(steps_to_present([tenant()], drifted)) == sql


def test_a_run_stopped_before_the_schema_is_finished() -> None:
    now = dataclasses.replace(state("hcp_a"), tables={})
    assert targets(steps_to_present([tenant()], now)) == [
        "database/hcp_a schema of kine",
        "database/hcp_a table kine settings",
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
    now = state("hcp_a")
    odd = dataclasses.replace(now, databases={**now.databases, "hcp_a": database("hcp_a", collation="de_DE.UTF-8")})
    with pytest.raises(HcpError, match=r"collation de_DE\.UTF-8"):
        steps_to_present([tenant()], odd)


def test_absent_drops_the_database_before_its_role() -> None:
    assert statements(steps_to_absent([tenant()], state("hcp_a"))) == [
        'ALTER ROLE "hcp_a" NOLOGIN',
        'DROP DATABASE "hcp_a" WITH (FORCE)',
        'DROP ROLE "hcp_a"',
    ]
    assert steps_to_absent([tenant("hcp_b")], state("hcp_a")) == []


def test_all_wrong_values_are_reported_at_once() -> None:
    wrong = [
        option("Hcp_A"),
        option("postgres"),
        option("hcp_c", role="hcp_d"),
        option("hcp_e", verifier="plain", connection_limit=0),
        option("hcp_f", verifier=None),
        option("hcp_f"),
    ]
    with pytest.raises(ManyProblems) as caught:
        tenants_from(wrong, verifiers_required=True)
    places = [problem.where for problem in caught.value.problems]
    assert places == [
        "databases[0].name",
        "databases[1].name",
        "databases[2].role",
        "databases[3].connection_limit",
        "databases[3].verifier",
        "databases[4].verifier",
        "databases[5].name",
    ]
    assert "plain" not in str(caught.value)


def test_verifiers_may_be_unknown_in_check_mode() -> None:
    assert tenants_from([option(verifier=None)], verifiers_required=False)[0].verifier is None


def test_a_tenant_does_not_show_its_verifier() -> None:
    assert VERIFIER not in repr(tenant())
