# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What HAProxy and keepalived of a database machine read. Pure: from options to text."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from .._core import balancing
from .._core.addresses import bracketed
from .._core.balancing import HEALTH_PORT, VirtualAddress
from .._core.errors import InvalidInput

#: Which machine leads, from the running HAProxy to the one that takes its place; there only for the time of a reload.
STATES = "/var/lib/mothership-hcp/database-haproxy-states"
KEEPALIVED_CHECK = "/etc/keepalived/mothership-database-check"
#: First line of all these files but the program, where it is the second.
MARKER = "# Written by mothership.hcp for the database machines. Changes are lost in the next run."
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,63}")
_INTERFACE = re.compile(r"[A-Za-z0-9_.:-]{1,15}")


@dataclasses.dataclass(frozen=True)
class Settings:
    """The options of the module ``postgresql_proxy``, see there."""

    name: str
    machines: t.Mapping[str, str]
    port: int
    database_port: int
    health_port: int
    allowed_networks: tuple[str, ...]
    virtual_address: str
    keepalived: bool
    virtual_router_id: int
    interface: str
    max_connections: int
    tls_folder: str

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Settings:
        """From the module's options.

        :raises InvalidInput: naming the option that cannot be used.
        """
        given = {field.name: options[field.name] for field in dataclasses.fields(cls)}
        given["machines"] = {
            str(name): _address(f"machines.{name}", str(address)) for name, address in options["machines"].items()
        }
        given["allowed_networks"] = tuple(_network(network) for network in options["allowed_networks"])
        if given["virtual_address"]:
            given["virtual_address"] = _address("virtual_address", given["virtual_address"])
        settings = cls(**given)
        settings._check()
        return settings

    def _check(self) -> None:
        if self.name not in self.machines:
            raise InvalidInput(f"{self.name} is not among them", where="machines", remedy="name all database machines")
        for name in self.machines:
            if not _NAME.fullmatch(name):
                raise InvalidInput(f"{name!r} cannot be a name", where="machines", remedy="use letters, digits and '-'")
        ports = {"port": self.port, "database_port": self.database_port, "health_port": self.health_port}
        for option, number in ports.items():
            if not 0 < number < 65536 or number == HEALTH_PORT or list(ports.values()).count(number) > 1:
                raise InvalidInput(
                    f"{number} cannot be used", where=option, remedy=f"give a port of its own, other than {HEALTH_PORT}"
                )
        if not 1 <= self.virtual_router_id <= 255:
            raise InvalidInput(
                f"{self.virtual_router_id} is not between 1 and 255",
                where="virtual_router_id",
                remedy="choose another number for each virtual address of the network",
            )
        if self.interface and not _INTERFACE.fullmatch(self.interface):
            raise InvalidInput(f"{self.interface!r} is no interface", where="interface", remedy="'ip link' names them")
        if self.moves:
            self._check_virtual_address()

    def _check_virtual_address(self) -> None:
        virtual = ipaddress.ip_address(self.virtual_address)
        for name, text in self.machines.items():
            address = ipaddress.ip_address(text)
            if address == virtual or address.version != virtual.version:
                raise InvalidInput(
                    f"{virtual} does not go together with {name}'s own address {address}",
                    where="virtual_address",
                    remedy="give a free address of the same kind (IPv4 or IPv6) and the same network",
                )
        if virtual.version == 6 and not self.interface:
            raise InvalidInput(
                "an IPv6 address needs the name of its interface", where="interface", remedy="'ip link' names them"
            )

    @property
    def moves(self) -> bool:
        """Whether keepalived holds the virtual address."""
        return bool(self.virtual_address) and self.keepalived

    @property
    def ports(self) -> frozenset[int]:
        """On which HAProxy must listen."""
        return frozenset({self.port, HEALTH_PORT})

    def virtual(self, interface: str) -> VirtualAddress:
        peers = tuple(address for name, address in self.machines.items() if name != self.name)
        position = list(self.machines).index(self.name)
        return VirtualAddress(
            self.virtual_address, interface, self.machines[self.name], peers, position, self.virtual_router_id
        )


def haproxy_config(settings: Settings, certificates: str) -> str:
    """The configuration of HAProxy. TLS to PostgreSQL goes through; that to Patroni is HAProxy's own.

    :param certificates: fingerprint of the files that HAProxy reads besides, so that it reloads when they change.
    """
    check = (
        f"check port {settings.health_port} check-ssl verify required ca-file {settings.tls_folder}/ca.crt "
        f"crt {settings.tls_folder}/haproxy.pem"
    )
    servers = "".join(
        f"    server {name} {bracketed(address)}:{settings.database_port} {check} tcp-ut 10s\n"
        for name, address in settings.machines.items()
    )
    text = f"""{MARKER}
# Certificates: {certificates}
{balancing.global_section(settings.max_connections)}    server-state-file {STATES}

defaults
    mode tcp
    log global
    # Otherwise all machines count as leading after a reload until they were asked, and clients end up on standbys.
    load-server-state-from-file global
    # Asked more often as soon as something has changed. A session to a machine that does not lead must end; three
    # times in a row, because Patroni listens anew when its certificate changes.
    default-server inter 2s fastinter 500ms downinter 1s fall 3 rise 1 on-marked-down shutdown-sessions
    timeout connect 4s
    timeout check 3s
    # Connections of a pool are quiet for long. Dead peers are found by keep-alives and tcp-ut.
    timeout client 24h
    timeout server 24h
    timeout client-fin 10s
    timeout server-fin 10s
    option clitcpka
    option srvtcpka
    clitcpka-idle 10s
    clitcpka-intvl 3s
    clitcpka-cnt 3
    srvtcpka-idle 10s
    srvtcpka-intvl 3s
    srvtcpka-cnt 3

# keepalived asks this. It tells of HAProxy alone: each machine's HAProxy leads to the same server.
{balancing.HEALTH_FRONTEND}
frontend postgresql
    bind {_bind(settings)} tcp-ut 10s
{_access(settings)}    default_backend primary

backend primary
    # Patroni says 200 on the machine that leads, and 503 on all others.
    option httpchk
    http-check send meth GET uri /primary
    http-check expect status 200
{servers}"""
    return balancing.with_identity(text)


def _bind(settings: Settings) -> str:
    """All addresses: the virtual one may come at any time."""
    return f"[::]:{settings.port} v4v6" if ":" in settings.machines[settings.name] else f"*:{settings.port}"


def _access(settings: Settings) -> str:
    """PostgreSQL sees the address of this machine, so that networks are admitted here."""
    if not settings.allowed_networks:
        return ""
    sources = [*settings.allowed_networks, *settings.machines.values(), "127.0.0.0/8"]
    return f"    tcp-request connection reject unless {{ src {' '.join(dict.fromkeys(sources))} }}\n"


def bound_ports(text: str) -> set[int]:
    """The ports that a configuration of :func:`haproxy_config` listens on; none for any other."""
    return {int(port) for port in re.findall(r"^ +bind \S+:(\d+)", text, re.MULTILINE)} if MARKER in text else set()


def _address(where: str, text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise InvalidInput(
            f"{text!r} is no IP address", where=where, remedy="give the machine's IP address (ansible_host)"
        ) from None


def _network(text: t.Any) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise InvalidInput(str(error), where="allowed_networks", remedy="write it like 10.1.0.0/16") from None
