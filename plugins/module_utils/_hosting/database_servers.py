# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The site's PostgreSQL servers as their machines describe them; shared by placement and move."""

from __future__ import annotations

import dataclasses
import typing as t

from .._controlplane.spec import ClusterSpec
from .._core.errors import InvalidInput
from .._datastore.budget import RESERVED
from .._datastore.placement import Measured, Wanted
from .._datastore.servers import DatabaseServer, MachineVariables, one_address, parse_servers, reached
from .database_record import Record

#: Options about servers, of placement and move.
SERVER_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "servers": {"type": "list", "elements": "dict", "required": True},
    "machines": {"type": "dict", "default": {}},
    "addresses": {"type": "dict", "default": {}},
    "virtual_addresses": {"type": "dict", "default": {}},
    "ports": {"type": "dict", "default": {}},
    "measured": {"type": "list", "elements": "dict", "default": []},
    "port": {"type": "int", "default": 5432},
    "proxy_port": {"type": "int", "default": 5000},
    "max_connections": {"type": "int", "default": 200},
}


@dataclasses.dataclass(frozen=True)
class Site:
    """The declared servers with what is known about each.

    :param reached: name -> host and port for control planes.
    """

    servers: t.Sequence[DatabaseServer]
    measured: t.Mapping[str, Measured]
    reached: t.Mapping[str, tuple[str, int]]

    def named(self, name: str) -> DatabaseServer:
        """The server of that name.

        :raises InvalidInput: none is declared under it.
        """
        for server in self.servers:
            if server.name == name:
                return server
        raise InvalidInput(
            f"{name} is no declared server",
            where="postgresql_servers",
            remedy=f"use one of {', '.join(server.name for server in self.servers)}, or declare it",
        )

    def addresses(self) -> dict[str, dict[str, t.Any]]:
        """What ``hosted_control_plane`` takes as ``database_servers``; external servers are not in it."""
        return {
            server.name: {
                "host": self.reached[server.name][0],
                "port": self.reached[server.name][1],
                "ca_certificate": self.certificate(server),
            }
            for server in self.servers
            if not server.external
        }

    def certificate(self, server: DatabaseServer) -> str:
        """PEM of the CA of a server; empty when nobody told it."""
        return server.ca_certificate or self.measured[server.name].ca_certificate


def site_from(params: t.Mapping[str, t.Any], *, check_mode: bool, warn: t.Callable[[str], None]) -> Site:
    """The options of :data:`SERVER_ARGUMENTS` in their typed form.

    :raises HcpError: naming every value that cannot be used.
    """
    servers = parse_servers(params["servers"])
    measured: dict[str, Measured] = {}
    at: dict[str, tuple[str, int]] = {}
    for server in servers:
        names = [str(name) for name in params["machines"].get(server.group) or []]
        measured[server.name] = _measured(server, names, params, check_mode=check_mode, warn=warn)
        at[server.name] = reached(server, _variables(names, params))
    for problem in one_address(at):
        raise problem
    return Site(servers, measured, at)


def wish_of(spec: ClusterSpec, record: Record) -> Wanted:
    """What a cluster asks of a server."""
    return Wanted(
        spec.name,
        spec.database,
        spec.connection_limit,
        server=spec.database_server,
        recorded=record.server,
        zone=spec.database_zone,
        quota_bytes=spec.quota_bytes,
    )


def _variables(machines: t.Sequence[str], params: t.Mapping[str, t.Any]) -> list[MachineVariables]:
    return [
        MachineVariables(
            str(params["addresses"].get(name) or name),
            int(params["ports"].get(name) or params["port"]),
            params["proxy_port"],
            str(params["virtual_addresses"].get(name) or ""),
        )
        for name in machines
    ]


def _measured(
    server: DatabaseServer,
    machines: t.Sequence[str],
    params: t.Mapping[str, t.Any],
    *,
    check_mode: bool,
    warn: t.Callable[[str], None],
) -> Measured:
    if server.external:
        return Measured(ca_certificate=server.ca_certificate)
    if not machines:
        return Measured(problem=f"group {server.group} has no machines")
    told = [answer for answer in params["measured"] if answer.get("item") in machines]
    running = [answer for answer in told if answer.get("running")]
    writing = [answer for answer in running if not (answer.get("server") or {}).get("in_recovery")]
    if len(writing) == 1:
        return _from_answer(writing[0])
    if check_mode and not running:
        warn(f"PostgreSQL server {server.name} does not answer yet; the plan takes it that it is there and empty.")
        connections = params["max_connections"] - RESERVED
        return Measured(machine=machines[0], version=str(max(server.versions)), connections=connections)
    if len(writing) > 1:
        names = " and ".join(str(answer["item"]) for answer in writing)
        return Measured(problem=f"{names} both take writes: they are no one server")
    reasons = [f"{answer['item']}: {answer.get('problem') or answer.get('msg') or 'stand-by'}" for answer in told]
    return Measured(problem="; ".join(reasons) or "nobody asked its machines")


def _from_answer(answer: t.Mapping[str, t.Any]) -> Measured:
    """The answer of ``postgresql_info`` of the machine that writes."""
    server, databases = answer.get("server") or {}, answer.get("databases") or []
    free = server.get("free_bytes")
    return Measured(
        machine=str(answer["item"]),
        version=str(server.get("version") or ""),
        connections=int(server.get("max_connections") or 0) - int(server.get("reserved_connections") or RESERVED),
        promised=sum(max(0, int(one.get("connection_limit") or 0)) for one in databases),
        used_bytes=sum(int(one.get("size") or 0) for one in databases),
        free_bytes=int(free) if free is not None else None,
        databases=tuple(str(one["name"]) for one in databases),
        closed=tuple(str(one["name"]) for one in databases if one.get("closed")),
        ca_certificate=str(server.get("ca_certificate") or ""),
    )
