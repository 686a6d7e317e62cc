# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL server on three machines, without machines."""

from __future__ import annotations

import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, Unreachable
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.data_folder import DataFolder
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_api import Member
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_config import Cluster
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_machine import Answer, MemberState
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.server_machine import Layout
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.server_settings import ServerOptions

MEMORY = 4 * 1024**3
MEMBERS = {"db1": "10.77.0.21", "db2": "10.77.0.22", "db3": "10.77.0.23"}
ENDPOINTS = [f"https://{address}:2379" for address in MEMBERS.values()]
OPTIONS: dict[str, t.Any] = {
    "name": "db1",
    "members": MEMBERS,
    "etcd_endpoints": ENDPOINTS,
    "allowed_networks": ["10.77.0.11", "10.244.0.0/16"],
}


def cluster(name: str = "db1", **server: t.Any) -> Cluster:
    networks = ("10.77.0.11", "10.244.0.0/16")
    options = ServerOptions("15", MEMBERS[name], allowed_networks=networks, **server)
    return Cluster(name, MEMBERS, tuple(ENDPOINTS), options)


def folder(**changed: t.Any) -> DataFolder:
    values: dict[str, t.Any] = {
        "system_identifier": "7448217843121",
        "state": "in production",
        "checkpoint": "0/3000060",
        "timeline": 1,
    }
    return DataFolder(**{**values, **changed})


class FakeApi:
    """Patroni on all machines. ``statuses``: by address; a machine without one does not answer."""

    def __init__(self, members: t.Sequence[Member] = (), settings: t.Mapping[str, t.Any] | None = None) -> None:
        self.known = list(members)
        self.shared = dict(settings or {})
        self.statuses: dict[str, dict[str, t.Any]] = {}
        self.done: list[t.Any] = []
        self.seen = 0

    def status(self, host: str) -> dict[str, t.Any]:
        if host not in self.statuses:
            raise Unreachable("connection refused")
        self.seen += 1
        return {"dcs_last_seen": self.seen, **self.statuses[host]}

    def members(self, host: str) -> list[Member]:
        if not self.known:
            raise Unreachable("connection refused")
        return self.known

    def settings(self, host: str) -> dict[str, t.Any]:
        if not self.statuses:
            raise Unreachable("connection refused")
        return self.shared

    def change_settings(self, host: str, patch: t.Mapping[str, t.Any]) -> None:
        self.done.append(("patch", dict(patch)))

    def restart(self, host: str, *, timeout: float) -> None:
        self.done.append(("restart", host))
        self.statuses[host].pop("pending_restart", None)


class RecordingMember:
    """Everything :class:`MemberMachine` can do, written down. ``after``: the API's answers once Patroni runs."""

    def __init__(self, state: MemberState, api: FakeApi | None = None) -> None:
        self.layout = Layout("15")
        self.state = state
        self.api = api
        self.answers: list[Answer | HcpError] = [Answer(primary=True, roles=True)]
        self.done: list[str] = []

    def read(self) -> MemberState:
        return self.state

    def fingerprint(self, configuration: str) -> str:
        return "new"

    def answer(self) -> Answer:
        found = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(found, HcpError):
            raise found
        return found

    def journal(self) -> str:
        return "the last lines"

    def copied_bytes(self) -> int:
        return 100 << 20

    def write(self, file: t.Any) -> None:
        self.done.append(f"write {file.path}")

    def __getattr__(self, name: str) -> t.Callable[..., None]:
        if name not in (
            "create_data", "hand_over", "prepare_data", "enable", "start_umbrella", "start", "reload", "make_roles"
        ):  # fmt: skip
            raise AttributeError(name)
        return lambda *_arguments: self.done.append(name)
