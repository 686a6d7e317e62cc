# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The typed, validated definition of one hosted cluster."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from .._core.errors import HcpError, InvalidInput, ManyProblems
from .port_range import PortRange
from .spec_checks import problems_of, size_in_bytes

_NUMBERS = frozenset({"replicas", "api_port", "konnectivity_port", "database_connections", "database_port"})
_MAPPINGS = frozenset({"api_server_extra_args", "kubelet_config", "kube_proxy_config", "labels", "k0s_config"})
_SWITCHES = frozenset({"allow_network_overlap", "k0s_official_images"})
_LISTS = frozenset({"k0s_disable_components", "k0s_flags"})

#: Value of ``kine``: the API servers of a cluster use one.
SHARED = "shared"


@dataclasses.dataclass(frozen=True)
class ClusterSpec:
    """One hosted cluster as the user defined it, defaults filled in.

    :param version: of Kubernetes, such as ``1.36.3``, without a leading v; of k0s also ``1.36.3+k0s.2``.
    :param endpoint: IPv4 address or DNS name under which clients and workers reach the API.
    :param api_port: ``None`` until allocated.
    :param database_connections: most connections that the kine of one replica keeps open.
    :param kine: ``replica``: each API server has one of its own; ``shared``: there is one for all of them.
    :param labels: shown on objects in the mothership; never part of a selector or a pod template.
    :param allow_network_overlap: its networks may be those of the mothership.
    :param k0s_config: ``spec`` of a k0s ClusterConfig; what the collection sets itself is refused in it.
    :param k0s_image: full reference; empty for the official image of the version.
    :param k0s_official_images: k0s runs its add-ons with its own images, CoreDNS and the metrics server among them.
    :param k0s_flags: further flags of ``k0s controller``, each with its hyphens.
    :param database_host: of a PostgreSQL that is not the site's; then its database and login exist already.
    :param database_name: empty for ``hcp_<name>``; likewise ``database_user``.
    :param database_quota: size such as ``2GiB`` that the database may grow to; empty for none.
    :param database_write_rate: size such as ``1MiB`` that large objects may write in a second; empty for any.
    :param database_server: one of the site's PostgreSQL servers by name; empty to have one chosen.
    :param database_sslmode: as libpq knows it.
    :param database_zone: where that server has to be; empty for anywhere.
    :param database_ca_certificate: PEM of the CA of that PostgreSQL; empty for that of the site's.
    """

    name: str
    version: str
    endpoint: str
    distribution: str = "kubeadm"
    replicas: int = 2
    api_port: int | None = None
    konnectivity_port: int | None = None
    advertise_address: str | None = None
    pod_cidr: str = "10.245.0.0/16"
    service_cidr: str = "10.98.0.0/16"
    dns_domain: str = "cluster.local"
    api_server_extra_args: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    database_connections: int = 20
    kubelet_config: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    kube_proxy_config: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    labels: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    allow_network_overlap: bool = False
    k0s_config: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    k0s_image: str = ""
    k0s_official_images: bool = False
    k0s_flags: tuple[str, ...] = ()
    k0s_disable_components: tuple[str, ...] = ()
    database_host: str = ""
    database_port: int | None = None
    database_name: str = ""
    database_user: str = ""
    database_sslmode: str = "verify-full"
    database_ca_certificate: str = ""
    kine: str = "replica"
    database_quota: str = ""
    database_write_rate: str = ""
    database_server: str = ""
    database_zone: str = ""

    @property
    def kubernetes_version(self) -> str:
        """The version without what a distribution adds to it."""
        return self.version.partition("+")[0]

    @property
    def namespace(self) -> str:
        """Namespace in the mothership that holds everything of this cluster."""
        return f"hcp-{self.name}"

    @property
    def database(self) -> str:
        """Name of the database."""
        return self.database_name or "hcp_" + self.name.replace("-", "_")

    @property
    def login(self) -> str:
        """Name of the role that kine logs in as at first; Secret kine-credentials says which one it is now."""
        if self.database_host:
            return self.database_user or self.database
        return self.logins[0]

    @property
    def logins(self) -> tuple[str, str]:
        """The two roles of the site's PostgreSQL that take turns when the password is rotated."""
        return f"{self.database}_a", f"{self.database}_b"

    @property
    def quota_bytes(self) -> int:
        """Bytes that the database may grow to, 0 for no quota."""
        return size_in_bytes(self.database_quota) or 0

    @property
    def write_bytes_per_second(self) -> int:
        """Bytes of large objects that the database takes in a second, 0 for any."""
        return size_in_bytes(self.database_write_rate) or 0

    @property
    def service_address(self) -> str:
        """First address of the Service network: the ``kubernetes`` Service."""
        return str(ipaddress.IPv4Network(self.service_cidr)[1])

    @property
    def dns_address(self) -> str:
        """Tenth address of the Service network: the cluster's DNS."""
        return str(ipaddress.IPv4Network(self.service_cidr)[10])

    @property
    def connection_limit(self) -> int:
        """Connections to the database: every kine, the one a rolling update adds, and three for maintenance."""
        kines = 1 if self.kine == SHARED else self.replicas
        return (kines + 1) * self.database_connections + 3


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What the definitions of all clusters are checked against, and the defaults that come from the mothership.

    :param networks: networks of the mothership (pods, Services) that no hosted cluster may overlap.
    """

    version: str | None = None
    endpoint: str | None = None
    advertise_address: str | None = None
    networks: tuple[str, ...] = ()
    node_ports: PortRange = dataclasses.field(default_factory=PortRange)


def parse_clusters(
    options: t.Sequence[t.Mapping[str, t.Any]], surroundings: Surroundings, *, path: str = "clusters"
) -> list[ClusterSpec]:
    """Typed definitions of all clusters.

    :param path: name of the option that held the list, for messages.
    :raises ManyProblems: with every problem found, each naming its option path.
    """
    problems: list[HcpError] = []
    specs: list[ClusterSpec] = []
    for number, option in enumerate(options):
        where = f"{path}[{number}]"
        try:
            spec = _parse(option, surroundings)
        except InvalidInput as problem:
            problems.append(InvalidInput(problem.message, where=f"{where}.{problem.where}", remedy=problem.remedy))
            continue
        problems += [
            InvalidInput(problem.message, where=f"{where}.{problem.where}", remedy=problem.remedy)
            for problem in problems_of(spec, surroundings)
        ]
        specs.append(spec)
    problems += _check_together(specs, path)
    if problems:
        raise ManyProblems(problems, headline=f"{path} cannot be used:")
    return specs


def _parse(option: t.Mapping[str, t.Any], surroundings: Surroundings) -> ClusterSpec:
    given = {key: value for key, value in option.items() if value is not None}
    for key in ("version", "endpoint", "advertise_address"):
        default = getattr(surroundings, key)
        if default and not given.get(key):
            given[key] = default
            if key == "version" and given.get("distribution", "kubeadm") != "k0s":
                # The mothership may be k0s itself, and this cluster not.
                given[key] = str(default).partition("+")[0]
    fields = {field.name for field in dataclasses.fields(ClusterSpec)}
    unknown = sorted(set(given) - fields)
    if unknown:
        raise InvalidInput("is not an option of a hosted cluster", where=unknown[0], remedy=f"use {sorted(fields)}")
    for key, remedy in (
        ("name", "give every cluster a name"),
        ("version", "give the Kubernetes version, such as 1.36.3"),
        ("endpoint", "give the address or DNS name under which the API is reached"),
    ):
        if not given.get(key):
            raise InvalidInput("is required", where=key, remedy=remedy)
    typed = {key: _typed(key, value) for key, value in given.items()}
    return ClusterSpec(**{**typed, "version": typed["version"].removeprefix("v")})


def _typed(key: str, value: t.Any) -> t.Any:
    """The value in the type of its option; a number may be written as text."""
    if key in _NUMBERS:
        if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
            raise InvalidInput(f"{value!r} is not a number", where=key, remedy="write a whole number")
        return int(value)
    if key in _MAPPINGS:
        if not isinstance(value, t.Mapping):
            raise InvalidInput(f"{value!r} is not a mapping", where=key, remedy="write it as key: value")
        return value
    if key in _SWITCHES:
        return str(value).lower() in ("true", "yes", "on", "1")
    if key in _LISTS:
        if not isinstance(value, (list, tuple)):
            raise InvalidInput(
                f"{value!r} is not a list", where=key, remedy="write one item a line, each after a hyphen"
            )
        return tuple(str(item) for item in value)
    return str(value)


def _check_together(specs: t.Sequence[ClusterSpec], path: str) -> list[InvalidInput]:
    """Names and ports must be unique among all clusters."""
    problems = _check_logins(specs, path)
    names: dict[str, int] = {}
    ports: dict[int, str] = {}
    for number, spec in enumerate(specs):
        if spec.name in names:
            problems.append(
                InvalidInput(
                    f"{spec.name!r} is also the name of {path}[{names[spec.name]}]",
                    where=f"{path}[{number}].name",
                    remedy="give every cluster a name of its own",
                )
            )
        names.setdefault(spec.name, number)
        for key, port in (("api_port", spec.api_port), ("konnectivity_port", spec.konnectivity_port)):
            owner = ports.get(port) if port is not None else None
            if owner is not None and owner != spec.name:
                problems.append(
                    InvalidInput(
                        f"{port} is also a port of {owner}",
                        where=f"{path}[{number}].{key}",
                        remedy="choose another port, or leave it out and one is allocated",
                    )
                )
            if port is not None:
                ports.setdefault(port, spec.name)
    return problems


def _check_logins(specs: t.Sequence[ClusterSpec], path: str) -> list[InvalidInput]:
    """``x`` and ``x-a`` exclude each other: a role would be the login of one and the owner of the other's database."""
    owners = {spec.database: spec.name for spec in specs if not spec.database_host}
    return [
        InvalidInput(
            f"the database of {owners[login]!r} has the name of a login of this cluster's, {login}",
            where=f"{path}[{number}].name",
            remedy=f"give one of the two another name: {spec.name} excludes {spec.name}-a and {spec.name}-b",
        )
        for number, spec in enumerate(specs)
        if not spec.database_host
        for login in spec.logins
        if login in owners
    ]
