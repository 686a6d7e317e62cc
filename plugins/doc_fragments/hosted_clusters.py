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
        choices: [kubeadm, k0s]
        default: kubeadm
      version:
        description:
          - Kubernetes version, such as V(1.36.3). By default O(version).
          - With distribution C(k0s) also a release of k0s, such as V(1.36.3+k0s.2); else the newest known one.
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
        description:
          - Laid over the KubeletConfiguration that workers get when they join.
          - With distribution C(k0s) it is the worker profile C(default).
        type: dict
        default: {}
      kube_proxy_config:
        description:
          - Laid over the KubeProxyConfiguration of the cluster.
          - With distribution C(k0s) only the fields that k0s has in C(network.kubeProxy).
        type: dict
        default: {}
      labels:
        description: Labels for the cluster's objects in the mothership. They never become part of a selector.
        type: dict
        default: {}
      allow_network_overlap:
        description:
          - Whether the networks of the cluster may be those of the mothership. Its API server reaches them through
            konnectivity only, so nothing is mixed up; separate networks are easier to read.
          - Clusters that were adopted often need it.
        type: bool
        default: false
      k0s_config:
        description:
          - Distribution C(k0s) only. The C(spec) of a k0s ClusterConfig, such as C(images), C(workerProfiles),
            C(network), C(extensions), C(featureGates).
          - Fields that follow from other options are refused; the message names the option.
          - C(network.provider) is V(custom) by default, which is the collection's own flannel; V(kuberouter) and
            V(calico) need their images.
        type: dict
        default: {}
      k0s_image:
        description:
          - Distribution C(k0s) only. Full reference of the image, with tag or digest.
          - By default C(quay.io/k0sproject/k0s) with the tag of the version.
        type: str
      k0s_official_images:
        description:
          - Distribution C(k0s) only. Whether k0s runs kube-proxy, CoreDNS, the metrics server and the konnectivity
            agents with its own images. The bundle, or a registry that workers reach, must have them.
          - By default the images are those of distribution C(kubeadm), and there is no metrics server.
        type: bool
        default: false
      k0s_flags:
        description: Distribution C(k0s) only. Further flags of C(k0s controller), each as C(--name=value).
        type: list
        elements: str
        default: []
      k0s_disable_components:
        description: Distribution C(k0s) only. Components of k0s to switch off, besides those that pods never need.
        type: list
        elements: str
        default: []
      database_host:
        description:
          - Address of a PostgreSQL that is not the site's. Its database and login must exist already.
          - The Secret C(kine-credentials) in the cluster's namespace must hold their C(username) and C(password).
        type: str
      database_port:
        description: Port of that PostgreSQL. By default 5432.
        type: int
      database_name:
        description: Name of the database there. By default C(hcp_<name>).
        type: str
      database_user:
        description: Name of the login there. By default the name of the database.
        type: str
      database_sslmode:
        description: How the connection to the database is protected, as libpq names it.
        type: str
        choices: [verify-full, verify-ca, require, disable]
        default: verify-full
      database_ca_certificate:
        description: PEM certificate of the CA that signed the certificate of that PostgreSQL.
        type: str
      database_quota:
        description:
          - Size that the database may grow to, such as C(2GiB). Beyond it the cluster becomes read-only, but for
            deletions, until it is smaller or the quota larger.
          - By default there is no quota.
        type: str
      database_write_rate:
        description:
          - Bytes that large objects of this cluster may write in a second, such as C(1MiB), so that a flood of them
            leaves the server to others. Rows over 16 KiB count with what they have more; for four seconds' worth nobody
            waits, then creating and changing such objects takes longer. Deleting does not.
          - By default there is no limit. The change counts within a minute.
        type: str
      database_server:
        description:
          - Name of the PostgreSQL server of the site that holds the database, where there are several.
          - By default one is chosen when the database is made, and kept. It never moves by itself.
        type: str
      database_zone:
        description: Zone in which that server has to be. By default any.
        type: str
      kine:
        description:
          - V(replica) gives each API server a kine of its own. A list through one replica may then lag a write through
            another by about a second; Services keep a client on one replica.
          - V(shared) makes one kine for all API servers of the cluster, which they reach over mutual TLS. Lists do not
            lag, and when its machine dies, writes stop until its pod runs elsewhere. Distribution C(kubeadm) only.
        type: str
        choices: [replica, shared]
        default: replica
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
