# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection budget."""

from __future__ import annotations

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import budget
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenants import State

from .fakes import database, old_role, state, tenant


def test_databases_already_on_the_server_count() -> None:
    with pytest.raises(HcpError) as caught:
        budget.check([tenant("hcp_c"), tenant("hcp_d")], state("hcp_a", "hcp_b"))
    text = str(caught.value)
    assert "60 (hcp_a) + 60 (hcp_b) + 60 (hcp_c) + 60 (hcp_d) + 5 (monitoring and maintenance) = 245 conn" in text
    assert "200 (max_connections) - 5 (reserved for superusers) = 195, of which 80% = 156" in text
    assert "postgresql_max_connections to 312" in text


def test_the_remedy_is_enough_and_not_more() -> None:
    for limit in range(1, 300, 7):
        needed = budget.budget_of({"hcp_a": limit}, 0, 5).needed_max_connections
        assert budget.budget_of({"hcp_a": limit}, needed, 5).fits
        assert not budget.budget_of({"hcp_a": limit}, needed - 2, 5).fits


def test_the_limit_itself_fits() -> None:
    exact = budget.budget_of({"hcp_a": 156 - budget.SERVER_CONNECTIONS}, 200, 5)
    assert (exact.total, exact.allowed, exact.fits) == (156, 156, True)
    assert not budget.budget_of({"hcp_a": 157 - budget.SERVER_CONNECTIONS}, 200, 5).fits


def test_a_changed_limit_replaces_the_present_one() -> None:
    assert budget.usage([tenant(connection_limit=20)], state("hcp_a")) == {"hcp_a": 20}


def test_the_older_form_has_its_limit_at_its_role() -> None:
    now = state()
    roles = {**now.roles, "hcp_a": old_role(connection_limit=33), "hcp_b": old_role(connection_limit=-1)}
    databases = {name: database(name, connection_limit=-1) for name in ("hcp_a", "hcp_b")}
    assert budget.usage((), State(roles, databases, {})) == {"hcp_a": 33, "hcp_b": 0}


def test_what_was_too_much_before_and_does_not_grow_is_a_warning() -> None:
    full = state("hcp_a", "hcp_b", "hcp_c")
    (warning,) = budget.check([tenant()], full)
    assert "185 connections" in warning
    assert budget.check([tenant(connection_limit=50)], full)
    with pytest.raises(HcpError):
        budget.check([tenant(connection_limit=61)], full)
    assert budget.check([tenant()], state("hcp_a")) == []


def test_without_a_server_only_the_planned_number_counts() -> None:
    assert budget.check([tenant()], State.nothing()) == []
    with pytest.raises(HcpError):
        budget.check([tenant()], State.nothing(), 50)
    assert budget.check([tenant("hcp_c"), tenant("hcp_d")], state("hcp_a", "hcp_b"), 400) == []
