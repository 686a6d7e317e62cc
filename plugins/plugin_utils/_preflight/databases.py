# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The site's PostgreSQL servers: their machines and addresses, and the connections that hosted clusters want."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput, ManyProblems
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.budget import RESERVED, budget_of
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.servers import (
    DEFAULT_GROUP,
    DatabaseServer,
    MachineVariables,
    one_address,
    parse_servers,
    reached,
)
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import groups
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.database import Target

#: Machines of one server: alone, or as many as can outvote the loss of some.
SIZES = (1, 3, 5)
MAX_CONNECTIONS = 200


class Read(t.Protocol):
    """A variable as a machine sees it; of the first argument ``None``, as the site does."""

    def __call__(self, machine: str | None, name: str, default: t.Any = None) -> t.Any: ...


@dataclasses.dataclass(frozen=True)
class Databases:
    """What is declared.

    :param members: groups of the inventory.
    :param clusters: the hosted clusters that could be parsed.
    """

    members: t.Mapping[str, t.Sequence[str]]
    clusters: t.Sequence[ClusterSpec]
    read: Read

    def problems(self) -> list[HcpError]:
        """Everything that is wrong."""
        servers, found = self._servers()
        for server in servers:
            found += self._machine_problems(server)
        found += self._undeclared(servers)
        if not found:
            found = [*one_address({server.name: reached(server, self._variables(server)) for server in servers})]
            found += self._unknown_servers(servers) + self._over_budget(servers)
        return found

    def targets(self) -> list[Target]:
        """Those that are not the site's: they can be asked from the controller already."""
        found = []
        for number, server in enumerate(self._servers()[0]):
            if server.external:
                where = f"postgresql_servers[{number}]"
                port, certificate = server.port or 5432, server.ca_certificate
                found.append(Target(where, server.address, port, server.sslmode, certificate))
        for number, spec in enumerate(self.clusters):
            if spec.database_host:
                where, port = f"hosted_clusters[{number}].database_host", spec.database_port or 5432
                found.append(
                    Target(where, spec.database_host, port, spec.database_sslmode, spec.database_ca_certificate)
                )
        return found

    def _servers(self) -> tuple[list[DatabaseServer], list[HcpError]]:
        given = self.read(None, "postgresql_servers") or []
        if not isinstance(given, list) or not all(isinstance(entry, t.Mapping) for entry in given):
            remedy = "write '- name: main' and 'group: postgresql' below it"
            return [], [InvalidInput("is no list of servers", where="postgresql_servers", remedy=remedy)]
        try:
            return parse_servers(given), []
        except ManyProblems as many:
            return [], list(many.problems)

    def _undeclared(self, servers: t.Sequence[DatabaseServer]) -> list[HcpError]:
        """Groups of machines that would get PostgreSQL and never a database."""
        declared = {server.group for server in servers} | {DEFAULT_GROUP}
        return [
            InvalidInput(
                "no server of postgresql_servers has this group",
                where=f"group {name}",
                remedy=f"add a server with group: {name} to postgresql_servers, or empty the group",
            )
            for name, machines in self.members.items()
            if servers and machines and groups.is_database(name) and name not in declared
        ]

    def _machines(self, server: DatabaseServer) -> t.Sequence[str]:
        return self.members.get(server.group, ()) if server.group else ()

    def _variables(self, server: DatabaseServer) -> list[MachineVariables]:
        return [
            MachineVariables(
                str(self.read(machine, "ansible_host") or machine),
                self._number(machine, "postgresql_port", 5432),
                self._number(machine, "postgresql_proxy_port", 5000),
                str(self.read(machine, "postgresql_virtual_address") or ""),
            )
            for machine in self._machines(server)
        ]

    def _machine_problems(self, server: DatabaseServer) -> list[HcpError]:
        machines = self._machines(server)
        where = f"group {server.group}"
        if server.group and not machines and self.read(None, "postgresql_servers"):
            remedy = f"add the machines of PostgreSQL server {server.name} to it, or give the server an address instead"
            return [InvalidInput("the group has no machine", where=where, remedy=remedy)]
        if len(machines) > 1 and len(machines) not in SIZES:
            return [
                InvalidInput(
                    f"has {len(machines)} machines: {_why(len(machines))}",
                    where=where,
                    remedy="use 1 machine, 3 or 5",
                )
            ]
        return self._address_problems(machines) if len(machines) > 1 else []

    def _address_problems(self, machines: t.Sequence[str]) -> list[HcpError]:
        name = "postgresql_virtual_address"
        address = str(self.read(machines[0], name) or "")
        if not address:
            return [
                InvalidInput(
                    f"is needed with {len(machines)} database machines: control planes reach the one that leads there",
                    where=name,
                    remedy="set it to a free address of the network of these machines; where they have no common"
                    " network, to the address of your own balancer, with postgresql_keepalived: false",
                )
            ]
        if str(self.read(machines[0], "postgresql_keepalived", True)).lower() in ("false", "no", "off", "0"):
            return []
        taken = {str(self.read(machine, "ansible_host") or machine): machine for machine in machines}
        if address in taken:
            remedy = "choose an address that no machine has"
            return [InvalidInput(f"{address} is the address of {taken[address]}", where=name, remedy=remedy)]
        try:
            ipaddress.ip_address(address)
        except ValueError:
            remedy = "give an IP address, or set postgresql_keepalived: false when your own balancer has this name"
            return [InvalidInput(f"{address!r} is no IP address, and keepalived needs one", where=name, remedy=remedy)]
        return []

    def _unknown_servers(self, servers: t.Sequence[DatabaseServer]) -> list[HcpError]:
        names = [server.name for server in servers]
        return [
            InvalidInput(
                f"there is no PostgreSQL server {spec.database_server}",
                where=f"hosted_clusters[{number}].database_server",
                remedy=f"use one of {', '.join(names)}, or declare it in postgresql_servers",
            )
            for number, spec in enumerate(self.clusters)
            if spec.database_server and spec.database_server not in names
        ]

    # -- connections ---------------------------------------------------------------------------------------------------

    def _over_budget(self, servers: t.Sequence[DatabaseServer]) -> list[HcpError]:
        """Servers that cannot serve what is asked of them. Where a cluster goes that names none is not known here."""
        found: list[HcpError] = []
        for server in servers:
            limits = self._limits(server, alone=len(servers) == 1)
            if server.external or not limits:
                continue
            machine = next(iter(self._machines(server)), None)
            maximum = self._number(machine, "postgresql_max_connections", MAX_CONNECTIONS)
            budget = budget_of(limits, maximum, self._reserved(machine))
            if not budget.fits:
                found.append(
                    InvalidInput(
                        f"the connections of hosted clusters do not fit: {budget.arithmetic}",
                        where="hosted_clusters" if len(servers) == 1 else f"PostgreSQL server {server.name}",
                        remedy=budget.remedy,
                    )
                )
        return found

    def _limits(self, server: DatabaseServer, *, alone: bool) -> dict[str, int]:
        limits = {
            spec.database: spec.connection_limit
            for spec in self.clusters
            if not spec.database_host and (alone or spec.database_server == server.name)
        }
        if server.group == DEFAULT_GROUP and self.read(None, "mothership_storage") == "kine":
            machines = len(self.members.get("mothership_control_plane", ()))
            each = self._number(None, "mothership_datastore_connections", 20)
            limits["the mothership"] = (machines + 1) * each + 3
        return limits

    def _reserved(self, machine: str | None) -> int:
        settings = self.read(machine, "postgresql_settings")
        given = settings.get("superuser_reserved_connections") if isinstance(settings, t.Mapping) else None
        return int(str(given)) if str(given).isdigit() else RESERVED

    def _number(self, machine: str | None, name: str, default: int) -> int:
        """A value that is no number is a problem that the role's own specification tells."""
        value = str(self.read(machine, name, default))
        return int(value) if value.isdigit() else default


def _why(count: int) -> str:
    if count == 2:
        return "when one of two is lost, the other cannot know whether it may lead, so two are worse than one"
    if count % 2 == 0:
        return f"an even number survives the loss of no more machines than {count - 1} do"
    return "more than 5 make every commit slower and nothing safer"
