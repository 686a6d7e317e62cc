# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Taking a node out of service: no new pods, the present ones moved elsewhere, the Node object gone."""

from __future__ import annotations

import typing as t

from .._core.errors import TimedOut
from .._core.plan import Change, Plan
from .._core.progress import Deadline, Progress
from .discovery import resource_for
from .errors import ApiError
from .objects import delete, get, list_with_version

if t.TYPE_CHECKING:
    from .client import KubeClient

Object = dict[str, t.Any]

STATES = ("drained", "schedulable", "absent")
_MIRROR = "kubernetes.io/config.mirror"
_PAUSE = 1.0


def ensure_node(
    client: KubeClient | None, name: str, state: str, *, check_mode: bool, deadline: Deadline, progress: Progress
) -> Plan:
    """Bring a node into a state of :data:`STATES`.

    Pods of DaemonSets and static pods stay: they belong to the node. A pod that a disruption budget protects is tried
    again until the deadline.

    :param client: ``None`` in check mode when the cluster does not exist yet.
    :raises TimedOut: naming the pods that stay and why.
    """
    node = None if client is None else get(client, "v1", "Node", name)
    if client is None or node is None:
        return Plan()
    pods = [] if state == "schedulable" else evictable_pods(client, name)
    plan = _plan(node, pods, state)
    if check_mode or not plan:
        return plan
    _set_schedulable(client, node, state == "schedulable")
    if state != "schedulable" and _is_ready(node):
        _evict(client, name, deadline, progress)
    if state == "absent":
        delete(client, "v1", "Node", name)
    return plan


def evictable_pods(client: KubeClient, node: str) -> list[Object]:
    """Pods on the node that can live elsewhere, or have ended."""
    pods, _version = list_with_version(
        client, resource_for(client, "v1", "Pod"), field_selector=f"spec.nodeName={node}"
    )
    return [pod for pod in pods if not _belongs_to_node(pod)]


def _plan(node: Object, pods: t.Sequence[Object], state: str) -> Plan:
    plan, name = Plan(), node["metadata"]["name"]
    cordoned = bool((node.get("spec") or {}).get("unschedulable"))
    wanted = state != "schedulable"
    if state != "absent" and cordoned != wanted:
        plan.add(Change("update", f"Node/{name}", {"unschedulable": cordoned}, {"unschedulable": wanted}))
    for pod in pods if _is_ready(node) else ():
        plan.add(Change("delete", _pod_target(pod), "on this node"))
    if state == "absent":
        plan.add(Change("delete", f"Node/{name}", "present"))
    return plan


def _set_schedulable(client: KubeClient, node: Object, schedulable: bool) -> None:
    body = {"spec": {"unschedulable": None if schedulable else True}}
    path = f"/api/v1/nodes/{node['metadata']['name']}"
    client.request("PATCH", path, body=body, content_type="application/merge-patch+json")


def _evict(client: KubeClient, node: str, deadline: Deadline, progress: Progress) -> None:
    refused: dict[str, str] = {}
    while True:
        pods = evictable_pods(client, node)
        if not pods:
            return
        for pod in pods:
            if not pod["metadata"].get("deletionTimestamp"):
                refused[_pod_target(pod)] = _evict_one(client, pod)
        progress.say(f"node {node}", f"{len(pods)} pods still leave it")
        if not deadline.pause(_PAUSE):
            staying = [f"{target}: {refused.get(target) or 'is ending'}" for target in map(_pod_target, pods)]
            raise TimedOut(
                f"after {deadline.seconds:.0f} s there are still {len(pods)} pods: " + "; ".join(staying[:5]),
                where=f"node {node}",
                remedy=f"kubectl get pods --all-namespaces --field-selector spec.nodeName={node}; then run again",
            )


def _evict_one(client: KubeClient, pod: Object) -> str:
    """Why the pod cannot leave now; empty when it does."""
    metadata = pod["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
    try:
        client.request("POST", f"/api/v1/namespaces/{namespace}/pods/{name}/eviction", body=body)
    except ApiError as error:
        if error.is_not_found:
            return ""
        if error.status == 429:
            return error.message
        raise error.about(_pod_target(pod)) from error
    return ""


def _belongs_to_node(pod: Object) -> bool:
    metadata = pod["metadata"]
    if _MIRROR in (metadata.get("annotations") or {}):
        return True
    return any(owner.get("kind") == "DaemonSet" for owner in metadata.get("ownerReferences") or [])


def _is_ready(node: Object) -> bool:
    """Whether its kubelet lives: else nobody would end the pods, and their deletion is the cluster's own business."""
    conditions = (node.get("status") or {}).get("conditions") or []
    return any(item.get("type") == "Ready" and item.get("status") == "True" for item in conditions)


def _pod_target(pod: Object) -> str:
    return f"Pod/{pod['metadata']['namespace']}/{pod['metadata']['name']}"
