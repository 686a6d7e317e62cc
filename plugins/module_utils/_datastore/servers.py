# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The PostgreSQL servers that a site declares, typed and checked. Pure: no input or output."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._core.errors import HcpError, InvalidInput, ManyProblems

#: The server of a site that declares none: the machines of group ``postgresql``.
DEFAULT_NAME = "main"
DEFAULT_GROUP = "postgresql"

#: Major versions of PostgreSQL that kine is tested with.
SUPPORTED_MAJORS = (14, 15, 16, 17)

_SSL_MODES = ("verify-full", "verify-ca", "require", "disable")
_KEYS = frozenset({"name", "group", "address", "port", "ca_certificate", "sslmode", "zone", "max_bytes", "versions"})
#: A label of Kubernetes holds the name.
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
#: ``site`` finds the machines by it.
_GROUP = re.compile(r"postgresql(_\w+)?")
_SIZE = re.compile(r"(\d+)\s*(|[KMGT]i?B?)", re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


@dataclasses.dataclass(frozen=True)
class DatabaseServer:
    """One PostgreSQL server, which may be several machines behind one address.

    :param group: inventory group of the machines that run it; empty for one that exists already.
    :param address: DNS name or address for clients; empty for what the machines of ``group`` say.
    :param port: 0 for the default of the group.
    :param ca_certificate: PEM; empty for that of the group.
    :param zone: free text; clusters may ask for it.
    :param max_bytes: most that all databases together may use; 0 for what the disk has.
    :param versions: major versions that may be used; by default all supported ones.
    """

    name: str
    group: str = ""
    address: str = ""
    port: int = 0
    ca_certificate: str = ""
    sslmode: str = "verify-full"
    zone: str = ""
    max_bytes: int = 0
    versions: tuple[int, ...] = SUPPORTED_MAJORS

    @property
    def external(self) -> bool:
        """Whether it is none of the site's machines: databases and logins on it are made by its owner."""
        return not self.group


@dataclasses.dataclass(frozen=True)
class MachineVariables:
    """What the variables of a database machine say of the way to it.

    :param port: of PostgreSQL, ``proxy_port`` of the proxy that several machines have.
    :param virtual_address: of its group; empty for none.
    """

    address: str
    port: int
    proxy_port: int
    virtual_address: str = ""


def reached(server: DatabaseServer, machines: t.Sequence[MachineVariables]) -> tuple[str, int]:
    """Host and port for clients: through the proxy where several machines have an address together, else the first's.

    :param machines: of the server's group, in its order.
    :returns: an empty host when nothing says where the server is.
    """
    first = machines[0] if machines else MachineVariables("", 5432, 5000)
    if server.address:
        return server.address, server.port or first.port
    # A single machine has no proxy, though its variables may be those of all groups.
    if len(machines) > 1 and first.virtual_address:
        return first.virtual_address, server.port or first.proxy_port
    return first.address, server.port or first.port


def one_address(reached_at: t.Mapping[str, tuple[str, int]]) -> list[InvalidInput]:
    """Two servers at one address are one server: a moved database would not be where its clients look for it.

    :param reached_at: host and port by name of the server.
    """
    found: list[InvalidInput] = []
    names: dict[tuple[str, int], str] = {}
    for name, (host, port) in reached_at.items():
        other = names.setdefault((host, port), name)
        if host and other != name:
            found.append(
                InvalidInput(
                    f"{other} and {name} are both at {host}:{port}",
                    where="postgresql_servers",
                    remedy="give each server an address of its own: postgresql_virtual_address in the variables of "
                    "each group, or address in postgresql_servers",
                )
            )
    return found


def default_servers() -> list[DatabaseServer]:
    """What a site has that declares no servers."""
    return [DatabaseServer(DEFAULT_NAME, group=DEFAULT_GROUP)]


def parse_servers(
    options: t.Sequence[t.Mapping[str, t.Any]], *, path: str = "postgresql_servers"
) -> list[DatabaseServer]:
    """The declared servers, or the default one where none are declared.

    :param path: name of the option, for messages.
    :raises ManyProblems: with every wrong value in it.
    """
    servers: list[DatabaseServer] = []
    problems: list[HcpError] = []
    for index, option in enumerate(options):
        where = f"{path}[{index}]"
        try:
            server = _parse(option)
        except InvalidInput as problem:
            problems.append(InvalidInput(problem.message, where=f"{where}.{problem.where}", remedy=problem.remedy))
            continue
        problems += _problems(server, servers, where)
        servers.append(server)
    if problems:
        raise ManyProblems(problems, headline=f"{path} cannot be used:")
    return servers or default_servers()


def parse_bytes(text: str | int, *, where: str) -> int:
    """``2GiB``, ``500M`` or a number as bytes; units are powers of 1024."""
    match = _SIZE.fullmatch(str(text).strip())
    if match is None:
        raise InvalidInput(f"{text!r} is no size", where=where, remedy="write a number with a unit, such as 20GiB")
    return int(match[1]) * 1024 ** _POWERS[match[2][:1].upper()]


def _parse(option: t.Mapping[str, t.Any]) -> DatabaseServer:
    given = {key: value for key, value in option.items() if value not in (None, "")}
    unknown = sorted(set(given) - _KEYS)
    if unknown:
        raise InvalidInput("is not an option of a PostgreSQL server", where=unknown[0], remedy=f"use {sorted(_KEYS)}")
    if not given.get("name"):
        raise InvalidInput("is required", where="name", remedy="give every server a name")
    texts = {
        key: str(given[key])
        for key in ("name", "group", "address", "ca_certificate", "sslmode", "zone")
        if key in given
    }
    return DatabaseServer(
        **texts,
        port=_whole(given.get("port", 0), "port"),
        max_bytes=parse_bytes(given.get("max_bytes", 0), where="max_bytes"),
        versions=tuple(_whole(one, "versions") for one in given.get("versions") or SUPPORTED_MAJORS),
    )


def _whole(value: t.Any, where: str) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"\d+", str(value)):
        raise InvalidInput(f"{value!r} is not a number", where=where, remedy="write a whole number")
    return int(value)


