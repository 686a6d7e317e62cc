# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The k0s configuration of a k0smotron cluster, split into options of ours and the rest."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from .._controlplane.k0s_options import NETWORK_FIELDS, SECTIONS
from .old_cluster import OldCluster
from .problems import Findings

#: What k0s uses when nothing is said.
_NETWORKS = {
    "pod_cidr": ("podCIDR", "10.244.0.0/16"),
    "service_cidr": ("serviceCIDR", "10.96.0.0/12"),
    "dns_domain": ("clusterDomain", "cluster.local"),
}
_PROVIDER = "kuberouter"
_FIELD = "k0sConfig.spec"
#: Features of the network that a hosted cluster of ours cannot have -> what to do about it.
_NETWORK_FEATURES = {
    "nodeLocalLoadBalancing": "turn it off with k0smotron first; workers then use the external address themselves",
    "controlPlaneLoadBalancing": "turn it off with k0smotron first; it has no effect in pods",
    "dualStack": "such a cluster cannot be adopted: hosted clusters are IPv4",
}
_CONNECTIONS = "datastore-max-open-connections"


@dataclasses.dataclass(frozen=True)
class SplitConfig:
    """Options of a hosted cluster that follow from the configuration.

    :param rest: what becomes ``k0s_config``.
    """

    options: dict[str, t.Any]
    rest: dict[str, t.Any]


def split_config(old: OldCluster, findings: Findings) -> SplitConfig:
    """Options of ours, and what is left."""
    rest = copy.deepcopy(dict(old.k0s_config))
    for section in sorted(set(rest) - SECTIONS):
        del rest[section]
        findings.note(f"{_FIELD}.{section} is no field of this k0s any more and is not kept.")
    options = {**_network(old, rest, findings), **_api(rest), **_storage(rest, findings)}
    konnectivity = dict(rest.pop("konnectivity", None) or {})
    for field in ("agentPort", "externalAddress"):
        konnectivity.pop(field, None)
    if konnectivity:
        rest["konnectivity"] = konnectivity
    return SplitConfig(options, rest)


def _network(old: OldCluster, rest: dict[str, t.Any], findings: Findings) -> dict[str, t.Any]:
    network = dict(rest.pop("network", None) or {})
    options = {key: str(network.pop(field, None) or default) for key, (field, default) in _NETWORKS.items()}
    for feature, remedy in _NETWORK_FEATURES.items():
        if (network.pop(feature, None) or {}).get("enabled"):
            findings.refuse("is on", old.field(_FIELD, "network", feature), remedy)
    if network.pop("primaryAddressFamily", "IPv4") != "IPv4":
        findings.refuse(
            "is not IPv4",
            old.field(_FIELD, "network", "primaryAddressFamily"),
            "such a cluster cannot be adopted: hosted clusters are IPv4",
        )
    for field in sorted(set(network) - NETWORK_FIELDS):
        del network[field]
        findings.note(f"{_FIELD}.network.{field} is no field of k0s and is not kept.")
    # Ours would be another pod network: the one that runs is named, also when it was never written down.
    rest["network"] = {**network, "provider": network.get("provider") or _PROVIDER}
    return options


def _api(rest: dict[str, t.Any]) -> dict[str, t.Any]:
    api = dict(rest.pop("api", None) or {})
    for field in ("address", "externalAddress", "port"):
        api.pop(field, None)
    flags = api.pop("extraArgs", None) or {}
    if api:
        rest["api"] = api
    return {"api_server_extra_args": dict(flags)} if flags else {}


def _storage(rest: dict[str, t.Any], findings: Findings) -> dict[str, t.Any]:
    storage = rest.pop("storage", None) or {}
    flags = dict((storage.get("kine") or {}).get("extraArgs") or {})
    connections = str(flags.pop(_CONNECTIONS, ""))
    for flag in sorted(flags):
        findings.note(f"kine's flag {flag} is not kept; mothership.hcp runs kine with flags of its own.")
    return {"database_connections": int(connections)} if connections.isdigit() and int(connections) >= 5 else {}
