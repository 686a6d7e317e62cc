# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The pod network of a mothership."""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from .._controlplane.flannel import NAME, NAMESPACE, flannel_objects
from .._controlplane.networks import network
from .._core.progress import Deadline, Progress
from .._kube.apply import apply_objects
from .._kube.client import KubeClient
from .._kube.rollout import wait_rolled_out

_PLANNED_PORT = 6443


def ensure_pod_network(
    pod_cidr: str,
    client: KubeClient | None,
    *,
    check_mode: bool,
    progress: Progress,
    timeout: float,
    wait: bool = True,
    address: tuple[str, int] | None = None,
) -> dict[str, t.Any]:
    """Apply flannel and wait until it runs on every node.

    :param address: host and port of the API for flanneld; by default those of the kubeconfig.
    """
    network(pod_cidr, "pod_cidr")
    deadline = Deadline(timeout)
    host, port = address or _address(client)
    plan = apply_objects(
        client, flannel_objects(pod_cidr, host, port), check_mode=check_mode, deadline=deadline, progress=progress
    )
    if wait and client is not None and not check_mode:
        wait_rolled_out(client, "apps/v1", "DaemonSet", NAME, NAMESPACE, deadline=deadline, progress=progress)
    return plan.result()


def _address(client: KubeClient | None) -> tuple[str, int]:
    """Host and port of the client's server; a plan without a server shows a stand-in."""
    if client is None:
        return "not-known-yet", _PLANNED_PORT
    parts = urlsplit(client.server)
    return parts.hostname or "", parts.port or 443