def _problems(server: DatabaseServer, others: t.Sequence[DatabaseServer], where: str) -> t.Iterator[HcpError]:
    if not _NAME.fullmatch(server.name):
        yield InvalidInput(
            f"{server.name!r} is no name for a server",
            where=f"{where}.name",
            remedy="use 1 to 63 of a-z, 0-9 and hyphens, with a letter or digit at both ends",
        )
    if any(server.name == other.name for other in others):
        yield InvalidInput(f"{server.name} is listed twice", where=f"{where}.name")
    if server.group and not _GROUP.fullmatch(server.group):
        yield InvalidInput(
            f"{server.group!r} is no group of PostgreSQL machines",
            where=f"{where}.group",
            remedy=f"name the group {DEFAULT_GROUP} or {DEFAULT_GROUP}_<something>",
        )
    if server.group and any(server.group == other.group for other in others):
        yield InvalidInput(
            f"the machines of {server.group} are another server already",
            where=f"{where}.group",
            remedy="give every server a group of its own",
        )
    if not server.group and not server.address:
        yield InvalidInput(
            "a server needs the group of its machines, or an address",
            where=f"{where}.group",
            remedy="set group for machines of the inventory, address for a PostgreSQL that exists already",
        )
    if server.port > 65535:
        yield InvalidInput(f"{server.port} is no port", where=f"{where}.port")
    if server.sslmode not in _SSL_MODES:
        yield InvalidInput(f"{server.sslmode!r} is not one of {', '.join(_SSL_MODES)}", where=f"{where}.sslmode")
    if server.external and server.sslmode.startswith("verify-") and not server.ca_certificate:
        yield InvalidInput(
            f"is needed for sslmode {server.sslmode}",
            where=f"{where}.ca_certificate",
            remedy="give the PEM certificate of the CA that signed the server's certificate",
        )
    wrong = sorted(set(server.versions) - set(SUPPORTED_MAJORS))
    if wrong:
        yield InvalidInput(
            f"kine is not tested with PostgreSQL {wrong[0]}",
            where=f"{where}.versions",
            remedy=f"use of {', '.join(map(str, SUPPORTED_MAJORS))}",
        )
