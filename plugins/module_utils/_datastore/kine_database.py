# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the module ``kine_database`` does, put together."""

from __future__ import annotations

import dataclasses
import shutil
import typing as t

from .._core.errors import InvalidInput
from .._core.plan import Plan
from .._core.progress import Progress
from . import budget
from .psql import Connection, Psql, ServerDown
from .schema import SchemaMaker
from .tenant_server import Backend, TenantServer
from .tenant_steps import closed, steps_to_absent, steps_to_present
from .tenants import State, Step, Tenant, login_pair, tenants_from


@dataclasses.dataclass(frozen=True)
class Request:
    """The module's options.

    :param confirm_drop: names of databases that may be dropped; only read when ``present`` is false.
    :param end_sessions: drop databases that are in use; likewise.
    :param planned_max_connections: what the server will have; for check mode before the server is set up.
    """

    tenants: t.Sequence[Tenant]
    present: bool = True
    confirm_drop: t.Sequence[str] = ()
    end_sessions: bool = False
    planned_max_connections: int | None = None


def request_from(params: t.Mapping[str, t.Any], *, check_mode: bool) -> Request:
    """The options of the module as a request.

    :raises InvalidInput: something cannot be used.
    """
    present = params["state"] == "present"
    tenants = tenants_from(params["databases"], verifiers_required=present and not check_mode)
    names = sorted(tenant.name for tenant in tenants)
    if not present and sorted(params["confirm_drop"] or []) != names:
        raise InvalidInput(
            "dropping a database destroys the hosted cluster that lives in it and has to be confirmed by name",
            where="confirm_drop",
            remedy=f"set confirm_drop to exactly {names} if you mean it",
        )
    planned = params["max_connections"] if check_mode else None
    return Request(tenants, present, params["confirm_drop"] or (), bool(params["end_sessions"]), planned)


def backend_from(params: t.Mapping[str, t.Any], progress: Progress) -> TenantServer:
    """psql and kine as the module's options say."""
    connection = Connection.as_os_user(params["os_user"], params["socket_directory"], params["port"])
    return TenantServer(
        Psql(connection), SchemaMaker(connection, params["kine_path"], progress, timeout=params["timeout"]), progress
    )


def ensure(
    request: Request,
    backend: Backend,
    *,
    check_mode: bool,
    warn: t.Callable[[str], None],
    installed: bool | None = None,
) -> dict[str, t.Any]:
    """Make the databases as requested and return the module's result.

    :param installed: whether PostgreSQL's client is here; looked up by default. Without it check mode plans everything.
    """
    state = _read(request, backend, check_mode=check_mode, warn=warn, installed=installed)
    if request.present:
        steps = steps_to_present(request.tenants, state)
    else:
        steps = steps_to_absent(request.tenants, state, end_sessions=request.end_sessions)
    kept = request.tenants if request.present else ()
    if request.present:
        for text in budget.check(request.tenants, state, request.planned_max_connections):
            warn(text)
        for tenant in closed(request.tenants, state):
            warn(f"Database {tenant.name} is closed for a restore or a move and is left as it is.")
    if steps and not check_mode:
        backend.apply(steps)
    return Plan([step.change for step in steps]).result(
        databases=[_described(tenant, steps) for tenant in kept],
        connections={
            "limits": _limits_after(request, state),
            "max_connections": state.max_connections,
        },
    )


def _read(
    request: Request, backend: Backend, *, check_mode: bool, warn: t.Callable[[str], None], installed: bool | None
) -> State:
    here = installed if installed is not None else shutil.which("psql") is not None
    if check_mode and not here:
        return State.nothing()
    try:
        return backend.read([tenant.name for tenant in request.tenants])
    except ServerDown as down:
        if not check_mode:
            raise
        warn(f"{down}. The plan takes it that nothing is there.")
        return State.nothing()


def _limits_after(request: Request, state: State) -> dict[str, int]:
    if request.present:
        return budget.usage(request.tenants, state)
    gone = {tenant.name for tenant in request.tenants}
    return {name: limit for name, limit in budget.usage((), state).items() if name not in gone}


def _described(tenant: Tenant, steps: t.Sequence[Step]) -> dict[str, t.Any]:
    own = {f"role/{name}" for name in (tenant.role, *login_pair(tenant.name))} | {f"database/{tenant.name}"}
    return {
        "name": tenant.name,
        "role": tenant.role,
        "logins": [login.name for login in tenant.logins],
        "connection_limit": tenant.connection_limit,
        "changed": any(step.database == tenant.name or step.change.target.split(" ")[0] in own for step in steps),
    }
