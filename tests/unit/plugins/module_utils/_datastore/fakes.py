# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins that record what they are asked to do."""

from __future__ import annotations

import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._datastore.command import Outcome
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenants import (
    GROUP,
    ROLE_SETTINGS,
    TABLE_SETTINGS,
    Login,
    State,
    Step,
    Table,
    Tenant,
)

VERIFIER = "SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$" + "A" * 43 + "=:" + "B" * 43 + "="
OTHER_VERIFIER = VERIFIER.replace("A" * 43, "C" * 43)


def tenant(name: str = "hcp_a", **changed: t.Any) -> Tenant:
    """A tenant whose first login is the active one."""
    logins = changed.pop("logins", (Login(f"{name}_a", VERIFIER),))
    return Tenant(**{"name": name, "logins": logins, "connection_limit": 60, **changed})


def old_tenant(name: str = "hcp_a", verifier: str | None = VERIFIER, **changed: t.Any) -> Tenant:
    """A tenant of the older form: the owner is the login."""
    return tenant(name, logins=(Login(name, verifier),), **changed)


def role(**changed: t.Any) -> dict[str, t.Any]:
    """The owner of a tenant's database as :meth:`TenantServer.read` returns it, in its desired state."""
    attributes = dict.fromkeys(("superuser", "createdb", "createrole", "replication", "bypassrls"), False)
    return {
        **attributes,
        "login": False,
        "inherit": True,
        "connection_limit": 60,
        "password": None,
        "tenant": True,
        "member_of": [GROUP],
        "settings": {},
        **changed,
    }


def old_role(**changed: t.Any) -> dict[str, t.Any]:
    """An owner that is the login itself."""
    return role(**{"login": True, "password": VERIFIER, "settings": dict(ROLE_SETTINGS), **changed})


def login_role(owner: str, **changed: t.Any) -> dict[str, t.Any]:
    """A login in its desired state."""
    settings = {**ROLE_SETTINGS, "role": owner}
    return old_role(**{"tenant": False, "member_of": [owner], "settings": settings, **changed})


def database(owner: str, **changed: t.Any) -> dict[str, t.Any]:
    return {
        "owner": owner,
        "tenant": owner != "postgres",
        "encoding": "UTF8",
        "collation": "C",
        "character_type": "C",
        "public": False,
        "owner_rights": False,
        "connection_limit": 60,
        "quota": 0,
        "write_rate": 0,
        "sessions": {},
        "closed": False,
        **changed,
    }


def state(*names: str, max_connections: int = 200) -> State:
    """A server on which everything is as it should be for databases called ``names``."""
    group = role(tenant=False, member_of=[], connection_limit=-1)
    own = {"postgres": database("postgres"), "template1": database("postgres")}
    logins = {f"{name}_a": login_role(name) for name in names}
    return State(
        {GROUP: group, **{name: role() for name in names}, **logins},
        {**own, **{name: database(name) for name in names}},
        {name: Table(name, dict(TABLE_SETTINGS), ordered=True) for name in names},
        max_connections,
        5,
    )


class RecordingBackend:
    """Backend of kine_database."""

    def __init__(self, state: State | Exception) -> None:
        self.state = state
        self.applied: list[Step] = []

    def read(self, names: t.Sequence[str]) -> State:
        if isinstance(self.state, Exception):
            raise self.state
        return self.state

    def apply(self, steps: t.Sequence[Step]) -> None:
        self.applied += steps


class RecordingRun:
    """Programs that do nothing. ``answers``: the first word that appears in the command line decides."""

    def __init__(self, answers: t.Mapping[str, Outcome] | None = None) -> None:
        self.answers = dict(answers or {})
        self.calls: list[tuple[tuple[str, ...], str | None]] = []

    def __call__(self, argv: t.Sequence[str], *, stdin: str | None = None, **options: t.Any) -> Outcome:
        self.calls.append((tuple(argv), stdin))
        words = " ".join(argv)
        return next((outcome for word, outcome in self.answers.items() if word in words), Outcome(0))
