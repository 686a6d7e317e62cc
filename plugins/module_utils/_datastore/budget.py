# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The connection budget: what all roles together may open, against what the server gives."""

from __future__ import annotations

import typing as t

from .._core.errors import HcpError
from .tenants import State, Tenant

#: Share of the budget from which on a warning is due.
_NEARLY_FULL = 0.8


def usage(tenants: t.Sequence[Tenant], state: State) -> dict[str, int]:
    """Connection limit of every tenant role, those on the server that are not in ``tenants`` included.

    A role without limit counts as zero here: :func:`check` is about limits, and such a role is none of ours.
    """
    limits = {
        name: max(0, int(role["connection_limit"]))
        for name, role in state.roles.items()
        if role["tenant"] and role["login"]
    }
    limits.update({tenant.role: tenant.connection_limit for tenant in tenants})
    return dict(sorted(limits.items()))


def check(tenants: t.Sequence[Tenant], state: State, planned_max_connections: int | None = None) -> list[str]:
    """Refuse a set of limits that the server cannot serve; warnings when it is nearly full.

    :param planned_max_connections: what the server will have, where it has not been set up yet.
    :raises HcpError: with the sum written out.
    """
    maximum = planned_max_connections or state.max_connections
    if maximum is None:
        return []
    limits = usage(tenants, state)
    total, available = sum(limits.values()), maximum - state.reserved_connections
    terms = " + ".join(f"{limit} ({name})" for name, limit in limits.items())
    arithmetic = (
        f"{terms} = {total} connections, and PostgreSQL gives "
        f"{maximum} (max_connections) - {state.reserved_connections} (reserved for superusers) = {available}"
    )
    if total > available:
        raise HcpError(
            f"the connection limits do not fit: {arithmetic}",
            where="databases[].connection_limit",
            remedy=f"raise postgresql_max_connections to {total + state.reserved_connections} or more, or lower "
            "database_connections or replicas of hosted clusters",
        )
    if total > available * _NEARLY_FULL:
        return [f"the connection budget is nearly used up: {arithmetic}"]
    return []
