# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Options of the modules for PostgreSQL on several machines."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .._core.errors import HcpError, InvalidInput, ManyProblems
from .patroni_config import Cluster
from .server_settings import ServerOptions, checked

#: Settings of PostgreSQL that Patroni decides, or on which no acknowledged write being lost rests.
_OWNED = (
    "archive_mode",
    "cluster_name",
    "fsync",
    "full_page_writes",
    "hot_standby",
    "ident_file",
    "primary_conninfo",
    "primary_slot_name",
    "synchronous_commit",
    "synchronous_standby_names",
    "unix_socket_directories",
    "wal_level",
    "wal_log_hints",
)
_MEMBER_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


def argument_spec() -> dict[str, t.Any]:
    """What the modules have in common; documented in the fragment C(patroni)."""
    return {
        "name": {"type": "str", "required": True},
        "members": {"type": "dict", "required": True},
        "etcd_endpoints": {"type": "list", "elements": "str", "required": True},
        "version": {"type": "str", "default": "15"},
        "port": {"type": "int", "default": 5432},
        "health_port": {"type": "int", "default": 8008},
        "listen_addresses": {"type": "list", "elements": "str", "default": ["*"]},
        "max_connections": {"type": "int", "default": 200},
        "allowed_networks": {"type": "list", "elements": "str", "required": True},
        "settings": {"type": "dict", "default": {}},
        "watchdog": {"type": "str", "choices": ["automatic", "required", "off"], "default": "automatic"},
        "timeout": {"type": "int", "default": 900},
    }


def cluster_from(params: t.Mapping[str, t.Any]) -> Cluster:
    """From a module's options.

    :raises ManyProblems: with every wrong value.
    """
    problems: list[HcpError] = []
    members = {str(name): str(address) for name, address in (params["members"] or {}).items()}
    name = params["name"]
    if name not in members:
        problems.append(InvalidInput("is none of the members", where="name"))
    if len(members) < 3:
        problems.append(
            InvalidInput(
                f"there are {len(members)} machines: fewer than three cannot outlive the loss of one",
                where="members",
                remedy="give the group one machine or three",
            )
        )
    for member, address in members.items():
        try:
            ipaddress.ip_address(address)
        except ValueError:
            problems.append(InvalidInput(f"{address!r} is no IP address", where=f"members.{member}"))
        if not _MEMBER_NAME.fullmatch(member):
            problems.append(InvalidInput("cannot be the name of a member", where=f"members.{member}"))
    for setting in sorted(set(params["settings"] or {}) & set(_OWNED)):
        problems.append(InvalidInput("is decided by Patroni and this collection", where=f"settings.{setting}"))
    if problems:
        raise ManyProblems(problems, headline="PostgreSQL cannot be set up on several machines as described:")
    server = checked(
        ServerOptions(
            version=params["version"],
            address=members[name],
            port=params["port"],
            listen_addresses=tuple(params["listen_addresses"]),
            max_connections=params["max_connections"],
            allowed_networks=tuple(params["allowed_networks"]),
            settings=params["settings"] or {},
        )
    )
    return Cluster(name, members, tuple(params["etcd_endpoints"]), server, params["health_port"], params["watchdog"])
