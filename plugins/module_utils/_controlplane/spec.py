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
from . import networks
from .port_range import PortRange

#: Kubernetes minor versions whose flags and objects are known to work.
SUPPORTED_MINORS = ((1, 35), (1, 36))
DISTRIBUTIONS = ("kubeadm",)

_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_FLAG = re.compile(r"[a-z][a-z0-9-]*")
_LABEL_KEY = re.compile(r"([a-z0-9.-]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")

_NUMBERS = frozenset({"replicas", "api_port", "konnectivity_port", "database_connections"})
_MAPPINGS = frozenset({"api_server_extra_args", "kubelet_config", "kube_proxy_config", "labels"})

#: Flags of kube-apiserver that the collection sets itself: another value would break the cluster.
MANAGED_FLAGS = frozenset(
    {
        "advertise-address",
        "allow-privileged",
        "anonymous-auth",
        "authentication-config",
        "authorization-config",
        "authorization-mode",
        "client-ca-file",
        "egress-selector-config-file",
        "enable-bootstrap-token-auth",
        "endpoint-reconciler-type",
        "etcd-cafile",
        "etcd-certfile",
        "etcd-keyfile",
        "etcd-prefix",
        "etcd-servers",
        "etcd-servers-overrides",
        "kubelet-client-certificate",
        "kubelet-client-key",
        "proxy-client-cert-file",
        "proxy-client-key-file",
        "requestheader-allowed-names",
        "requestheader-client-ca-file",
        "requestheader-extra-headers-prefix",
        "requestheader-group-headers",
        "requestheader-username-headers",
        "secure-port",
        "service-account-issuer",
        "service-account-key-file",
        "service-account-signing-key-file",
        "service-cluster-ip-range",
        "tls-cert-file",
        "tls-private-key-file",
    }
)


