# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection budget."""

from __future__ import annotations

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import budget
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenants import State

from .fakes import state, tenant


def test_roles_already_on_the_server_count() -> None:
    with pytest.raises(HcpError) as caught:
        budget.check([tenant("hcp_c"), tenant("hcp_d")], state("hcp_a", "hcp_b"))
    text = str(caught.value)
    assert "60 (hcp_a) + 60 (hcp_b) + 60 (hcp_c) + 60 (hcp_d) = 240 connections" in text
    assert "200 (max_connections) - 5 (reserved for superusers) = 195" in text
    assert "postgresql_max_connections to 245" in text


def test_a_changed_limit_replaces_the_present_one() -> None:
    assert budget.usage([tenant(connection_limit=20)], state("hcp_a")) == {"hcp_a": 20}


def test_a_nearly_full_budget_is_a_warning() -> None:
    assert len(budget.check([tenant()], state("hcp_a", "hcp_b", "hcp_c"))) == 1
    assert budget.check([tenant()], state("hcp_a")) == []


def test_without_a_server_only_the_planned_number_counts() -> None:
    assert budget.check([tenant()], State.nothing()) == []
    with pytest.raises(HcpError):
        budget.check([tenant()], State.nothing(), 50)
    assert budget.check([tenant("hcp_c"), tenant("hcp_d")], state("hcp_a", "hcp_b"), 400) == []
