# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The owner and the logins of a database, and how one login takes over from another."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._core.redact import fingerprint
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenant_roles import role_steps
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenants import Login, State

from .fakes import OTHER_VERIFIER, VERIFIER, login_role, old_role, old_tenant, role, state, tenant


def statements(steps: t.Any) -> list[str]:
    return [sql for step in steps for sql in step.sql]


def with_roles(now: State, **roles: t.Any) -> State:
    return dataclasses.replace(now, roles={**now.roles, **roles})


def old_state() -> State:
    """A server with the older form: the owner logs in."""
    now = state("hcp_a")
    roles = {name: role for name, role in now.roles.items() if name != "hcp_a_a"}
    return dataclasses.replace(now, roles={**roles, "hcp_a": old_role()})


BOTH = (Login("hcp_a_b", OTHER_VERIFIER), Login("hcp_a_a", VERIFIER))


def test_roles_have_least_privilege() -> None:
    owner, login = (sql for sql in statements(role_steps(tenant(), State.nothing())) if sql.startswith("CREATE"))
    words = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT CONNECTION LIMIT 60"
    assert owner == f'CREATE ROLE "hcp_a" NOLOGIN {words}'
    assert login == f"""CREATE ROLE "hcp_a_a" LOGIN {words} PASSWORD '{VERIFIER}'"""


def test_a_login_acts_as_the_owner() -> None:
    made = statements(role_steps(tenant(), State.nothing()))
    assert made.index('GRANT "hcp_a" TO "hcp_a_a"') < made.index("""ALTER ROLE "hcp_a_a" SET "role" = 'hcp_a'""")
    assert 'GRANT "hcp_tenants" TO "hcp_a"' in made
    assert 'GRANT "hcp_tenants" TO "hcp_a_a"' not in made


def test_the_second_run_has_nothing_to_do() -> None:
    assert list(role_steps(tenant(), state("hcp_a"))) == []
    assert list(role_steps(old_tenant(), old_state())) == []


def test_a_new_password_is_shown_as_fingerprints() -> None:
    (step,) = role_steps(tenant(logins=(Login("hcp_a_a", OTHER_VERIFIER),)), state("hcp_a"))
    assert step.sql == (f"""ALTER ROLE "hcp_a_a" PASSWORD '{OTHER_VERIFIER}'""",)
    assert step.change.before == {"password": fingerprint(VERIFIER)}
    assert step.change.after == {"password": fingerprint(OTHER_VERIFIER)}


def test_an_unknown_password_is_no_difference() -> None:
    assert list(role_steps(tenant(logins=(Login("hcp_a_a", None),)), state("hcp_a"))) == []


def test_a_second_login_does_not_touch_the_first() -> None:
    steps = list(role_steps(tenant(logins=BOTH[::-1]), state("hcp_a")))
    assert [step.change.target for step in steps] == ["role/hcp_a_b"]


def test_a_login_that_is_no_longer_named_is_closed_and_its_sessions_end() -> None:
    now = with_roles(state("hcp_a"), hcp_a_b=login_role("hcp_a", password=OTHER_VERIFIER))
    assert list(role_steps(tenant(logins=BOTH), now)) == []
    assert statements(role_steps(tenant(logins=BOTH[:1]), now)) == [
        'ALTER ROLE "hcp_a_a" NOLOGIN PASSWORD NULL',
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'hcp_a_a'",
    ]
    closed = with_roles(now, hcp_a_a=login_role("hcp_a", login=False, password=None))
    assert list(role_steps(tenant(logins=BOTH[:1]), closed)) == []
    assert statements(role_steps(tenant(logins=BOTH), closed)) == [
        f"""ALTER ROLE "hcp_a_a" LOGIN PASSWORD '{VERIFIER}'"""
    ]


def test_the_older_form_moves_without_a_moment_in_which_nobody_can_log_in() -> None:
    both = tenant(logins=(Login("hcp_a", VERIFIER), Login("hcp_a_a", OTHER_VERIFIER)))
    assert [step.change.target for step in role_steps(both, old_state())] == ["role/hcp_a_a"]
    moved = with_roles(old_state(), hcp_a_a=login_role("hcp_a", password=OTHER_VERIFIER))
    assert list(role_steps(both, moved)) == []
    assert statements(role_steps(tenant(logins=both.logins[1:]), moved)) == [
        'ALTER ROLE "hcp_a" NOLOGIN PASSWORD NULL',
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'hcp_a'",
    ]


@pytest.mark.parametrize(
    ("name", "drifted", "sql"),
    [
        ("hcp_a", role(superuser=True), ['ALTER ROLE "hcp_a" NOSUPERUSER']),
        ("hcp_a", role(inherit=False), ['ALTER ROLE "hcp_a" INHERIT']),
        ("hcp_a", role(connection_limit=-1), ['ALTER ROLE "hcp_a" CONNECTION LIMIT 60']),
        ("hcp_a", role(tenant=False, member_of=[]), ['GRANT "hcp_tenants" TO "hcp_a"']),
        ("hcp_a_a", login_role("hcp_a", login=False), ['ALTER ROLE "hcp_a_a" LOGIN']),
        ("hcp_a_a", login_role("hcp_a", member_of=[]), ['GRANT "hcp_a" TO "hcp_a_a"']),
        ("hcp_a_a", login_role("hcp_a", settings={"role": "hcp_a", "lock_timeout": "30s", "statement_timeout": "300s"}),
         ["""ALTER ROLE "hcp_a_a" SET "idle_in_transaction_session_timeout" = '60s'"""]),
    ],
)  # fmt: skip
def test_drift_is_mended(name: str, drifted: t.Any, sql: t.Any) -> None:
    assert statements(role_steps(tenant(), with_roles(state("hcp_a"), **{name: drifted}))) == sql


def test_an_owner_that_was_given_a_password_and_login_loses_both() -> None:
    drifted = with_roles(state("hcp_a"), hcp_a=role(login=True, password=VERIFIER))
    assert statements(role_steps(tenant(), drifted))[0] == 'ALTER ROLE "hcp_a" NOLOGIN PASSWORD NULL'


def test_a_name_that_would_be_login_and_owner_is_refused() -> None:
    with pytest.raises(HcpError, match="owner of database hcp_a_a"):
        list(role_steps(tenant("hcp_a"), state("hcp_a_a")))
    with pytest.raises(HcpError, match="a login of database hcp_a already"):
        list(role_steps(tenant("hcp_a_a"), state("hcp_a")))
