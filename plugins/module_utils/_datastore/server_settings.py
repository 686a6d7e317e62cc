# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the files of the server say: ``mothership.conf`` and ``pg_hba.conf``. Pure but for :func:`memory_bytes`."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from .._core.errors import HcpError, InvalidInput, ManyProblems
from .budget import RESERVED
from .tenants import GROUP

_MEBIBYTE = 1024 * 1024
_LARGEST_SHARED_BUFFERS = 2048
_SMALLEST_SHARED_BUFFERS = 128

#: Settings with an option of their own, or on which the safety of tenants rests.
_OWNED = {
    "listen_addresses": "use listen_addresses",
    "port": "use port",
    "max_connections": "use max_connections",
    **dict.fromkeys(("ssl", "ssl_cert_file", "ssl_key_file", "ssl_ca_file"), "TLS is made by this module"),
    **dict.fromkeys(("hba_file", "password_encryption"), "who may connect is decided by this module"),
}
_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")


@dataclasses.dataclass(frozen=True)
class ServerOptions:
    """The options of the module.

    :param address: what control planes connect to, an IP address or a name.
    :param allowed_networks: CIDRs from which tenants may connect.
    :param settings: settings of the user, laid over those of this collection.
    """

    version: str
    address: str
    port: int = 5432
    listen_addresses: tuple[str, ...] = ("*",)
    max_connections: int = 200
    allowed_networks: tuple[str, ...] = ()
    settings: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    names: tuple[str, ...] = ()


def checked(options: ServerOptions) -> ServerOptions:
    """``options`` when they can be used.

    :raises ManyProblems: with every wrong value.
    """
    problems: list[HcpError] = []
    if not re.fullmatch(r"[0-9]{2}", options.version):
        problems.append(InvalidInput(f"{options.version!r} is no major version such as 15", where="version"))
    for index, network in enumerate(options.allowed_networks):
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            problems.append(
                InvalidInput(str(error), where=f"allowed_networks[{index}]", remedy="write it like 10.1.0.0/16")
            )
    for name, value in options.settings.items():
        if name in _OWNED:
            problems.append(InvalidInput("is not set this way", where=f"settings.{name}", remedy=_OWNED[name]))
        elif not _NAME.fullmatch(name):
            problems.append(InvalidInput("is no name of a setting", where=f"settings.{name}"))
        elif not isinstance(value, (str, int, float, bool)) or "\n" in str(value):
            problems.append(InvalidInput("is neither text on one line, number nor boolean", where=f"settings.{name}"))
    if problems:
        raise ManyProblems(problems, headline="PostgreSQL cannot be set up as described:")
    return options


def memory_bytes() -> int:
    """Memory of the machine, or of the control group that holds this process when that is smaller."""
    sizes = [8 * 1024 * _MEBIBYTE]
    with open("/proc/meminfo", encoding="ascii") as file:
        sizes = [int(line.split()[1]) * 1024 for line in file if line.startswith("MemTotal:")] or sizes
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(path, encoding="ascii") as file:
                sizes.append(int(file.read()))
        except (OSError, ValueError):  # "max", or no such control group
            continue
    return min(sizes)


def shared_buffers(memory: int) -> str:
    """A quarter of ``memory`` (bytes), as a power of two of MiB between 128 and 2048.

    Powers of two, because the memory that a kernel reports differs a little between boots and a change needs a restart.
    """
    quarter = memory // 4 // _MEBIBYTE
    size = _SMALLEST_SHARED_BUFFERS
    while size * 2 <= min(quarter, _LARGEST_SHARED_BUFFERS):
        size *= 2
    return f"{size}MB"


def settings(options: ServerOptions, memory: int, certificate: str, key: str) -> dict[str, t.Any]:
    """All settings of ``mothership.conf``, in order."""
    connections = {
        "listen_addresses": ",".join(options.listen_addresses),
        "port": options.port,
        "max_connections": options.max_connections,
        "superuser_reserved_connections": RESERVED,
        "tcp_keepalives_idle": 60,
        "tcp_keepalives_interval": 10,
        "tcp_keepalives_count": 3,
    }
    security = {
        "ssl": True,
        "ssl_cert_file": certificate,
        "ssl_key_file": key,
        "ssl_min_protocol_version": "TLSv1.2",
        "password_encryption": "scram-sha-256",
    }
    storage = {
        "shared_buffers": shared_buffers(memory),
        "wal_compression": True,
        "checkpoint_timeout": "15min",
        "max_wal_size": "4GB",
        "random_page_cost": 1.1,
        "jit": False,
    }
    # kine's parameters are Kubernetes objects, Secrets among them, and an error's detail may hold a row.
    logging = {
        "log_statement": "none",
        "log_min_duration_statement": "1s",
        "log_min_error_statement": "panic",
        "log_parameter_max_length": 0,
        "log_parameter_max_length_on_error": 0,
        "log_error_verbosity": "terse",
        "log_checkpoints": True,
        "log_lock_waits": True,
    }
    return {**connections, **security, **storage, **logging, **options.settings}


def configuration_text(values: t.Mapping[str, t.Any]) -> str:
    """``mothership.conf``."""
    lines = [f"{name} = {_value(value)}" for name, value in values.items()]
    return "\n".join(
        ["# Written by mothership.hcp. Changes made here are undone: use postgresql_settings.", *lines, ""]
    )


def _value(value: t.Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (int, float)):
        return str(value)
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


def changed_settings(before: str | None, after: str) -> set[str]:
    """Names of settings that differ between two texts of :func:`configuration_text`."""
    old, new = _lines(before or ""), _lines(after)
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def _lines(text: str) -> dict[str, str]:
    pairs = (line.partition(" = ") for line in text.splitlines() if not line.startswith("#"))
    return {name: value for name, separator, value in pairs if separator}


Rule = tuple[str, str, str, str, str]


def tenant_rules(networks: t.Sequence[str]) -> list[Rule]:
    """Each tenant over TLS into the database whose name is that of a role it belongs to."""
    return [("hostssl", "samerole", f"+{GROUP}", network, "scram-sha-256") for network in networks]


def access_lines(rules: t.Sequence[Rule]) -> list[str]:
    """Lines of ``pg_hba.conf``: the administrator over the socket, ``rules``, and nobody else."""
    everything = [
        ("local", "all", "postgres", "", "peer"),
        ("local", "replication", "postgres", "", "peer"),
        # The exporter for Prometheus, where there is one.
        ("local", "postgres", "prometheus", "", "peer"),
        *rules,
        ("local", "all", "all", "", "reject"),
        ("host", "all", "all", "all", "reject"),
    ]
    return ["{:<7} {:<12} {:<13} {:<19} {}".format(*rule) for rule in everything]


def access_text(networks: t.Sequence[str]) -> str:
    """``pg_hba.conf`` of a server on one machine."""
    head = "# Written by mothership.hcp. Changes made here are undone: use postgresql_allowed_networks."
    return "\n".join([head, *access_lines(tenant_rules(networks)), ""])
