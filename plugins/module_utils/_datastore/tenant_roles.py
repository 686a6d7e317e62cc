# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Roles of a hosted cluster's database: the owner, the logins, and closing a login. Pure: no input or output."""

from __future__ import annotations

import typing as t

from .._core.errors import HcpError
from .._core.plan import Change
from .._core.redact import fingerprint
from .sql import identifier, literal
from .tenants import GROUP, ROLE_SETTINGS, Login, State, Step, Tenant, login_pair

_ATTRIBUTES = {
    "superuser": False,
    "createdb": False,
    "createrole": False,
    "replication": False,
    "bypassrls": False,
    "inherit": True,
}

_END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ?"


def role_steps(tenant: Tenant, state: State) -> t.Iterator[Step]:
    """The owner first, because the others are members of it; then who may log in, then who may no longer."""
    _check_names(tenant, state)
    logins = {login.name: login for login in tenant.logins}
    yield from _owner_steps(tenant, logins.get(tenant.role), state)
    for login in tenant.logins:
        if login.name != tenant.role:
            yield from _login_steps(tenant, login, state)
    for name in login_pair(tenant.name):
        if name not in logins and name in state.roles:
            yield from _closed_steps(name, state)


def _check_names(tenant: Tenant, state: State) -> None:
    """Databases called ``x`` and ``x_a`` cannot live on one server: a role would be login here and owner there."""
    for name in login_pair(tenant.name):
        if name in state.roles and state.roles[name]["tenant"]:
            raise _name_taken(name, f"the owner of database {name}")
    for group in (state.roles.get(tenant.role) or {}).get("member_of", ()):
        if tenant.role in login_pair(group):
            raise _name_taken(tenant.role, f"a login of database {group}")


def _name_taken(name: str, what: str) -> HcpError:
    return HcpError(
        f"the name is needed twice: it is {what} already",
        where=f"role {name}",
        remedy="give one of the two hosted clusters another name: NAME and NAME-a, or NAME-b, exclude each other",
    )


def _owner_steps(tenant: Tenant, login: Login | None, state: State) -> t.Iterator[Step]:
    desired: dict[str, t.Any] = {**_ATTRIBUTES, "login": login is not None, "member_of": GROUP}
    desired["connection_limit"] = tenant.connection_limit
    current = _flat(state.roles.get(tenant.role), GROUP)
    if login is not None:
        desired |= ROLE_SETTINGS
    if login is None or login.verifier is not None:
        desired["password"] = login.verifier if login else None
    yield from _steps(tenant.role, desired, current)


def _login_steps(tenant: Tenant, login: Login, state: State) -> t.Iterator[Step]:
    desired: dict[str, t.Any] = {**_ATTRIBUTES, "login": True, "member_of": tenant.role}
    desired |= {"connection_limit": tenant.connection_limit, **ROLE_SETTINGS, "role": tenant.role}
    if login.verifier is not None:
        desired["password"] = login.verifier
    yield from _steps(login.name, desired, _flat(state.roles.get(login.name), tenant.role))


def _closed_steps(name: str, state: State) -> t.Iterator[Step]:
    yield from _steps(name, {"login": False, "password": None}, _flat(state.roles[name], ""))


def _flat(role: t.Mapping[str, t.Any] | None, group: str) -> dict[str, t.Any]:
    """Attributes, settings and one membership side by side."""
    if role is None:
        return {}
    flat = {key: value for key, value in role.items() if key not in ("settings", "tenant", "member_of")}
    return {**flat, **role["settings"], "member_of": group if group in role["member_of"] else None}


def _steps(name: str, desired: t.Mapping[str, t.Any], current: t.Mapping[str, t.Any]) -> t.Iterator[Step]:
    exists = bool(current)
    changed = {key: value for key, value in desired.items() if not exists or current.get(key) != value}
    if not exists and changed.get("password", "") is None:
        del changed["password"]
    if not changed:
        return
    before = {key: _shown(key, current.get(key)) for key in changed} if exists else None
    after = {key: _shown(key, value) for key, value in changed.items()}
    change = Change("update" if exists else "create", f"role/{name}", before=before, after=after)
    yield Step(change, sql=tuple(_sql(name, changed, exists=exists)))


def _shown(key: str, value: t.Any) -> t.Any:
    return fingerprint(value) if key == "password" and value is not None else value


def _sql(role: str, changed: t.Mapping[str, t.Any], *, exists: bool) -> t.Iterator[str]:
    name = identifier(role)
    attributes = ("login", *_ATTRIBUTES)
    words = [key.upper() if changed[key] else f"NO{key.upper()}" for key in attributes if key in changed]
    if "connection_limit" in changed:
        words.append(f"CONNECTION LIMIT {int(changed['connection_limit'])}")
    if "password" in changed:
        words.append(f"PASSWORD {literal(changed['password'])}" if changed["password"] else "PASSWORD NULL")
    if words:
        yield f"{'ALTER' if exists else 'CREATE'} ROLE {name} {' '.join(words)}"
    if "member_of" in changed:
        yield f"GRANT {identifier(changed['member_of'])} TO {name}"
    for key in (*ROLE_SETTINGS, "role"):
        if key in changed:
            yield f"ALTER ROLE {name} SET {identifier(key)} = {literal(changed[key])}"
    if changed.get("login") is False and exists:
        yield _END_SESSIONS.replace("?", literal(role))
