# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What all machines with HAProxy and keepalived have in common. Pure: text from settings and files of the kernel."""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
import re
import typing as t

HAPROXY_CONFIG = "/etc/haproxy/haproxy.cfg"
HAPROXY_SOCKET = "/run/haproxy/admin.sock"
KEEPALIVED_CONFIG = "/etc/keepalived/keepalived.conf"
#: First line of both files on a load balancer of the mothership; a database machine must not take them over.
BALANCER_MARKER = "# Written by mothership.hcp. Changes are lost in the next run."
#: HAProxy tells keepalived here, on this machine only, that it works.
HEALTH_PORT = 8404
_NO_IDENTITY = "configuration-unknown"
#: Asks for the identity of the running configuration.
ASK_IDENTITY = (
    "bash",
    "-c",
    f"exec 3<>/dev/tcp/127.0.0.1/{HEALTH_PORT} && printf 'GET /identity HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3",
)
#: A frontend for this, see :func:`with_identity`.
HEALTH_FRONTEND = f"""frontend health
    mode http
    bind 127.0.0.1:{HEALTH_PORT}
    timeout client 5s
    monitor-uri /healthz
    http-request return status 200 content-type text/plain string {_NO_IDENTITY}
"""
#: The group's first machine begins with the virtual address; each following one comes behind it.
_PRIORITY = 150


@dataclasses.dataclass(frozen=True)
class VirtualAddress:
    """The address that one of several machines has.

    :param interface: of this machine; ``source`` is its own address there.
    :param peers: addresses of the others, in the group's order.
    :param position: of this machine in the group, from 0.
    """

    address: str
    interface: str
    source: str
    peers: tuple[str, ...]
    position: int
    router_id: int

    @property
    def with_prefix(self) -> str:
        return f"{self.address}/{ipaddress.ip_address(self.address).max_prefixlen}"


def global_section(max_connections: int) -> str:
    """How HAProxy itself runs."""
    return f"""global
    # Standard output goes to the journal.
    log stdout format raw daemon notice
    user haproxy
    group haproxy
    chroot /var/lib/haproxy
    stats socket {HAPROXY_SOCKET} mode 660 level operator
    maxconn {max_connections}
"""


def with_identity(text: str) -> str:
    """A configuration that holds :data:`HEALTH_FRONTEND`, so that HAProxy tells which one it runs with."""
    return text.replace(_NO_IDENTITY, f"configuration-{hashlib.sha256(text.encode()).hexdigest()[:32]}")


def identity(text: str) -> str:
    """What a HAProxy with this configuration answers to :data:`ASK_IDENTITY`; nothing for one of somebody else."""
    found = re.search(r"\bconfiguration-[0-9a-f]{32}$", text, re.MULTILINE)
    return found[0] if found else ""


def is_in_use(text: str) -> bool:
    """Whether a configuration of HAProxy or keepalived does anything; that of the package does not."""
    words = {line.split()[0] for line in text.splitlines() if line.split() and not line.startswith("#")}
    return bool(words & {"frontend", "listen", "backend", "vrrp_instance", "virtual_server"})


def keepalived_config(virtual: VirtualAddress, *, marker: str, check: str, instance: str) -> str:
    """The configuration of keepalived.

    Advertisements go to the other machines only (unicast). There is no password: VRRP sends it in the clear.

    :param marker: first line.
    :param check: path of the program with :func:`keepalived_check`.
    """
    lines = [
        f"unicast_src_ip {virtual.source}",
        *(["unicast_peer {", *(f"    {peer}" for peer in virtual.peers), "}"] if virtual.peers else []),
    ]
    unicast = "".join(f"    {line}\n" for line in lines)
    return f"""{marker}
global_defs {{
    script_user nobody
    enable_script_security
    vrrp_version 3
}}

vrrp_script haproxy {{
    script "{check}"
    interval 2
    timeout 3
    fall 2
    rise 2
}}

vrrp_instance {instance} {{
    # All begin as BACKUP and keep the address once they have it: a machine that comes back causes no second move.
    state BACKUP
    nopreempt
    interface {virtual.interface}
    virtual_router_id {virtual.router_id}
    priority {_PRIORITY - virtual.position}
    advert_int 1
{unicast}    virtual_ipaddress {{
        {virtual.with_prefix} dev {virtual.interface}
    }}
    track_script {{
        haproxy
    }}
}}
"""


def keepalived_check(marker: str) -> str:
    """The program by which keepalived asks HAProxy; bash alone is enough for it."""
    return f"""#!/bin/bash
{marker}
# Ends with 0 when HAProxy answers.
exec 3<>/dev/tcp/127.0.0.1/{HEALTH_PORT} || exit 1
printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3
read -r -t 2 answer <&3
[[ $answer == *" 200 "* ]]
"""


def interface_to(routes: str, address: str) -> str:
    """The interface through which an IPv4 address is reached; empty when no route leads there.

    :param routes: ``/proc/net/route``.
    """
    best = (-1, "")
    wanted = ipaddress.ip_address(address)
    for line in routes.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8 or not int(fields[3], 16) & 1:  # RTF_UP
            continue
        mask = bin(int(fields[7], 16)).count("1")
        network = ipaddress.ip_network((int.from_bytes(bytes.fromhex(fields[1]), "little"), mask), strict=False)
        if wanted in network and mask > best[0]:
            best = (mask, fields[0])
    return best[1]


def local_addresses(tree: str) -> set[str]:
    """IPv4 addresses of this machine; empty when the kernel does not tell.

    :param tree: ``/proc/net/fib_trie``.
    """
    lines = tree.splitlines()
    pairs: t.Iterable[tuple[str, str]] = zip(lines, lines[1:])
    found = {line.split()[-1] for line, following in pairs if following.strip() == "/32 host LOCAL"}
    return {address for address in found if not address.startswith("127.")}
