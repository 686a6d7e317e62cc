# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Databases of hosted clusters: desired state, current state, and the steps between them. Pure: no input or output.

One database and one login role of the same name for each hosted cluster. All roles are members of ``hcp_tenants``,
which has no rights: it is what ``pg_hba.conf`` names.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._core.errors import HcpError, InvalidInput, ManyProblems
from .._core.plan import Change
from .._core.redact import fingerprint
from .sql import identifier, literal

GROUP = "hcp_tenants"

#: Role settings. kine's own statements take milliseconds; these end what hangs. Building an index of a large table at
#: the start of a newer kine is the longest rightful statement.
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

_ROLE_ATTRIBUTES = {
    "login": True,
    "superuser": False,
    "createdb": False,
    "createrole": False,
    "replication": False,
    "bypassrls": False,
    "inherit": True,
}
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_VERIFIER = re.compile(r"SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+")
_RESERVED = ("postgres", "template0", "template1", GROUP)


@dataclasses.dataclass(frozen=True)
class Tenant:
    """What one hosted cluster needs.

    :param name: of the database; kine folds it to lower case, so it is lower case.
    :param verifier: SCRAM-SHA-256 verifier of the password; ``None`` while it is not known (check mode).
    :param connection_limit: greatest number of connections of the role.
    """

    name: str
    role: str
    verifier: str | None = dataclasses.field(repr=False)
    connection_limit: int


