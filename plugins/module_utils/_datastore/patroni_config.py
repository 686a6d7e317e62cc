# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""What Patroni's files say: ``config.yml`` of a machine and the settings that all machines share. Pure."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import typing as t

from .._core.addresses import bracketed
from .server_settings import ServerOptions, access_lines, settings, tenant_rules

SCOPE = "mothership"
REPLICATION_ROLE = "mothership_replication"
REWIND_ROLE = "mothership_rewind"
CERTIFICATE_NAME = "mothership-database"
SOCKET_FOLDER = "/var/run/postgresql"
LOOP_SECONDS = 5

#: Included by PostgreSQL in place of Debian's postgresql.conf.
BASE_CONFIGURATION = "/etc/patroni/mothership-postgresql.conf"
BASE_TEXT = "# Written by mothership.hcp. Patroni wants this file; all settings stand in its own.\n"

UNIT_TEXT = """# Written by mothership.hcp.
[Unit]
Wants=network-online.target
After=network-online.target etcd.service

[Service]
# The device of the watchdog, where the machine has one, becomes Patroni's.
ExecStartPre=+-/bin/chown postgres /dev/watchdog
# A large server takes its time to write everything down.
TimeoutStopSec=300
"""

_MAP = "mothership"
_REPLICATION = {
    "wal_level": "replica",
    "hot_standby": True,
    "wal_log_hints": True,
    "max_wal_senders": 10,
    "max_replication_slots": 10,
    # What a machine may miss and still follow without a new copy.
    "wal_keep_size": "1GB",
    "wal_sender_timeout": "10s",
    "wal_receiver_timeout": "10s",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "timezone": "Etc/UTC",
    "log_timezone": "Etc/UTC",
}


@dataclasses.dataclass(frozen=True)
class TlsFiles:
    """Files that the operating system user postgres may read."""

    folder: str = "/etc/mothership-hcp/postgresql-tls/postgres"

    @property
    def certificate(self) -> str:
        return f"{self.folder}/server.crt"

    @property
    def key(self) -> str:
        return f"{self.folder}/server.key"

    @property
    def authority(self) -> str:
        return f"{self.folder}/ca.crt"


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The machines that hold one database server together.

    :param members: address by machine name, in the inventory's order.
    :param endpoints: of etcd, ``https://10.77.0.21:2379``.
    :param server: what :class:`ServerOptions` says of PostgreSQL; ``address`` is that of this machine.
    """

    name: str
    members: t.Mapping[str, str]
    endpoints: tuple[str, ...]
    server: ServerOptions
    health_port: int = 8008
    watchdog: str = "automatic"
    tls: TlsFiles = dataclasses.field(default_factory=TlsFiles)

    @property
    def address(self) -> str:
        return self.members[self.name]

    @property
    def data(self) -> str:
        return f"/var/lib/postgresql/{self.server.version}/main"

    @property
    def programs(self) -> str:
        return f"/usr/lib/postgresql/{self.server.version}/bin"


def member_text(cluster: Cluster, memory: int) -> str:
    """``config.yml`` of this machine. JSON is YAML, and the machine's Python writes it without help."""
    own = cluster.address
    tls = cluster.tls
    files = {"certfile": tls.certificate, "keyfile": tls.key}
    etcd = {"protocol": "https", "cacert": tls.authority, "cert": tls.certificate, "key": tls.key}
    content = {
        "scope": SCOPE,
        "name": cluster.name,
        "restapi": {
            "listen": f"{'[::]' if ':' in own else '0.0.0.0'}:{cluster.health_port}",  # noqa: S104
            "connect_address": f"{bracketed(own)}:{cluster.health_port}",
            **files,
            "cafile": tls.authority,
            # Without a client certificate one may look, and nothing else.
            "verify_client": "optional",
        },
        "ctl": {**files, "cacert": tls.authority},
        "etcd3": {"hosts": [one.rpartition("/")[2] for one in cluster.endpoints], **etcd},
        "watchdog": {"mode": cluster.watchdog, "device": "/dev/watchdog", "safety_margin": 5},
        "postgresql": _postgresql(cluster, memory),
        "tags": {},
    }
    head = "# Written by mothership.hcp. Changes made here are undone: use the variables of role postgresql.\n"
    return head + json.dumps(content, indent=2) + "\n"


