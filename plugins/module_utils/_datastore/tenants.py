# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Databases of hosted clusters: desired state and current state, typed and checked. Pure: no input or output.

For each hosted cluster there is a database, an owner role of the same name, and two login roles with ``_a`` and ``_b``
behind it. A login acts as the owner from its first statement on, so whatever it makes belongs to the owner. One of the
two may log in; both only while a password is rotated. All owners are members of ``hcp_tenants``, which has no rights:
it is what ``pg_hba.conf`` names. In the older form the owner itself is the login.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._core.errors import HcpError, InvalidInput, ManyProblems
from .._core.plan import Change

GROUP = "hcp_tenants"

#: Settings of roles that log in. kine's own statements take milliseconds; these end what hangs. Building an index of a
#: large table at the start of a newer kine is the longest rightful statement.
ROLE_SETTINGS = {
    "idle_in_transaction_session_timeout": "60s",
    "lock_timeout": "30s",
    "statement_timeout": "300s",
}

#: kine inserts and deletes all the time and updates one row only: vacuum and analyse early, by share of the table.
TABLE_SETTINGS = {
    "autovacuum_analyze_scale_factor": "0.02",
    "autovacuum_vacuum_cost_limit": "1000",
    "autovacuum_vacuum_insert_scale_factor": "0.05",
    "autovacuum_vacuum_scale_factor": "0.02",
}

#: Bytes that a database may grow to: a setting of the group in that database. No session ever takes it over, and unlike
#: a setting of the database itself its owner cannot change it. PostgreSQL does not know it, the guard of quotas does.
QUOTA_SETTING = "mothership.quota_bytes"
#: Bytes of large rows that a database takes in a second: likewise.
RATE_SETTING = "mothership.write_bytes_per_second"

#: Begins the comment of a database that is closed for a while: for a restore, or while it is moved.
CLOSED = "mothership.hcp closed"

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,60}")
_VERIFIER = re.compile(r"SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+")
_RESERVED = ("postgres", "template0", "template1", GROUP)


@dataclasses.dataclass(frozen=True)
class Login:
    """A role that may log in.

    :param verifier: SCRAM-SHA-256 verifier of its password; ``None`` while it is not known (check mode).
    """

    name: str
    verifier: str | None = dataclasses.field(default=None, repr=False)


@dataclasses.dataclass(frozen=True)
class Tenant:
    """What one hosted cluster needs.

    :param name: of the database and its owner; kine folds it to lower case, so it is lower case.
    :param logins: who may log in, the one that new sessions should use first; any other login is closed.
    :param connection_limit: greatest number of connections to the database, and of each role.
    :param quota_bytes: 0 for none.
    :param write_bytes_per_second: 0 for as many as the server takes.
    """

    name: str
    logins: tuple[Login, ...]
    connection_limit: int
    quota_bytes: int = 0
    write_bytes_per_second: int = 0

    @property
    def role(self) -> str:
        """The owner."""
        return self.name


def login_pair(database: str) -> tuple[str, str]:
    """The two login roles of a database."""
    return f"{database}_a", f"{database}_b"


@dataclasses.dataclass(frozen=True)
class Table:
    """The table ``kine`` of one database.

    :param settings: of its storage, such as ``{"autovacuum_…": "0.02"}``.
    :param ordered: revisions become visible in their order, see :mod:`commit_order`.
    """

    owner: str
    settings: t.Mapping[str, str]
    ordered: bool = False


@dataclasses.dataclass(frozen=True)
class State:
    """What the server holds. ``State.nothing()`` where there is no server yet.

    :param roles: name to ``{login, superuser, …, connection_limit, password, settings, member_of, tenant}``;
        ``tenant``: it owns a tenant's database, or will.
    :param databases: name to ``{owner, tenant, encoding, collation, character_type, public, owner_rights,
        connection_limit, quota, write_rate, sessions, closed}``; ``public``: all may connect; ``owner_rights``: the
        owner may make schemas; ``sessions``: login to the number of its sessions; ``closed``: see ``CLOSED``.
    :param tables: database to its table ``kine``; databases without it are not in there.
    :param max_connections: for non-superusers, after what the server reserves; ``None`` without server.
    """

    roles: t.Mapping[str, t.Mapping[str, t.Any]]
    databases: t.Mapping[str, t.Mapping[str, t.Any]]
    tables: t.Mapping[str, Table]
    max_connections: int | None = None
    reserved_connections: int = 0

    @staticmethod
    def nothing() -> State:
        return State({}, {}, {})