@dataclasses.dataclass(frozen=True)
class Table:
    """The table ``kine`` of one database: its owner and storage settings, such as ``{"autovacuum_…": "0.02"}``."""

    owner: str
    settings: t.Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class State:
    """What the server holds. ``State.nothing()`` where there is no server yet.

    :param roles: name to ``{login, superuser, …, connection_limit, password, settings, tenant}``.
    :param databases: name to ``{owner, encoding, collation, character_type, public}``; ``public``: all may connect.
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
        tenant = Tenant(
            option["name"], option.get("role") or option["name"], option.get("verifier"), option["connection_limit"]
        )
        where = f"databases[{index}]"
        problems += _problems(tenant, where, verifiers_required)
        if any(tenant.name == other.name for other in tenants):
            problems.append(InvalidInput(f"{tenant.name} is listed twice", where=f"{where}.name"))
        tenants.append(tenant)
    if problems:
        raise ManyProblems(problems, headline="the databases cannot be made as described:")
    return tenants


def _problems(tenant: Tenant, where: str, verifiers_required: bool) -> t.Iterator[HcpError]:
    if not _NAME.fullmatch(tenant.name) or tenant.name in _RESERVED or tenant.name.startswith("pg_"):
        yield InvalidInput(
            f"{tenant.name!r} is no name for a database of kine",
            where=f"{where}.name",
            remedy="use 1 to 63 of a-z, 0-9 and _, not beginning with a digit or pg_, and none of "
            + ", ".join(_RESERVED),
        )
    if tenant.role != tenant.name:
        yield InvalidInput(
            f"the role {tenant.role!r} must be called like its database: pg_hba.conf admits a role to that one only",
            where=f"{where}.role",
        )
    if tenant.connection_limit < 1:
        yield InvalidInput("at least 1 connection is needed", where=f"{where}.connection_limit")
    if tenant.verifier is None:
        if verifiers_required:
            yield InvalidInput(
                "is needed outside check mode", where=f"{where}.verifier", remedy="pass what kine_credentials returns"
            )
    elif not _VERIFIER.fullmatch(tenant.verifier):
        yield InvalidInput(
            "is not a SCRAM-SHA-256 verifier", where=f"{where}.verifier", remedy="pass what kine_credentials returns"
        )


def steps_to_present(tenants: t.Sequence[Tenant], state: State) -> list[Step]:
    """Everything between ``state`` and all ``tenants`` having their role, database, schema and table settings."""
    steps = list(_group_steps(state))
    for tenant in tenants:
        steps += _role_steps(tenant, state)
        steps += _database_steps(tenant, state)
    for tenant in tenants:
        steps += _schema_steps(tenant, state.tables.get(tenant.name))
    return steps


def steps_to_absent(tenants: t.Sequence[Tenant], state: State) -> list[Step]:
    """Dropping databases and roles: no new sessions, end the old ones, drop. Data is lost."""
    steps: list[Step] = []
    for tenant in tenants:
        role, database = identifier(tenant.role), identifier(tenant.name)
        if tenant.name in state.databases:
            close = (f"ALTER ROLE {role} NOLOGIN",) if tenant.role in state.roles else ()
            drop = f"DROP DATABASE {database} WITH (FORCE)"
            steps.append(Step(Change("delete", f"database/{tenant.name}", before="present"), sql=(*close, drop)))
        if tenant.role in state.roles:
            steps.append(Step(Change("delete", f"role/{tenant.role}", before="present"), sql=(f"DROP ROLE {role}",)))
    return steps


def _group_steps(state: State) -> t.Iterator[Step]:
    if GROUP not in state.roles:
        yield Step(
            Change("create", f"role/{GROUP}", after={"login": False}),
            sql=(f"CREATE ROLE {identifier(GROUP)} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION",),
        )
    for shared in ("postgres", "template1"):
        if state.databases.get(shared, {"public": True})["public"]:
            yield _close_to_public(shared)


def _close_to_public(database: str) -> Step:
    return Step(
        Change("update", f"database/{database} rights of PUBLIC", before="CONNECT, TEMPORARY", after="none"),
        sql=(f"REVOKE CONNECT, TEMPORARY ON DATABASE {identifier(database)} FROM PUBLIC",),
    )


def _role_steps(tenant: Tenant, state: State) -> t.Iterator[Step]:
    desired = {**_ROLE_ATTRIBUTES, "connection_limit": tenant.connection_limit, "member_of": GROUP}
    for name, value in ROLE_SETTINGS.items():
        desired[name] = value
    if tenant.verifier is not None:
        desired["password"] = tenant.verifier
    current = _flat_role(state.roles.get(tenant.role))
    changed = {key: value for key, value in desired.items() if current.get(key) != value}
    if not changed:
        return
    exists = tenant.role in state.roles
    before = {key: _shown(key, current.get(key)) for key in changed} if exists else None
    after = {key: _shown(key, value) for key, value in changed.items()}
    change = Change("update" if exists else "create", f"role/{tenant.role}", before=before, after=after)
    yield Step(change, sql=tuple(_role_sql(tenant.role, changed, exists=exists)))


def _flat_role(role: t.Mapping[str, t.Any] | None) -> dict[str, t.Any]:
    if role is None:
        return {}
    flat = {key: value for key, value in role.items() if key not in ("settings", "tenant")}
    return {**flat, **role["settings"], "member_of": GROUP if role["tenant"] else None}


def _shown(key: str, value: t.Any) -> t.Any:
    return fingerprint(value) if key == "password" and value is not None else value


def _role_sql(role: str, changed: t.Mapping[str, t.Any], *, exists: bool) -> t.Iterator[str]:
    name = identifier(role)
    words = [key.upper() if changed[key] else f"NO{key.upper()}" for key in _ROLE_ATTRIBUTES if key in changed]
    if "connection_limit" in changed:
        words.append(f"CONNECTION LIMIT {int(changed['connection_limit'])}")
    if "password" in changed:
        words.append(f"PASSWORD {literal(changed['password'])}")
    if words:
        yield f"{'ALTER' if exists else 'CREATE'} ROLE {name} {' '.join(words)}"
    if "member_of" in changed:
        yield f"GRANT {identifier(GROUP)} TO {name}"
    for key in ROLE_SETTINGS:
        if key in changed:
            yield f"ALTER ROLE {name} SET {identifier(key)} = {literal(changed[key])}"


def _database_steps(tenant: Tenant, state: State) -> t.Iterator[Step]:
    name, role = identifier(tenant.name), identifier(tenant.role)
    current = state.databases.get(tenant.name)
    if current is None:
        shown = {"owner": tenant.role, "encoding": "UTF8", "collation": "C", "public": False}
        create = f"CREATE DATABASE {name} OWNER {role} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        # Read again on the next run: whoever is stopped between the two statements leaves 'public' true.
        revoke = f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC"
        yield Step(Change("create", f"database/{tenant.name}", after=shown), sql=(create, revoke))
        return
    _check_locale(tenant.name, current)
    if current["owner"] != tenant.role:
        change = Change(
            "update", f"database/{tenant.name}", before={"owner": current["owner"]}, after={"owner": tenant.role}
        )
        yield Step(change, sql=(f"ALTER DATABASE {name} OWNER TO {role}",))
    if current["public"]:
        yield _close_to_public(tenant.name)


def _check_locale(name: str, current: t.Mapping[str, t.Any]) -> None:
    found = {key: current[key] for key in ("encoding", "collation", "character_type")}
    if found != {"encoding": "UTF8", "collation": "C", "character_type": "C"}:
        shown = ", ".join(f"{key} {value}" for key, value in found.items())
        raise HcpError(
            f"the database exists with {shown}, not with UTF8, C and C",
            where=f"database {name}",
            remedy="an existing database cannot be changed: rename or drop it if it is not in use, or dump and load it",
        )


def _schema_steps(tenant: Tenant, table: Table | None) -> t.Iterator[Step]:
    # The storage settings are set when kine has ended well. Without any, indexes may be missing: kine adds them.
    if table is None or not table.settings:
        change = Change("run", f"database/{tenant.name} schema of kine", after={"table": "kine", "owner": tenant.role})
        yield Step(change, database=tenant.name, schema_owner=tenant.role)
    elif table.owner != tenant.role:
        change = Change(
            "update", f"database/{tenant.name} table kine", before={"owner": table.owner}, after={"owner": tenant.role}
        )
        yield Step(change, database=tenant.name, sql=(f"ALTER TABLE public.kine OWNER TO {identifier(tenant.role)}",))
    current = dict(table.settings) if table else {}
    changed = {key: value for key, value in TABLE_SETTINGS.items() if current.get(key) != value}
    if changed:
        before = {key: current.get(key) for key in changed} if table else None
        settings = ", ".join(f"{key} = {value}" for key, value in changed.items())
        yield Step(
            Change("update", f"database/{tenant.name} table kine settings", before=before, after=changed),
            database=tenant.name,
            sql=(f"ALTER TABLE public.kine SET ({settings})",),
        )
