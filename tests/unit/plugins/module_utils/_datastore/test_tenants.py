# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the databases, typed and checked."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import ManyProblems
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenants import Login, Tenant, tenants_from

from .fakes import OTHER_VERIFIER, VERIFIER, tenant


def option(name: str = "hcp_a", **changed: t.Any) -> t.Any:
    return {"name": name, "role": None, "verifier": VERIFIER, "connection_limit": 60, **changed}


def logins(*pairs: tuple[str, str | None]) -> t.Any:
    return [{"name": name, "verifier": verifier} for name, verifier in pairs]


def test_the_owner_is_the_login_where_none_is_given() -> None:
    assert tenants_from([option()], verifiers_required=True) == [Tenant("hcp_a", (Login("hcp_a", VERIFIER),), 60)]


def test_logins_replace_the_verifier() -> None:
    given = option(logins=logins(("hcp_a_b", VERIFIER), ("hcp_a_a", OTHER_VERIFIER)), quota_bytes=7, verifier=None)
    (made,) = tenants_from([given], verifiers_required=True)
    assert made == Tenant("hcp_a", (Login("hcp_a_b", VERIFIER), Login("hcp_a_a", OTHER_VERIFIER)), 60, 7)
    assert made.role == "hcp_a"


def test_all_wrong_values_are_reported_at_once() -> None:
    wrong = [
        option("Hcp_A"),
        option("postgres"),
        option("hcp_c", role="hcp_d"),
        option("hcp_e", verifier="plain", connection_limit=0, quota_bytes=-1, write_bytes_per_second=-1),
        option("hcp_f", verifier=None),
        option("hcp_f"),
        option("hcp_g", logins=logins(("hcp_x_a", VERIFIER), ("hcp_g_a", None), ("hcp_g_a", VERIFIER))),
    ]
    with pytest.raises(ManyProblems) as caught:
        tenants_from(wrong, verifiers_required=True)
    places = [problem.where for problem in caught.value.problems]
    assert places == [
        "databases[0].name",
        "databases[1].name",
        "databases[2].role",
        "databases[3].connection_limit",
        "databases[3].quota_bytes",
        "databases[3].write_bytes_per_second",
        "databases[3].verifier",
        "databases[4].verifier",
        "databases[5].name",
        "databases[6].logins[0].name",
        "databases[6].logins[1].verifier",
        "databases[6].logins[2].name",
    ]
    assert "plain" not in str(caught.value)


def test_verifiers_may_be_unknown_in_check_mode() -> None:
    (made,) = tenants_from([option(verifier=None)], verifiers_required=False)
    assert made.logins == (Login("hcp_a", None),)


def test_a_tenant_does_not_show_its_verifier() -> None:
    assert VERIFIER not in repr(tenant())
