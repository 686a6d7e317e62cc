# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Options that the modules for hosted clusters share, and their typed form."""

from __future__ import annotations

import typing as t

from .._controlplane import networks
from .._controlplane.port_range import PortRange
from .._controlplane.spec import ClusterSpec, Surroundings, parse_clusters
from .._controlplane.spec_checks import DISTRIBUTIONS, KINE_CHOICES, SSL_MODES
from .hosted_clusters import Request, ServerAddress

#: Sub-options of one cluster; documented by the fragment ``mothership.hcp.hosted_clusters``.
CLUSTER_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "distribution": {"type": "str", "default": "kubeadm", "choices": list(DISTRIBUTIONS)},
    "version": {"type": "str"},
    "replicas": {"type": "int", "default": 2},
    "endpoint": {"type": "str"},
    "api_port": {"type": "int"},
    "konnectivity_port": {"type": "int"},
    "advertise_address": {"type": "str"},
    "pod_cidr": {"type": "str", "default": "10.245.0.0/16"},
    "service_cidr": {"type": "str", "default": "10.98.0.0/16"},
    "dns_domain": {"type": "str", "default": "cluster.local"},
    "api_server_extra_args": {"type": "dict", "default": {}},
    "database_connections": {"type": "int", "default": 20},
    "kubelet_config": {"type": "dict", "default": {}},
    "kube_proxy_config": {"type": "dict", "default": {}},
    "labels": {"type": "dict", "default": {}},
    "allow_network_overlap": {"type": "bool", "default": False},
    "k0s_config": {"type": "dict", "default": {}},
    "k0s_image": {"type": "str"},
    "k0s_official_images": {"type": "bool", "default": False},
    "k0s_flags": {"type": "list", "elements": "str", "default": []},
    "k0s_disable_components": {"type": "list", "elements": "str", "default": []},
    "database_host": {"type": "str"},
    "database_port": {"type": "int"},
    "database_name": {"type": "str"},
    "database_user": {"type": "str"},
    "database_sslmode": {"type": "str", "default": "verify-full", "choices": list(SSL_MODES)},
    "database_ca_certificate": {"type": "str"},
    "database_quota": {"type": "str"},
    "database_write_rate": {"type": "str"},
    "database_server": {"type": "str"},
    "database_zone": {"type": "str"},
    "kine": {"type": "str", "default": "replica", "choices": list(KINE_CHOICES)},
}

#: Options that define hosted clusters.
DEFINITION_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "clusters": {"type": "list", "elements": "dict", "required": True, "options": CLUSTER_ARGUMENTS},
    "version": {"type": "str"},
    "endpoint": {"type": "str"},
    "advertise_address": {"type": "str"},
    "mothership_networks": {"type": "list", "elements": "str", "default": []},
    "node_port_range": {"type": "str", "default": "30000-32767"},
}


def surroundings_of(params: t.Mapping[str, t.Any]) -> Surroundings:
    """Defaults and limits for all clusters."""
    address = params.get("advertise_address") or None
    # An inventory may name machines by DNS: such a name is no address, and the node's own is read instead.
    return Surroundings(
        version=params.get("version") or None,
        endpoint=params.get("endpoint") or None,
        advertise_address=address if address and networks.is_address(address) else None,
        networks=tuple(params.get("mothership_networks") or ()),
        node_ports=PortRange.parse(params.get("node_port_range") or "30000-32767"),
    )


def clusters_of(params: t.Mapping[str, t.Any]) -> list[ClusterSpec]:
    """The typed definitions of all clusters.

    :raises HcpError: naming every option that cannot be used.
    """
    return parse_clusters(params["clusters"], surroundings_of(params))


def request_of(params: t.Mapping[str, t.Any]) -> Request:
    """The typed options of ``hosted_control_plane``."""
    return Request(
        specs=clusters_of(params),
        node_ports=surroundings_of(params).node_ports,
        database_host=params["database_host"],
        database_port=params["database_port"],
        database_ca_certificate=params["database_ca_certificate"] or "",
        kubeconfig_directory=params["kubeconfig_directory"],
        wait_timeout=float(params["wait_timeout"]),
        database_servers={
            name: ServerAddress(server["host"], int(server["port"]), server.get("ca_certificate") or "")
            for name, server in (params.get("database_servers") or {}).items()
        },
    )
