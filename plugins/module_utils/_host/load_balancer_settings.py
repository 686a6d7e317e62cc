# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What a load balancer is asked to do, checked."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from .._core.balancing import HEALTH_PORT
from .._core.errors import InvalidInput
from .load_balancer_config import Port, Server, port_range, server_of

_INTERFACE = re.compile(r"[A-Za-z0-9_.:-]{1,15}")


@dataclasses.dataclass(frozen=True)
class Settings:
    """The options of module ``load_balancer``, see there."""

    name: str
    machines: tuple[Server, ...]
    servers: tuple[Server, ...]
    distribution: str
    api_port: int
    k0s_api_port: int
    konnectivity_port: int
    node_ports: str
    node_port_servers: tuple[Server, ...]
    node_port_health_port: int
    virtual_address: str | None
    virtual_router_id: int
    interface: str | None
    max_connections: int
    ipv6: bool

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Settings:
        """From the module's options.

        :raises InvalidInput: naming the option that cannot be used.
        """
        given = dict(options)
        for option in ("machines", "servers", "node_port_servers"):
            given[option] = _servers(option, given[option])
        for option in ("virtual_address", "interface"):
            given[option] = given[option] or None
        settings = cls(**{field.name: given[field.name] for field in dataclasses.fields(cls)})
        settings._check_machines()
        settings._check_ports()
        settings._check_virtual_address()
        return settings

    def ports(self) -> list[Port]:
        """What is passed on. Clients of an API stay on one server; agents of konnectivity must reach all."""
        ports = [Port("api", str(self.api_port), self.servers, "https", True)]
        if self.distribution == "k0s" and self.k0s_api_port:
            ports.append(Port("k0s-join", str(self.k0s_api_port), self.servers, "tls", False))
        if self.distribution == "k0s" and self.konnectivity_port:
            ports.append(Port("konnectivity", str(self.konnectivity_port), self.servers, "tcp", False))
        if self.node_ports and self.node_port_servers:
            numbers = port_range("node_ports", self.node_ports)
            ports.append(
                Port("node-ports", numbers, self.node_port_servers, "kube-proxy", True, self.node_port_health_port)
            )
        return ports

    def own_address(self) -> str:
        return self.machines[self.position()].address

    def peers(self) -> tuple[str, ...]:
        return tuple(machine.address for machine in self.machines if machine.name != self.name)

    def position(self) -> int:
        return [machine.name for machine in self.machines].index(self.name)

    def _check_machines(self) -> None:
        if not self.servers:
            raise InvalidInput("there is no server", where="servers", remedy="name the machines of the control plane")
        if self.name not in [machine.name for machine in self.machines]:
            raise InvalidInput(
                f"{self.name} is not among the load balancers", where="machines", remedy="name all of them"
            )
        behind = {server.address for server in (*self.servers, *self.node_port_servers)}
        if self.own_address() in behind:
            raise InvalidInput(
                f"{self.name} is a machine of the mothership too: both would need the same ports",
                where="servers",
                remedy="give group load_balancers machines of their own",
            )

    def _check_ports(self) -> None:
        for option in ("api_port", "k0s_api_port", "konnectivity_port"):
            given = getattr(self, option)
            if not 0 <= given < 65536 or (given == 0 and option == "api_port"):
                raise InvalidInput(f"{given} is no port", where=option, remedy="give a number from 1 to 65535")
        taken: dict[int, str] = {HEALTH_PORT: "the health check of this machine"}
        for port in self.ports():
            for number in port.numbers:
                if number in taken:
                    raise InvalidInput(
                        f"port {number} is that of {taken[number]} too",
                        where=port.name,
                        remedy="choose ports that do not overlap",
                    )
                taken[number] = port.name

    def _check_virtual_address(self) -> None:
        if self.virtual_address is None:
            return
        self._check_router()
        virtual = _ip("virtual_address", self.virtual_address)
        for machine in self.machines:
            address = _ip(f"address of {machine.name} in machines", machine.address)
            if address == virtual or address.version != virtual.version:
                raise InvalidInput(
                    f"{virtual} does not go together with {machine.name}'s own address {address}",
                    where="virtual_address",
                    remedy="give a free address of the same kind (IPv4 or IPv6) and the same network",
                )
        if virtual.version == 6 and not (self.interface and self.ipv6):
            raise InvalidInput(
                "an IPv6 address needs the name of its interface, and ipv6",
                where="virtual_address",
                remedy="set load_balancer_interface and load_balancer_ipv6",
            )

    def _check_router(self) -> None:
        if not 1 <= self.virtual_router_id <= 255:
            raise InvalidInput(
                f"{self.virtual_router_id} is not between 1 and 255",
                where="virtual_router_id",
                remedy="choose another number for each virtual address of the network",
            )
        if self.interface is not None and not _INTERFACE.fullmatch(self.interface):
            raise InvalidInput(
                f"{self.interface!r} is no interface", where="interface", remedy="'ip link' on the machine names them"
            )


def _servers(option: str, given: t.Mapping[str, t.Any]) -> tuple[Server, ...]:
    """Sorted, so that all load balancers send a client to the same server."""
    return tuple(server_of(option, str(name), str(given[name])) for name in sorted(given))


def _ip(where: str, text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise InvalidInput(
            f"{text!r} is no IP address, which VRRP needs",
            where=where,
            remedy="set that machine's IP address in load_balancer_addresses",
        ) from None
