# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What HAProxy and keepalived of a load balancer read. Pure: from settings to text."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from .._core import balancing
from .._core.addresses import bracketed
from .._core.balancing import BALANCER_MARKER, VirtualAddress
from .._core.errors import InvalidInput

KEEPALIVED_CHECK = "/etc/keepalived/mothership-check"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,63}")
#: A host name; what has digits only at its end must be an IP address.
_HOST = re.compile(r"([A-Za-z0-9_-]{1,63}\.)*(?!\d+$)[A-Za-z0-9_-]{1,63}")


@dataclasses.dataclass(frozen=True)
class Server:
    """A machine that connections are passed to."""

    name: str
    address: str


@dataclasses.dataclass(frozen=True)
class Port:
    """One TCP port, or a range, and how it is passed on.

    :param check: ``https`` asks the API server whether it is ready, ``tls`` and ``tcp`` only connect,
        ``kube-proxy`` asks kube-proxy at ``check_port``.
    :param affinity: a client stays on one server; without it, connections go to all in turn.
    """

    name: str
    ports: str
    servers: tuple[Server, ...]
    check: str
    affinity: bool
    check_port: int = 0

    @property
    def numbers(self) -> range:
        first, _separator, last = self.ports.partition("-")
        return range(int(first), int(last or first) + 1)


def server_of(option: str, name: str, address: str) -> Server:
    """A server from user input.

    :raises InvalidInput: when HAProxy could not read name or address.
    """
    if not _NAME.fullmatch(name) or not (_is_ip(address) or _HOST.fullmatch(address)):
        raise InvalidInput(
            f"{name!r} with address {address!r} cannot be a server",
            where=option,
            remedy="give a name of letters, digits, '.', '_' and '-', and an IP address or a host name",
        )
    return Server(name, address)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def port_range(option: str, text: str) -> str:
    """A range such as ``30000-32767``, or one port, in its usual form.

    :raises InvalidInput: when it is none.
    """
    first, separator, last = (part.strip() for part in text.partition("-"))
    numbers = [first, last] if separator else [first]
    if not all(number.isdigit() and 0 < int(number) < 65536 for number in numbers):
        raise InvalidInput(f"{text!r} is no range of ports", where=option, remedy='write it as "30000-32767"')
    if separator and int(first) > int(last):
        raise InvalidInput(f"{text!r} ends before it begins", where=option, remedy='write it as "30000-32767"')
    return f"{int(first)}-{int(last)}" if separator else str(int(first))


def haproxy_config(ports: t.Sequence[Port], *, max_connections: int, ipv6: bool) -> str:
    """The configuration of HAProxy. TCP is passed on as it is: TLS ends at the servers.

    HAProxy tells at :data:`HEALTH_PORT` which configuration it runs with, see :func:`.balancing.identity`.
    """
    head = f"""{BALANCER_MARKER}
{balancing.global_section(max_connections)}
defaults
    mode tcp
    log global
    # A name that is not known is no reason not to start.
    default-server init-addr last,libc,none inter 2s fall 2 rise 2 on-marked-down shutdown-sessions
    # A connection that is refused goes to another server at once.
    option redispatch 1
    retries 2
    timeout connect 4s
    timeout check 4s
    # Watches, logs and exec are quiet for long. Dead peers are found by keep-alives.
    timeout client 4h
    timeout server 4h
    timeout client-fin 30s
    timeout server-fin 30s
    option clitcpka
    option srvtcpka

# keepalived asks this. It tells of HAProxy alone: without any server, another machine could do no better.
{balancing.HEALTH_FRONTEND}"""
    body = "".join(_section(port, "[::]:" if ipv6 else "*:", " v4v6" if ipv6 else "") for port in ports)
    return balancing.with_identity(head + body)


def bound_ports(text: str) -> set[int]:
    """The ports that a configuration of :func:`haproxy_config` listens on; none for any other."""
    found: set[int] = set()
    ours = text if BALANCER_MARKER in text else ""
    for first, last in re.findall(r"^ +bind \S+:(\d+)(?:-(\d+))?", ours, re.MULTILINE):
        found.update(range(int(first), int(last or first) + 1))
    return found


def _section(port: Port, before: str, after: str) -> str:
    lines = [f"bind {before}{port.ports}{after}"]
    if port.affinity:
        # When a server goes, only its own clients move.
        lines += ["balance source", "hash-type consistent"]
    else:
        lines += ["balance roundrobin"]
    if port.check == "https":
        # Without the right to ask, the answer is 401 or 403: then it serves, and cannot say more. 500 is not ready.
        lines += ["option httpchk GET /readyz", "http-check expect status 200,401,403"]
    if port.check == "kube-proxy":
        lines += ["option httpchk GET /healthz", "http-check expect status 200"]
    checks = {
        "https": "check check-ssl verify none",
        "tls": "check check-ssl verify none",
        "tcp": "check",
        # A restart of kube-proxy harms no connection: time for it.
        "kube-proxy": f"check port {port.check_port} fall 5",
    }
    # Without a port of its own, a server gets the connection on the port that the client asked for.
    suffix = "" if len(port.numbers) > 1 else f":{port.numbers[0]}"
    for server in port.servers:
        lines.append(f"server {server.name} {bracketed(server.address)}{suffix} {checks[port.check]}")
    return f"\nlisten {port.name}\n" + "".join(f"    {line}\n" for line in lines)


def keepalived_config(virtual: VirtualAddress) -> str:
    """The configuration of keepalived."""
    return balancing.keepalived_config(virtual, marker=BALANCER_MARKER, check=KEEPALIVED_CHECK, instance="mothership")


def keepalived_check() -> str:
    """The program by which keepalived asks HAProxy."""
    return balancing.keepalived_check(BALANCER_MARKER)