@dataclasses.dataclass(frozen=True)
class Step:
    """One change and how it is made: by SQL in ``database``, or by a run of kine in it as ``schema_owner``."""

    change: Change
    database: str = "postgres"
    sql: tuple[str, ...] = ()
    schema_owner: str | None = None


def tenants_from(options: t.Sequence[t.Mapping[str, t.Any]], *, verifiers_required: bool) -> list[Tenant]:
    """The module's option ``databases``, checked.

    :raises ManyProblems: with every wrong value in it.
    """
    tenants: list[Tenant] = []
    problems: list[HcpError] = []
    for index, option in enumerate(options):
        tenant = _tenant(option)
        where = f"databases[{index}]"
        problems += _problems(tenant, option, where)
        problems += _login_problems(tenant, where, "logins" if option.get("logins") else "verifier", verifiers_required)
        if any(tenant.name == other.name for other in tenants):
            problems.append(InvalidInput(f"{tenant.name} is listed twice", where=f"{where}.name"))
        tenants.append(tenant)
    if problems:
        raise ManyProblems(problems, headline="the databases cannot be made as described:")
    return tenants


def _tenant(option: t.Mapping[str, t.Any]) -> Tenant:
    name = option["name"]
    given = option.get("logins") or [{"name": name, "verifier": option.get("verifier")}]
    logins = tuple(Login(one["name"], one.get("verifier")) for one in given)
    limits = {key: option.get(key) or 0 for key in ("quota_bytes", "write_bytes_per_second")}
    return Tenant(name, logins, option["connection_limit"], **limits)


def _problems(tenant: Tenant, option: t.Mapping[str, t.Any], where: str) -> t.Iterator[HcpError]:
    if not _NAME.fullmatch(tenant.name) or tenant.name in _RESERVED or tenant.name.startswith("pg_"):
        yield InvalidInput(
            f"{tenant.name!r} is no name for a database of kine",
            where=f"{where}.name",
            remedy="use 1 to 61 of a-z, 0-9 and _, not beginning with a digit or pg_, and none of "
            + ", ".join(_RESERVED),
        )
    if (option.get("role") or tenant.name) != tenant.name:
        yield InvalidInput(
            f"the role {option['role']!r} must be called like its database: pg_hba.conf admits members of that role",
            where=f"{where}.role",
        )
    if tenant.connection_limit < 1:
        yield InvalidInput("at least 1 connection is needed", where=f"{where}.connection_limit")
    for name in ("quota_bytes", "write_bytes_per_second"):
        if getattr(tenant, name) < 0:
            yield InvalidInput("is less than nothing", where=f"{where}.{name}", remedy="give 0 for no limit")


def _login_problems(tenant: Tenant, where: str, option: str, verifiers_required: bool) -> t.Iterator[HcpError]:
    known = (*login_pair(tenant.name), tenant.name)
    for number, login in enumerate(tenant.logins):
        at = f"{where}.verifier" if option == "verifier" else f"{where}.logins[{number}].verifier"
        if login.name not in known or login.name in [other.name for other in tenant.logins[:number]]:
            yield InvalidInput(
                f"{login.name!r} is no login of {tenant.name}, or stands there twice",
                where=f"{where}.logins[{number}].name",
                remedy=f"use {', '.join(known[:2])}, or {tenant.name} itself for the older form",
            )
        if login.verifier is None:
            if verifiers_required:
                yield InvalidInput(
                    "is needed outside check mode", where=at, remedy="pass what kine_credentials returns"
                )
        elif not _VERIFIER.fullmatch(login.verifier):
            yield InvalidInput("is not a SCRAM-SHA-256 verifier", where=at, remedy="pass what kine_credentials returns")