def _postgresql(cluster: Cluster, memory: int) -> dict[str, t.Any]:
    """What is this machine's own. Settings of the server are shared, but for the size of its memory."""
    tls, server = cluster.tls, cluster.server
    client = {
        "sslmode": "verify-full",
        "sslrootcert": tls.authority,
        "sslcert": tls.certificate,
        "sslkey": tls.key,
    }
    values = settings(server, memory, tls.certificate, tls.key)
    return {
        "listen": f"{','.join(server.listen_addresses)}:{server.port}",
        "connect_address": f"{bracketed(cluster.address)}:{server.port}",
        "data_dir": cluster.data,
        "bin_dir": cluster.programs,
        # Debian's postgresql.conf is of the single server; nothing of it may come between.
        "custom_conf": BASE_CONFIGURATION,
        # A copy does not wait for the next checkpoint, which may take a quarter of an hour.
        "basebackup": {"checkpoint": "fast"},
        "use_unix_socket": True,
        "use_unix_socket_repl": True,
        "pgpass": "/var/lib/postgresql/.patroni_pgpass",
        "authentication": {
            "superuser": {"username": "postgres"},
            "replication": {"username": REPLICATION_ROLE, **client},
            "rewind": {"username": REWIND_ROLE, **client},
        },
        "parameters": {"shared_buffers": values["shared_buffers"], "unix_socket_directories": SOCKET_FOLDER},
        "pg_hba": access_lines(_rules(cluster)),
        "pg_ident": [
            f"{_MAP} postgres {REPLICATION_ROLE}",
            f"{_MAP} {CERTIFICATE_NAME} {REPLICATION_ROLE}",
            f"{_MAP} {CERTIFICATE_NAME} {REWIND_ROLE}",
        ],
    }


def _rules(cluster: Cluster) -> list[tuple[str, str, str, str, str]]:
    """Machines of the server log in to each other by certificate; tenants come from a proxy on one of them."""
    members = [str(ipaddress.ip_network(address)) for address in cluster.members.values()]
    networks = [str(ipaddress.ip_network(one)) for one in cluster.server.allowed_networks]
    return [
        ("local", "replication", REPLICATION_ROLE, "", f"peer map={_MAP}"),
        *(("hostssl", "replication", REPLICATION_ROLE, member, f"cert map={_MAP}") for member in members),
        *(("hostssl", "postgres", REWIND_ROLE, member, f"cert map={_MAP}") for member in members),
        *tenant_rules([*members, *(network for network in networks if network not in members)]),
    ]


def shared_settings(cluster: Cluster, memory: int, *, strict: bool = True) -> dict[str, t.Any]:
    """What the machines share through etcd.

    :param strict: writes wait for a second machine. Not yet while there is no second one.
    """
    tls = cluster.tls
    values = settings(cluster.server, memory, tls.certificate, tls.key)
    values["ssl_ca_file"] = tls.authority
    own = ("listen_addresses", "port", "shared_buffers")
    parameters = {name: value for name, value in values.items() if name not in own}
    return {
        # When etcd's leader goes together with the primary, the next one begins all leases anew: what counts is this
        # time and a new leader's election, some 4 seconds. Newer releases of Patroni may take their least, 20.
        "ttl": 15,
        "loop_wait": LOOP_SECONDS,
        "retry_timeout": 5,
        # While etcd does not answer, a primary goes on as long as all other machines say that they know of no other.
        "failsafe_mode": True,
        "maximum_lag_on_failover": 1048576,
        "check_timeline": True,
        "synchronous_mode": True,
        "synchronous_mode_strict": strict,
        "synchronous_node_count": 1,
        # A primary that cannot come back in this time leaves its place to the synchronous replica.
        "primary_start_timeout": 20,
        "postgresql": {
            "use_pg_rewind": True,
            "use_slots": True,
            "remove_data_directory_on_rewind_failure": True,
            "remove_data_directory_on_diverged_timelines": True,
            "parameters": {name: _value(value) for name, value in {**_REPLICATION, **parameters}.items()},
        },
    }


def settings_patch(current: t.Mapping[str, t.Any], desired: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What ``PATCH /config`` has to say. Settings of PostgreSQL that are not desired go; other keys stay."""
    patch: dict[str, t.Any] = {}
    for key, value in desired.items():
        there = current.get(key)
        if key in ("postgresql", "parameters") and isinstance(value, dict):
            known = there if isinstance(there, dict) else {}
            inner = settings_patch(known, value)
            if key == "parameters":
                inner.update({name: None for name in known if name not in value})
            if inner:
                patch[key] = inner
        elif there != value:
            patch[key] = value
    return patch


def part_of(current: t.Mapping[str, t.Any], patch: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What stands now where ``patch`` changes something."""
    part: dict[str, t.Any] = {}
    for key, value in patch.items():
        there = current.get(key)
        part[key] = part_of(there, value) if isinstance(value, dict) and isinstance(there, dict) else there
    return part


def _value(value: t.Any) -> t.Any:
    """As PostgreSQL shows it, so that Patroni sees no difference where there is none."""
    return ("on" if value else "off") if isinstance(value, bool) else value