@dataclasses.dataclass(frozen=True)
class ClusterSpec:
    """One hosted cluster as the user defined it, defaults filled in.

    :param version: of Kubernetes, such as ``1.36.3``, without a leading v.
    :param endpoint: IPv4 address or DNS name under which clients and workers reach the API.
    :param api_port: ``None`` until allocated.
    :param database_connections: most connections that the kine of one replica keeps open.
    :param labels: shown on objects in the mothership; never part of a selector or a pod template.
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

    @property
    def namespace(self) -> str:
        """Namespace in the mothership that holds everything of this cluster."""
        return f"hcp-{self.name}"

    @property
    def database(self) -> str:
        """Name of the database and of the role that owns it."""
        return "hcp_" + self.name.replace("-", "_")

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
        """Connections the role may open: every replica, the one a rolling update adds, and three for maintenance."""
        return (self.replicas + 1) * self.database_connections + 3


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
            for problem in _check(spec, surroundings)
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
    return str(value)


def _check(spec: ClusterSpec, surroundings: Surroundings) -> list[InvalidInput]:
    """Every problem of one definition; ``where`` is relative to the cluster."""
    checks: list[t.Callable[[], None]] = [
        lambda: _check_name(spec.name),
        lambda: _check_version(spec.version),
        lambda: _check_choice(spec.distribution),
        lambda: networks.check_host(spec.endpoint, "endpoint"),
        lambda: _check_advertise_address(spec.advertise_address),
        lambda: _check_at_least("replicas", spec.replicas, 1),
        lambda: _check_at_least("database_connections", spec.database_connections, 5),
        lambda: _check_networks(spec, surroundings),
        lambda: _check_domain(spec.dns_domain),
        lambda: _check_ports(spec, surroundings.node_ports),
        lambda: _check_flags(spec.api_server_extra_args),
        lambda: _check_labels(spec.labels),
    ]
    problems = []
    for check in checks:
        try:
            check()
        except InvalidInput as problem:
            problems.append(problem)
    return problems


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > 40:
        raise InvalidInput(
            f"{name!r} is not a DNS label of at most 40 characters that begins with a letter",
            where="name",
            remedy="use lower-case letters, digits and hyphens, as in tenant-a",
        )


def _check_version(version: str) -> None:
    match = _VERSION.fullmatch(version)
    supported = " and ".join(f"{major}.{minor}" for major, minor in SUPPORTED_MINORS)
    if match is None:
        raise InvalidInput(f"{version!r} is not of the form 1.36.3", where="version", remedy="give all three numbers")
    if (int(match[1]), int(match[2])) not in SUPPORTED_MINORS:
        raise InvalidInput(
            f"Kubernetes {version} is not supported", where="version", remedy=f"use a release of {supported}"
        )


def _check_choice(distribution: str) -> None:
    if distribution not in DISTRIBUTIONS:
        raise InvalidInput(
            f"{distribution!r} is not a known distribution",
            where="distribution",
            remedy=f"use one of {', '.join(DISTRIBUTIONS)}",
        )


def _check_advertise_address(address: str | None) -> None:
    if address is not None and not networks.is_address(address):
        raise InvalidInput(
            f"{address!r} is not an IPv4 address",
            where="advertise_address",
            remedy="give an address of the mothership that workers reach",
        )


def _check_at_least(key: str, number: int, least: int) -> None:
    if number < least:
        raise InvalidInput(f"{number} is too small", where=key, remedy=f"use {least} or more")


def _check_networks(spec: ClusterSpec, surroundings: Surroundings) -> None:
    pods = networks.network(spec.pod_cidr, "pod_cidr")
    services = networks.network(spec.service_cidr, "service_cidr")
    if pods.prefixlen > 24:
        raise InvalidInput(
            f"{pods} has no room for one /24 a node", where="pod_cidr", remedy="use a /24 or larger, best a /16"
        )
    if not 12 <= services.prefixlen <= 27:
        raise InvalidInput(
            f"{services} is not between /12 and /27", where="service_cidr", remedy="use a /16, as in 10.98.0.0/16"
        )
    networks.check_disjoint([("pod_cidr", pods), ("service_cidr", services)], "service_cidr")
    for text in surroundings.networks:
        other = networks.network(text, "mothership_networks")
        networks.check_disjoint([("the mothership's network", other), ("pod_cidr", pods)], "pod_cidr")
        networks.check_disjoint([("the mothership's network", other), ("service_cidr", services)], "service_cidr")
    for host in (spec.endpoint, spec.advertise_address):
        if host and networks.is_address(host):
            _check_outside(host, {"pod_cidr": pods, "service_cidr": services})


def _check_outside(host: str, named: t.Mapping[str, ipaddress.IPv4Network]) -> None:
    for key, candidate in named.items():
        if ipaddress.IPv4Address(host) in candidate:
            raise InvalidInput(
                f"{candidate} contains {host}, where the API is reached",
                where=key,
                remedy="choose a network that no machine is in",
            )


def _check_domain(domain: str) -> None:
    if not networks.is_dns_name(domain):
        raise InvalidInput(f"{domain!r} is not a DNS name", where="dns_domain", remedy="use cluster.local")


def _check_ports(spec: ClusterSpec, allowed: PortRange) -> None:
    for key, port in (("api_port", spec.api_port), ("konnectivity_port", spec.konnectivity_port)):
        if port is not None and port not in allowed:
            raise InvalidInput(
                f"{port} is outside the node ports of the mothership ({allowed})",
                where=key,
                remedy="choose a port in that range, or leave it out and one is allocated",
            )
    if spec.api_port is not None and spec.api_port == spec.konnectivity_port:
        raise InvalidInput(
            f"{spec.api_port} is also the api_port", where="konnectivity_port", remedy="choose two different ports"
        )


def _check_flags(flags: t.Mapping[str, t.Any]) -> None:
    for flag in flags:
        where = f"api_server_extra_args.{flag}"
        if not _FLAG.fullmatch(str(flag)):
            raise InvalidInput("is not the name of a flag", where=where, remedy="write it without leading hyphens")
        if flag in MANAGED_FLAGS:
            raise InvalidInput("is set by mothership.hcp", where=where, remedy="remove it")


def _check_labels(labels: t.Mapping[str, str]) -> None:
    for key, value in labels.items():
        where = f"labels.{key}"
        if not _LABEL_KEY.fullmatch(str(key)) or not _LABEL_VALUE.fullmatch(str(value)):
            raise InvalidInput(f"{key}={value} is not a Kubernetes label", where=where, remedy="see the label syntax")
        if str(key).startswith(("app.kubernetes.io/", "mothership.hcp/", "pod-security.kubernetes.io/")):
            raise InvalidInput("is set by mothership.hcp", where=where, remedy="use a prefix of your own")


def _check_together(specs: t.Sequence[ClusterSpec], path: str) -> list[InvalidInput]:
    """Names and ports must be unique among all clusters."""
    problems = []
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
