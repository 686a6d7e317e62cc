# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What a member of the database machines' etcd is told: from options to the environment of its service. Pure."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from .._core.addresses import bracketed
from .._core.errors import InvalidInput

MARKER = "# Written by mothership.hcp for the database machines. Changes are lost in the next run."
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,63}")
#: Read by a member without data only.
_FIRST_START = "ETCD_INITIAL_"
DROP_IN = f"""{MARKER}
[Service]
Restart=always
RestartSec=2
"""


@dataclasses.dataclass(frozen=True)
class Settings:
    """The options of the module ``etcd_member``, see there.

    :param members: addresses by name.
    """

    name: str
    members: t.Mapping[str, str]
    client_port: int
    peer_port: int
    quota_mebibytes: int
    heartbeat: int
    election: int
    tls_folder: str

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Settings:
        """From the module's options.

        :raises InvalidInput: naming the option that cannot be used.
        """
        members = {str(name): _address(str(name), str(address)) for name, address in options["members"].items()}
        if len(members) % 2 == 0:
            raise InvalidInput(
                f"{len(members)} members: with an even number the loss of half of them stops all",
                where="members",
                remedy="give the group postgresql one machine, or three",
            )
        if options["name"] not in members:
            raise InvalidInput(f"{options['name']} is not among them", where="members", remedy="name all members")
        if options["election_timeout"] < 5 * options["heartbeat_interval"]:
            raise InvalidInput(
                "must be at least five times heartbeat_interval", where="election_timeout", remedy="ten times is usual"
            )
        return cls(
            options["name"],
            members,
            options["client_port"],
            options["peer_port"],
            options["quota_mebibytes"],
            options["heartbeat_interval"],
            options["election_timeout"],
            options["tls_folder"],
        )

    def client_url(self, name: str) -> str:
        return f"https://{bracketed(self.members[name])}:{self.client_port}"

    def peer_url(self, name: str) -> str:
        return f"https://{bracketed(self.members[name])}:{self.peer_port}"

    @property
    def others(self) -> list[str]:
        return [name for name in self.members if name != self.name]

    @property
    def endpoints(self) -> list[str]:
        return [self.client_url(name) for name in self.members]


@dataclasses.dataclass(frozen=True)
class FirstStart:
    """How a member without data begins.

    :param state: ``new`` or ``existing``.
    :param cluster: peer URLs by name, of all members.
    """

    state: str
    cluster: t.Mapping[str, str]

    def lines(self) -> dict[str, str]:
        return {
            "ETCD_INITIAL_CLUSTER": ",".join(f"{name}={url}" for name, url in sorted(self.cluster.items())),
            "ETCD_INITIAL_CLUSTER_STATE": self.state,
        }


def new_cluster(settings: Settings) -> FirstStart:
    return FirstStart("new", {name: settings.peer_url(name) for name in settings.members})


def environment(settings: Settings, first: t.Mapping[str, str], trust: str, data: str) -> dict[str, str]:
    """Everything that the service reads.

    :param data: folder of the member's data.
    :param first: see :meth:`FirstStart.lines`.
    :param trust: fingerprint of the trusted authorities: etcd reads those when it starts.
    """
    tls = {
        name: f"{settings.tls_folder}/{file}"
        for name, file in (("CERT_FILE", "server.crt"), ("KEY_FILE", "server.key"), ("TRUSTED_CA_FILE", "ca.crt"))
    }
    return {
        "ETCD_NAME": settings.name,
        "ETCD_DATA_DIR": data,
        "ETCD_LISTEN_PEER_URLS": settings.peer_url(settings.name),
        "ETCD_LISTEN_CLIENT_URLS": settings.client_url(settings.name),
        "ETCD_ADVERTISE_CLIENT_URLS": settings.client_url(settings.name),
        "ETCD_INITIAL_ADVERTISE_PEER_URLS": settings.peer_url(settings.name),
        "ETCD_INITIAL_CLUSTER_TOKEN": "mothership-database",
        **first,
        **{f"ETCD_{name}": path for name, path in tls.items()},
        **{f"ETCD_PEER_{name}": path for name, path in tls.items()},
        "ETCD_CLIENT_CERT_AUTH": "true",
        "ETCD_PEER_CLIENT_CERT_AUTH": "true",
        "ETCD_AUTO_COMPACTION_MODE": "periodic",
        "ETCD_AUTO_COMPACTION_RETENTION": "1h",
        "ETCD_QUOTA_BACKEND_BYTES": str(settings.quota_mebibytes * 1024 * 1024),
        "ETCD_HEARTBEAT_INTERVAL": str(settings.heartbeat),
        "ETCD_ELECTION_TIMEOUT": str(settings.election),
        # A member that was cut off comes back with a high term. Without this it unseats the leader, and Patroni, which
        # cannot reach etcd meanwhile, its primary.
        "ETCD_PRE_VOTE": "true",
        "MOTHERSHIP_TRUST": trust,
    }


def text(values: t.Mapping[str, str]) -> str:
    """``/etc/default/etcd``."""
    return "\n".join([MARKER, *(f"{name}={value}" for name, value in values.items()), ""])


def values_of(file: str) -> dict[str, str]:
    """The other way round."""
    pairs = (line.partition("=") for line in file.splitlines() if not line.lstrip().startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, separator, value in pairs if separator}


def first_lines(file: str) -> dict[str, str]:
    """Those of :meth:`FirstStart.lines` in a file that is there: a member with data does not read them again."""
    return {
        name: value
        for name, value in values_of(file).items()
        if name in ("ETCD_INITIAL_CLUSTER", "ETCD_INITIAL_CLUSTER_STATE")
    }


def stale_settings(running: t.Mapping[str, str], wanted: t.Mapping[str, str]) -> list[str]:
    """Names of what the process was started with otherwise, without what matters at the first start only."""
    return [name for name, value in wanted.items() if not name.startswith(_FIRST_START) and running.get(name) != value]


def _address(name: str, address: str) -> str:
    try:
        if _NAME.fullmatch(name):
            return str(ipaddress.ip_address(address))
    except ValueError:
        pass
    raise InvalidInput(
        f"{name!r} with address {address!r} cannot be a member",
        where="members",
        remedy="give a name of letters, digits, '.', '_' and '-', and an IP address (ansible_host of the machine)",
    )
