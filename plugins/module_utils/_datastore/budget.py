# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The connection budget: what all databases together may open, against what the server gives."""

from __future__ import annotations

import dataclasses
import math
import typing as t

from .._core.errors import HcpError
from .tenants import State, Tenant

#: What may be given away. The rest is for what nobody counts: terminating pods, tools, an administrator in need.
SHARE = 0.8
#: Monitoring and maintenance of the server itself. Those of a database, and its dump, are within its own limit.
SERVER_CONNECTIONS = 5
#: What the site's own servers keep for superusers unless their settings say otherwise.
RESERVED = 5


@dataclasses.dataclass(frozen=True)
class Budget:
    """A sum of limits against a server.

    :param limits: most connections of each database.
    :param reserved: of ``max_connections``, what only superusers get.
    """

    limits: t.Mapping[str, int]
    max_connections: int
    reserved: int

    @property
    def total(self) -> int:
        return sum(self.limits.values()) + SERVER_CONNECTIONS

    @property
    def allowed(self) -> int:
        """The greatest total."""
        return int((self.max_connections - self.reserved) * SHARE)

    @property
    def fits(self) -> bool:
        return self.total <= self.allowed

    @property
    def needed_max_connections(self) -> int:
        """The smallest ``max_connections`` that the total fits into."""
        return math.ceil(self.total / SHARE) + self.reserved

    @property
    def arithmetic(self) -> str:
        """The sum written out."""
        terms = [f"{limit} ({name})" for name, limit in self.limits.items()]
        terms.append(f"{SERVER_CONNECTIONS} (monitoring and maintenance)")
        available = self.max_connections - self.reserved
        return (
            f"{' + '.join(terms)} = {self.total} connections, and PostgreSQL gives {self.max_connections} "
            f"(max_connections) - {self.reserved} (reserved for superusers) = {available}, "
            f"of which {SHARE:.0%} = {self.allowed} may be given away"
        )

    @property
    def remedy(self) -> str:
        """What to do when it does not fit."""
        return (
            f"raise postgresql_max_connections to {self.needed_max_connections} or more, or lower database_connections "
            "or replicas of hosted clusters"
        )


def budget_of(limits: t.Mapping[str, int], max_connections: int, reserved: int) -> Budget:
    """The budget of databases called like the keys of ``limits``, in the order of their names."""
    return Budget(dict(sorted(limits.items())), max_connections, reserved)


def usage(tenants: t.Sequence[Tenant], state: State) -> dict[str, int]:
    """Connection limit of every tenant's database, those on the server that are not in ``tenants`` included."""
    limits = {name: _limit(database, state) for name, database in state.databases.items() if database.get("tenant")}
    limits.update({tenant.name: tenant.connection_limit for tenant in tenants})
    return dict(sorted(limits.items()))


def _limit(database: t.Mapping[str, t.Any], state: State) -> int:
    """The database's own; in the older form only its owner has one. None at all counts as zero: it is none of ours."""
    own = int(database["connection_limit"])
    return own if own >= 0 else max(0, int(state.roles[database["owner"]]["connection_limit"]))


def check(tenants: t.Sequence[Tenant], state: State, planned_max_connections: int | None = None) -> list[str]:
    """Refuse limits that the server cannot serve; a warning where they were too many before and do not grow.

    :param planned_max_connections: what the server will have, where it has not been set up yet.
    :raises HcpError: with the sum written out.
    """
    maximum = planned_max_connections or state.max_connections
    if maximum is None:
        return []
    wanted = budget_of(usage(tenants, state), maximum, state.reserved_connections)
    if wanted.fits:
        return []
    if sum(wanted.limits.values()) > sum(usage((), state).values()):
        raise HcpError(
            f"the connection limits do not fit: {wanted.arithmetic}",
            where="databases[].connection_limit",
            remedy=wanted.remedy,
        )
    return [f"the connection budget is used up: {wanted.arithmetic}. To have room again, {wanted.remedy}."]
