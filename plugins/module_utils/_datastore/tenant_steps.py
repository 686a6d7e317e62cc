# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The steps between what a server holds and the databases that it should hold. Pure: no input or output."""

from __future__ import annotations

import typing as t

from .._core.errors import HcpError
from .._core.plan import Change
from . import commit_order
from .sql import identifier, literal
from .tenant_roles import role_steps
from .tenants import GROUP, QUOTA_SETTING, RATE_SETTING, TABLE_SETTINGS, State, Step, Table, Tenant, login_pair

#: What the guard of quotas reads, by its key in the state: names of two parts, as the grammar wants them.
_GUARD_SETTINGS = {
    key: ".".join(identifier(part) for part in name.split("."))
    for key, name in (("quota", QUOTA_SETTING), ("write_rate", RATE_SETTING))
}


def steps_to_present(tenants: t.Sequence[Tenant], state: State) -> list[Step]:
    """Everything between ``state`` and all ``tenants`` having their roles, database, schema and table settings.

    What was closed on purpose stays as it is.
    """
    steps = list(_group_steps(state))
    tenants = [tenant for tenant in tenants if tenant not in closed(tenants, state)]
    for tenant in tenants:
        steps += role_steps(tenant, state)
        steps += _database_steps(tenant, state)
    for tenant in tenants:
        steps += _schema_steps(tenant, state.tables.get(tenant.name))
    return steps


def closed(tenants: t.Sequence[Tenant], state: State) -> list[Tenant]:
    """Those whose database is closed for a while."""
    return [tenant for tenant in tenants if state.databases.get(tenant.name, {}).get("closed")]


def steps_to_absent(tenants: t.Sequence[Tenant], state: State, *, end_sessions: bool = False) -> list[Step]:
    """Dropping databases and roles. Data is lost.

    :param end_sessions: no new sessions, end the open ones, drop; otherwise an open session is a reason to refuse.
    :raises HcpError: a database is in use.
    """
    steps: list[Step] = []
    for tenant in tenants:
        roles = [name for name in (*login_pair(tenant.name), tenant.role) if _is_ours(name, tenant, state)]
        if tenant.name in state.databases:
            if not end_sessions:
                _check_unused(tenant.name, state.databases[tenant.name]["sessions"])
            steps.append(_drop(tenant.name, roles, end_sessions))
        for role in roles:
            drop = f"DROP ROLE {identifier(role)}"
            steps.append(Step(Change("delete", f"role/{role}", before="present"), sql=(drop,)))
    return steps


def _is_ours(name: str, tenant: Tenant, state: State) -> bool:
    """Whether a role goes with the database: one called like a login may own the database of another cluster."""
    role = state.roles.get(name)
    return role is not None and (name == tenant.role or not role["tenant"])


def _check_unused(name: str, sessions: t.Mapping[str, int]) -> None:
    if sessions:
        shown = ", ".join(f"{count} of {login}" for login, count in sorted(sessions.items()))
        raise HcpError(
            f"the database is in use: sessions {shown}",
            where=f"database {name}",
            remedy="stop the control plane of the hosted cluster first, or set end_sessions: true",
        )


def _drop(name: str, roles: t.Sequence[str], end_sessions: bool) -> Step:
    drop = f"DROP DATABASE {identifier(name)}"
    # Without FORCE the server itself refuses when a session was opened a moment ago, and then nothing has changed.
    sql = [f"ALTER ROLE {identifier(role)} NOLOGIN" for role in roles] if end_sessions else []
    sql.append(f"{drop} WITH (FORCE)" if end_sessions else drop)
    return Step(Change("delete", f"database/{name}", before="present"), sql=tuple(sql))


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


def _database_steps(tenant: Tenant, state: State) -> t.Iterator[Step]:
    name, role = identifier(tenant.name), identifier(tenant.role)
    current = state.databases.get(tenant.name)
    if current is None:
        yield _create(tenant)
        return
    _check_locale(tenant.name, current)
    desired = _settings(tenant)
    before = {key: current[key] for key, value in desired.items() if current[key] != value}
    if before:
        after = {key: desired[key] for key in before}
        sql = [f"ALTER DATABASE {name} OWNER TO {role}"] if "owner" in before else []
        # A new owner takes over the rights of the old one.
        sql += _setting_sql(tenant, {**after, "owner_rights": False} if "owner" in before else after)
        yield Step(Change("update", f"database/{tenant.name}", before=before, after=after), sql=tuple(sql))
    if current["public"]:
        yield _close_to_public(tenant.name)


def _settings(tenant: Tenant) -> dict[str, t.Any]:
    return {
        "owner": tenant.role,
        "owner_rights": False,
        "connection_limit": tenant.connection_limit,
        "quota": tenant.quota_bytes,
        "write_rate": tenant.write_bytes_per_second,
    }


def _create(tenant: Tenant) -> Step:
    name, role = identifier(tenant.name), identifier(tenant.role)
    shown = {**_settings(tenant), "encoding": "UTF8", "collation": "C", "public": False}
    create = f"CREATE DATABASE {name} OWNER {role} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
    # Read again on the next run: whoever is stopped between two statements leaves the rest to it.
    revoke = f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC"
    settings = {key: value for key, value in _settings(tenant).items() if key not in _GUARD_SETTINGS or value}
    change = Change("create", f"database/{tenant.name}", after=shown)
    return Step(change, sql=(create, revoke, *_setting_sql(tenant, settings)))


def _setting_sql(tenant: Tenant, wanted: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    name = identifier(tenant.name)
    if "owner_rights" in wanted:
        # The owner needs the schema public, which is there: no schemas, no temporary tables, no extensions.
        yield f"REVOKE CREATE, TEMPORARY ON DATABASE {name} FROM {identifier(tenant.role)}"
    if "connection_limit" in wanted:
        yield f"ALTER DATABASE {name} CONNECTION LIMIT {int(wanted['connection_limit'])}"
    for key in [key for key in _GUARD_SETTINGS if key in wanted]:
        setting, value = _GUARD_SETTINGS[key], wanted[key]
        change = f"SET {setting} = {literal(str(value))}" if value else f"RESET {setting}"
        yield f"ALTER ROLE {identifier(GROUP)} IN DATABASE {name} {change}"


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
    if table is None or not table.ordered:
        yield Step(
            Change("update", f"database/{tenant.name} order of revisions", after={"inserts": "one at a time"}),
            database=tenant.name,
            sql=commit_order.STATEMENTS,
        )
