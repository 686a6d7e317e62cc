# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The fields of ``spec`` of a k0s ClusterConfig (k0s 1.35 and 1.36, from its published schema).

k0s says nothing about an unknown field unless it is on the first level, and goes on without it: a typing error would be
a setting that has no effect. Values are k0s' own business.
"""

from __future__ import annotations

import typing as t

#: What may stand in a place: ``None`` for anything.
Fields = t.Mapping[str, t.Any]

_ARGUMENTS: Fields = {"extraArgs": None, "rawArgs": None}
_IMAGE: Fields = {"image": None, "version": None}
_AUTHORITY: Fields = {"expiresAfter": None, "certificatesExpireAfter": None}
_KUBE_PROXY: Fields = {
    **_ARGUMENTS,
    "disabled": None,
    "healthzBindAddress": None,
    "iptables": None,
    "ipvs": None,
    "metricsBindAddress": None,
    "mode": None,
    "nftables": None,
    "nodePortAddresses": None,
    "patches": None,
}
_KUBE_ROUTER: Fields = {
    **_ARGUMENTS,
    "autoMTU": None,
    "hairpin": None,
    "hairpinMode": None,
    "ipMasq": None,
    "metricsPort": None,
    "mtu": None,
    "patches": None,
    "peerRouterASNs": None,
    "peerRouterIPs": None,
}
_CALICO: Fields = {
    "envVars": None,
    "flexVolumeDriverPath": None,
    "ipAutodetectionMethod": None,
    "ipV6AutodetectionMethod": None,
    "mode": None,
    "mtu": None,
    "overlay": None,
    "patches": None,
    "vxlanPort": None,
    "vxlanVNI": None,
    "wireguard": None,
}
_NETWORK: Fields = {
    "calico": _CALICO,
    "clusterDomain": None,
    "controlPlaneLoadBalancing": None,
    "coreDNS": {"patches": None},
    "dualStack": None,
    "kubeProxy": _KUBE_PROXY,
    "kuberouter": _KUBE_ROUTER,
    "nodeLocalLoadBalancing": None,
    "podCIDR": None,
    "primaryAddressFamily": None,
    "provider": None,
    "serviceCIDR": None,
}
_IMAGES: Fields = {
    "calico": {"cni": _IMAGE, "kubecontrollers": _IMAGE, "node": _IMAGE, "windows": None},
    "coredns": _IMAGE,
    "default_pull_policy": None,
    "konnectivity": _IMAGE,
    "kubeproxy": _IMAGE,
    "kuberouter": {"cni": _IMAGE, "cniInstaller": _IMAGE, "node": _IMAGE},
    "metricsserver": _IMAGE,
    "pause": _IMAGE,
    "pushgateway": _IMAGE,
    "repository": None,
    "windows": None,
}
SPEC: Fields = {
    "api": {
        **_ARGUMENTS,
        "address": None,
        "ca": _AUTHORITY,
        "externalAddress": None,
        "k0sApiPort": None,
        "onlyBindToAddress": None,
        "port": None,
        "sans": None,
    },
    "controllerManager": _ARGUMENTS,
    "extensions": {"helm": {"charts": None, "concurrencyLevel": None, "repositories": None}, "storage": None},
    "featureGates": None,
    "images": _IMAGES,
    "installConfig": {"users": None},
    "konnectivity": {"adminPort": None, "agentPort": None, "externalAddress": None},
    "metricsServer": {"patches": None},
    "network": _NETWORK,
    "scheduler": _ARGUMENTS,
    "storage": {
        "etcd": {
            **_ARGUMENTS,
            "ca": _AUTHORITY,
            "externalCluster": None,
            "peerAddress": None,
        },
        "kine": {**_ARGUMENTS, "dataSource": None},
        "type": None,
    },
    "telemetry": {"enabled": None},
    "workerProfiles": None,
}


class UnknownField(t.NamedTuple):
    """A field that k0s would pass over.

    :param path: from ``spec``, with dots.
    :param known: the fields that there are in its place.
    """

    path: str
    known: tuple[str, ...]


def unknown_fields(config: t.Mapping[str, t.Any]) -> list[UnknownField]:
    """All fields of ``config`` that no ClusterConfig has."""
    return _unknown(config, SPEC, "")


def _unknown(config: t.Mapping[str, t.Any], fields: Fields, path: str) -> list[UnknownField]:
    found = []
    for name, value in config.items():
        place = f"{path}.{name}" if path else str(name)
        if name not in fields:
            found.append(UnknownField(place, tuple(sorted(fields))))
        elif fields[name] is not None and isinstance(value, t.Mapping):
            found += _unknown(value, fields[name], place)
    return found
