# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Checks of one hosted cluster's definition: each says what is wrong, where, and what to do."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .._core.errors import InvalidInput
from . import k0s_options, networks
from .port_range import PortRange

if t.TYPE_CHECKING:
    from .spec import ClusterSpec, Surroundings

#: Kubernetes minor versions whose flags and objects are known to work.
SUPPORTED_MINORS = ((1, 35), (1, 36))
DISTRIBUTIONS = ("kubeadm", "k0s")
#: One kine beside each API server, or one for all of a cluster.
KINE_CHOICES = ("replica", "shared")
#: An empty database takes about 8 MiB, a new cluster some more.
LEAST_QUOTA = "64MiB"
#: With less, an object of the largest size (1.5 MiB) would wait longer than clients do.
LEAST_WRITE_RATE = "256KiB"
SSL_MODES = ("verify-full", "verify-ca", "require", "disable")

_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(\+k0s\.\d+)?")
_FLAG = re.compile(r"[a-z][a-z0-9-]*")
_DATABASE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
_SIZE = re.compile(r"(\d+) ?(Ki|Mi|Gi|Ti)B?")
_LABEL_KEY = re.compile(r"([a-z0-9.-]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")

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


def problems_of(spec: ClusterSpec, surroundings: Surroundings) -> list[InvalidInput]:
    """Every problem of one definition; ``where`` is relative to the cluster."""
    checks: list[t.Callable[[], None]] = [
        lambda: _check_name(spec.name),
        lambda: _check_choice(spec.distribution),
        lambda: _check_version(spec),
        lambda: networks.check_host(spec.endpoint, "endpoint"),
        lambda: _check_advertise_address(spec.advertise_address),
        lambda: _check_at_least("replicas", spec.replicas, 1),
        lambda: _check_at_least("database_connections", spec.database_connections, 5),
        lambda: _check_networks(spec, surroundings),
        lambda: _check_domain(spec.dns_domain),
        lambda: _check_ports(spec, surroundings.node_ports),
        lambda: _check_flags(spec.api_server_extra_args),
        lambda: _check_labels(spec.labels),
        lambda: _check_database(spec),
        lambda: _check_size(spec, "database_quota", LEAST_QUOTA, "2GiB"),
        lambda: _check_size(spec, "database_write_rate", LEAST_WRITE_RATE, "1MiB"),
        lambda: _check_kine(spec),
        lambda: k0s_options.check(spec),
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


def _check_version(spec: ClusterSpec) -> None:
    match = _VERSION.fullmatch(spec.version)
    supported = " and ".join(f"{major}.{minor}" for major, minor in SUPPORTED_MINORS)
    if match is None:
        raise InvalidInput(
            f"{spec.version!r} is not of the form 1.36.3", where="version", remedy="give all three numbers"
        )
    if (int(match[1]), int(match[2])) not in SUPPORTED_MINORS:
        raise InvalidInput(
            f"Kubernetes {spec.version} is not supported", where="version", remedy=f"use a release of {supported}"
        )
    if match[4] and spec.distribution != "k0s":
        raise InvalidInput(
            f"{spec.version!r} is a version of k0s, but the distribution is {spec.distribution}",
            where="version",
            remedy=f"use {spec.kubernetes_version}, or distribution: k0s",
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
    for text in () if spec.allow_network_overlap else surroundings.networks:
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


def _check_kine(spec: ClusterSpec) -> None:
    if spec.kine not in KINE_CHOICES:
        raise InvalidInput(
            f"{spec.kine!r} is not a known choice", where="kine", remedy=f"use one of {', '.join(KINE_CHOICES)}"
        )
    if spec.kine != "replica" and spec.distribution == "k0s":
        raise InvalidInput(
            "k0s starts a kine of its own in every pod, so its API servers cannot share one",
            where="kine",
            remedy="use kine: replica, with one replica where lists must never lag; or distribution: kubeadm",
        )


def size_in_bytes(text: str) -> int | None:
    """``2GiB`` or ``500Mi`` as bytes; ``None`` for what is no such size."""
    match = _SIZE.fullmatch(text.strip())
    return int(match[1]) << (10 * ("Ki", "Mi", "Gi", "Ti").index(match[2]) + 10) if match else None


def _check_size(spec: ClusterSpec, option: str, least: str, example: str) -> None:
    """Less than ``least`` would stop the cluster before it starts."""
    given = getattr(spec, option)
    if not given:
        return
    if spec.database_host:
        raise InvalidInput(
            "is for a database of the site's PostgreSQL",
            where=option,
            remedy="remove it, and limit the database where it is",
        )
    if (size_in_bytes(given) or 0) < (size_in_bytes(least) or 0):
        raise InvalidInput(
            f"{given!r} is no size of at least {least}",
            where=option,
            remedy=f"write a number with KiB, MiB, GiB or TiB, as in {example}",
        )


def _check_database(spec: ClusterSpec) -> None:
    if spec.database_sslmode not in SSL_MODES:
        raise InvalidInput(
            f"{spec.database_sslmode!r} is not a known mode",
            where="database_sslmode",
            remedy=f"use one of {', '.join(SSL_MODES)}",
        )
    given = [name for name in ("database_port", "database_name", "database_user") if getattr(spec, name)]
    if given and not spec.database_host:
        raise InvalidInput(
            "is only for a PostgreSQL that is not the site's",
            where=given[0],
            remedy="give database_host too, or remove it: the site's PostgreSQL gets its names from the cluster's",
        )
    for key in ("database_name", "database_user"):
        if getattr(spec, key) and not _DATABASE.fullmatch(getattr(spec, key)):
            raise InvalidInput(
                f"{getattr(spec, key)!r} is not a plain name of PostgreSQL",
                where=key,
                remedy="use letters, digits, underscores and hyphens",
            )
