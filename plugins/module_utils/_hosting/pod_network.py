# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The pod network of a mothership."""

from __future__ import annotations

import dataclasses
import typing as t
from urllib.parse import urlsplit

from .._controlplane.coredns import coredns_objects
from .._controlplane.flannel import NAME, NAMESPACE, flannel_objects
from .._controlplane.networks import network
from .._core.progress import Deadline, Progress
from .._kube.apply import apply_objects
from .._kube.client import KubeClient
from .._kube.rollout import wait_rolled_out

_PLANNED_PORT = 6443


@dataclasses.dataclass(frozen=True)
class Dns:
    """CoreDNS of the cluster; its address is the tenth of the Service network."""

    image: str
    domain: str
    service_cidr: str

    @property
    def address(self) -> str:
        """IPv4 address; :class:`InvalidInput` when the Service network is none."""
        return str(network(self.service_cidr, "service_cidr")[10])


def ensure_pod_network(
    pod_cidr: str,
    client: KubeClient | None,
    *,
    check_mode: bool,
    progress: Progress,
    timeout: float,
    wait: bool = True,
    address: tuple[str, int] | None = None,
    dns: Dns | None = None,
) -> dict[str, t.Any]:
    """Apply flannel, and CoreDNS where it is asked for, and wait until flannel runs on every node.

    :param address: host and port of the API for flanneld; by default those of the kubeconfig.
    """
    network(pod_cidr, "pod_cidr")
    deadline = Deadline(timeout)
    host, port = address or _address(client)
    objects = flannel_objects(pod_cidr, host, port)
    if dns is not None:
        objects += coredns_objects(dns.domain, dns.address, dns.image)
    plan = apply_objects(client, objects, check_mode=check_mode, deadline=deadline, progress=progress)
    if wait and client is not None and not check_mode:
        wait_rolled_out(client, "apps/v1", "DaemonSet", NAME, NAMESPACE, deadline=deadline, progress=progress)
    return plan.result()


def _address(client: KubeClient | None) -> tuple[str, int]:
    """Host and port of the client's server; a plan without a server shows a stand-in."""
    if client is None:
        return "not-known-yet", _PLANNED_PORT
    parts = urlsplit(client.server)
    return parts.hostname or "", parts.port or 443
