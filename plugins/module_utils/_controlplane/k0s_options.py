# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Options of hosted clusters that only the distribution k0s has, checked as far as no k0s is needed for it."""

from __future__ import annotations

import re
import typing as t

from .._core.errors import InvalidInput
from .k0s_fields import SPEC, unknown_fields

if t.TYPE_CHECKING:
    from .spec import ClusterSpec

#: Sections and fields for others who need to know them.
SECTIONS = frozenset(SPEC)
NETWORK_FIELDS = frozenset(SPEC["network"])

#: Fields that follow from other options -> what to use instead.
MANAGED_FIELDS = {
    ("api", "address"): "remove it: it is the address of the pod",
    ("api", "externalAddress"): "use the option endpoint",
    ("api", "port"): "use the option api_port",
    ("api", "extraArgs"): "use the option api_server_extra_args",
    ("konnectivity", "agentPort"): "use the option konnectivity_port",
    ("konnectivity", "externalAddress"): "use the option endpoint",
    ("network", "podCIDR"): "use the option pod_cidr",
    ("network", "serviceCIDR"): "use the option service_cidr",
    ("network", "clusterDomain"): "use the option dns_domain",
    ("network", "controlPlaneLoadBalancing"): "remove it: it is for machines, not for pods",
    ("network", "nodeLocalLoadBalancing"): "remove it: workers reach all replicas through the endpoint",
    ("network", "dualStack"): "remove it: hosted clusters are IPv4",
}
PROVIDERS = ("custom", "kuberouter", "calico")

#: Flags of ``k0s controller`` that the collection gives itself, or that make no sense in a pod.
MANAGED_FLAGS = frozenset(
    {
        "config",
        "cri-socket",
        "data-dir",
        "disable-components",
        "enable-dynamic-config",
        "enable-worker",
        "ignore-pre-flight-checks",
        "init-only",
        "kubelet-extra-args",
        "kubelet-root-dir",
        "labels",
        "no-taints",
        "profile",
        "single",
        "status-socket",
        "taints",
        "token-file",
    }
)
COMPONENTS = frozenset(
    {
        "applier-manager",
        "autopilot",
        "control-api",
        "coredns",
        "csr-approver",
        "endpoint-reconciler",
        "helm",
        "konnectivity-server",
        "kube-controller-manager",
        "kube-proxy",
        "kube-scheduler",
        "metrics-server",
        "network-provider",
        "node-role",
        "system-rbac",
        "update-prober",
        "windows-node",
    }
)
#: What a KubeProxyConfiguration and k0s' network.kubeProxy have in common.
KUBE_PROXY_FIELDS = frozenset(
    {"mode", "metricsBindAddress", "healthzBindAddress", "iptables", "ipvs", "nftables", "nodePortAddresses"}
)
#: k0s always writes these into the configuration of kube-proxy.
KUBE_PROXY_FIXED: dict[str, t.Any] = {"conntrack": {"maxPerCore": 0}}

_FLAG = re.compile(r"--?([a-z][a-z0-9-]*)(=.*)?", re.DOTALL)


def check(spec: ClusterSpec) -> None:
    """Refuse what cannot work.

    :raises InvalidInput: with ``where`` relative to the cluster.
    """
    if spec.distribution != "k0s":
        _refuse_for_others(spec)
        return
    _check_sections(spec.k0s_config)
    _check_provider(spec.k0s_config)
    _check_flags(spec.k0s_flags)
    _check_kube_proxy(spec.kube_proxy_config)
    for name in spec.k0s_disable_components:
        if name not in COMPONENTS:
            raise InvalidInput(
                f"{name!r} is no component of k0s",
                where="k0s_disable_components",
                remedy=f"use names of {', '.join(sorted(COMPONENTS))}",
            )


def _refuse_for_others(spec: ClusterSpec) -> None:
    for key in ("k0s_config", "k0s_image", "k0s_official_images", "k0s_flags", "k0s_disable_components"):
        if getattr(spec, key):
            raise InvalidInput(
                f"is only for distribution k0s, not for {spec.distribution}",
                where=key,
                remedy="remove it, or set distribution: k0s",
            )


def _check_sections(config: t.Mapping[str, t.Any]) -> None:
    for unknown in unknown_fields(config):
        raise InvalidInput(
            "is no field of a k0s ClusterConfig",
            where=f"k0s_config.{unknown.path}",
            remedy=f"there are {', '.join(unknown.known)}",
        )
    for section, content in config.items():
        if section == "storage":
            raise InvalidInput(
                "is set by mothership.hcp: the cluster's state is in PostgreSQL",
                where="k0s_config.storage",
                remedy="remove it; another PostgreSQL is given with database_host",
            )
        for field in content if isinstance(content, t.Mapping) else ():
            remedy = MANAGED_FIELDS.get((section, field))
            if remedy:
                raise InvalidInput("is set by mothership.hcp", where=f"k0s_config.{section}.{field}", remedy=remedy)


def _check_provider(config: t.Mapping[str, t.Any]) -> None:
    provider = provider_of(config)
    if provider not in PROVIDERS:
        raise InvalidInput(
            f"{provider!r} is no pod network that k0s knows",
            where="k0s_config.network.provider",
            remedy=f"use one of {', '.join(PROVIDERS)}",
        )


def provider_of(config: t.Mapping[str, t.Any]) -> str:
    """The pod network: ``custom`` (the collection's own flannel) unless the user chose one of k0s."""
    return str((config.get("network") or {}).get("provider") or "custom")


def _check_flags(flags: t.Sequence[str]) -> None:
    for flag in flags:
        match = _FLAG.fullmatch(flag)
        if match is None:
            raise InvalidInput(
                f"{flag!r} is no flag", where="k0s_flags", remedy="write each as --name=value, one item a flag"
            )
        if match[1] in MANAGED_FLAGS:
            raise InvalidInput(f"--{match[1]} is set by mothership.hcp", where="k0s_flags", remedy="remove it")


def _check_kube_proxy(config: t.Mapping[str, t.Any]) -> None:
    for key, value in config.items():
        if key in KUBE_PROXY_FIELDS or (key in KUBE_PROXY_FIXED and dict(value) == KUBE_PROXY_FIXED[key]):
            continue
        raise InvalidInput(
            "cannot be set with k0s",
            where=f"kube_proxy_config.{key}",
            remedy="use a flag of kube-proxy in k0s_config.network.kubeProxy.extraArgs",
        )
