# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options that define hosted clusters."""

    DOCUMENTATION = r"""
options:
  clusters:
    description:
      - Definitions of the hosted clusters. All are worked on at the same time.
      - The failure of one does not stop the others; the task fails at the end and names every cluster that failed.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the cluster, a DNS label of at most 40 characters.
          - Its namespace in the mothership is C(hcp-<name>), its database C(hcp_<name>) with underscores for hyphens.
        type: str
        required: true
      distribution:
        description: How the control plane is made and how workers join.
        type: str
        choices: [kubeadm]
        default: kubeadm
      version:
        description: Kubernetes version, such as V(1.36.3). By default O(version).
        type: str
      replicas:
        description: Number of control plane pods.
        type: int
        default: 2
      endpoint:
        description:
          - DNS name or IPv4 address under which clients and workers reach the API. By default O(endpoint).
          - A DNS name outlives load balancers, restores and moves.
        type: str
      api_port:
        description: Node port of the API. By default one is allocated and kept.
        type: int
      konnectivity_port:
        description: Node port that the konnectivity agents of workers connect to. By default one is allocated and kept.
        type: int
      advertise_address:
        description:
          - IPv4 address to which the Service C(kubernetes) of the cluster leads.
          - By default O(clusters[].endpoint) when that is an address, else O(advertise_address), else the address of
            the mothership's oldest control plane node.
        type: str
      pod_cidr:
        description: Network of the cluster's pods. It may be the same in several hosted clusters.
        type: str
        default: 10.245.0.0/16
      service_cidr:
        description: Network of the cluster's Services. Its tenth address is the cluster's DNS.
        type: str
        default: 10.98.0.0/16
      dns_domain:
        description: DNS domain of the cluster.
        type: str
        default: cluster.local
      api_server_extra_args:
        description:
          - Flags of kube-apiserver, without leading hyphens. Booleans and lists are written as the flag wants them.
          - Flags that the collection sets itself are refused.
        type: dict
        default: {}
      database_connections:
        description: Most connections to PostgreSQL that one replica keeps open. Less than 5 is refused.
        type: int
        default: 20
      kubelet_config:
        description: Laid over the KubeletConfiguration that workers get when they join.
        type: dict
        default: {}
      kube_proxy_config:
        description: Laid over the KubeProxyConfiguration of the cluster.
        type: dict
        default: {}
      labels:
        description: Labels for the cluster's objects in the mothership. They never become part of a selector.
        type: dict
        default: {}
  version:
    description: Kubernetes version of clusters that name none.
    type: str
  endpoint:
    description: Endpoint of clusters that name none.
    type: str
  advertise_address:
    description:
      - Address that clusters advertise which name none and whose endpoint is a DNS name.
      - Ignored when it is not an IPv4 address.
    type: str
  mothership_networks:
    description: Networks of the mothership (pods, Services) that the networks of hosted clusters must not overlap.
    type: list
    elements: str
    default: []
  node_port_range:
    description: Node ports of the mothership.
    type: str
    default: 30000-32767
"""
