# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The controller's half of joining a worker: what the cluster's API has to do with it."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import datetime
import typing as t

import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._core.plan import Change, Plan
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline, Progress
from ansible_collections.mothership.hcp.plugins.module_utils._kube import objects
from ansible_collections.mothership.hcp.plugins.module_utils._kube.errors import ApiError
from ansible_collections.mothership.hcp.plugins.module_utils._kube.wait import Watched, node_ready, wait_until
from ansible_collections.mothership.hcp.plugins.module_utils._pki.bootstrap_token import BootstrapToken

if t.TYPE_CHECKING:
    from ansible_collections.mothership.hcp.plugins.module_utils._kube.client import KubeClient

#: Seconds a token lives when nobody revokes it.
_TOKEN_SECONDS = 900
_NODE_LABEL = "mothership.hcp/node"
_LEASE_API = "coordination.k8s.io/v1"
_LEASES = "kube-node-lease"
#: What kubelets use.
_LEASE_SECONDS = 40
Object = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Where workers find the API server.

    :param ca_certificate: base64 of the PEM text.
    """

    server: str
    ca_certificate: str


def endpoint_of(kubeconfig: str) -> Endpoint:
    """Server and CA of a kubeconfig's current context.

    :raises InvalidInput: when they are not there. What the file holds is not repeated: it has credentials.
    """
    try:
        with open(kubeconfig, encoding="utf-8") as file:
            content = yaml.safe_load(file)
        contexts = {entry["name"]: entry["context"] for entry in content["contexts"]}
        clusters = {entry["name"]: entry["cluster"] for entry in content["clusters"]}
        cluster = clusters[contexts[content["current-context"]]["cluster"]]
        if "certificate-authority-data" in cluster:
            return Endpoint(cluster["server"], cluster["certificate-authority-data"])
        with open(cluster["certificate-authority"], "rb") as file_of_ca:
            return Endpoint(cluster["server"], base64.b64encode(file_of_ca.read()).decode("ascii"))
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise InvalidInput(
            f"not a kubeconfig with a server and a CA certificate ({type(error).__name__})",
            where=kubeconfig,
            remedy="run the task that writes it, for a hosted cluster role mothership.hcp.hosted_control_plane",
        ) from None


def plan_leftovers(client: KubeClient, node_name: str) -> Plan:
    """Tokens for this node that runs which were killed have left."""
    found = objects.list_objects(client, "v1", "Secret", "kube-system", f"{_NODE_LABEL}={node_name}")
    return Plan([Change("delete", f"Secret/kube-system/{secret['metadata']['name']}", "present") for secret in found])


def remove_leftovers(client: KubeClient, leftovers: Plan) -> None:
    """Carry out :func:`plan_leftovers`."""
    for change in leftovers.changes:
        objects.delete(client, "v1", "Secret", change.target.rsplit("/", 1)[1], "kube-system")


@contextlib.contextmanager
def bootstrap_token(client: KubeClient, node_name: str, usages: t.Sequence[str] = ()) -> t.Iterator[str]:
    """A token for one node that exists only within this context.

    :param usages: what it is good for besides the join of a worker, as the cluster's distribution names it.
    """
    token = BootstrapToken.new(_TOKEN_SECONDS)
    manifest = token.secret_manifest(f"join of {node_name}")
    manifest["stringData"].update({f"usage-{usage}": "true" for usage in usages})
    manifest["metadata"]["labels"] = {_NODE_LABEL: node_name}
    try:
        objects.create(client, manifest)
        yield token.value
    finally:
        objects.delete(client, "v1", "Secret", manifest["metadata"]["name"], "kube-system")


def ensure_renewed_lease(client: KubeClient, name: str) -> None:
    """Make the node's Lease before k0s does.

    k0s 1.36 puts a label on the Lease of a node that joins, and so makes one without a time of renewal when it is
    faster than the kubelet. The node controller never sees such a Lease renewed: a healthy node is NotReady for some
    seconds, 50 seconds after its join.
    """
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {"holderIdentity": name, "leaseDurationSeconds": _LEASE_SECONDS, "renewTime": now}
    metadata = {"name": name, "namespace": _LEASES}
    try:
        objects.create(client, {"apiVersion": _LEASE_API, "kind": "Lease", "metadata": metadata, "spec": spec})
    except ApiError as error:
        if not error.is_conflict:
            raise
        path = f"/apis/{_LEASE_API}/namespaces/{_LEASES}/leases/{name}"
        client.request("PATCH", path, body={"spec": spec}, content_type="application/merge-patch+json")


def remove_stale_node(client: KubeClient, node: Object | None, machine_id: str) -> None:
    """Delete the Node object that an earlier life of this machine left; kubeadm would refuse to join beside it.

    :raises InvalidInput: when another machine, which is alive, has that name.
    """
    if node is None:
        return
    name = node["metadata"]["name"]
    other = (node.get("status") or {}).get("nodeInfo", {}).get("machineID", "")
    if node_ready(name)([node]) is None and other not in ("", machine_id):
        raise InvalidInput(
            "another machine is a Ready node of this name",
            where=name,
            remedy=f"set worker_node_name to another name, or 'kubectl delete node {name}' if that machine is gone",
        )
    objects.delete(client, "v1", "Node", name)


def wait_for_node(
    client: KubeClient, name: str, kubeconfig: str, unit: str, deadline: Deadline, progress: Progress
) -> Object:
    """Until the node is Ready; returns the Node object.

    :param unit: systemd unit of the kubelet.
    """
    found = wait_until(
        client,
        Watched("v1", "Node", name=name),
        node_ready(name),
        deadline=deadline,
        progress=progress,
        subject=f"node {name}",
        hint=f"kubectl --kubeconfig {kubeconfig} describe node {name}; on the machine: journalctl -u {unit} -n 50",
    )
    return found[0]


def plan_marks(node: Object, labels: t.Mapping[str, str], taints: t.Sequence[t.Mapping[str, str]]) -> Plan:
    """Labels and taints that the node lacks. What others put on the node stays."""
    plan = Plan()
    current = node["metadata"].get("labels") or {}
    differing = {key: value for key, value in labels.items() if current.get(key) != value}
    name = node["metadata"]["name"]
    if differing:
        before = {key: current[key] for key in differing if key in current}
        plan.add(Change("update", f"labels of node {name}", before or None, differing))
    merged = _merged_taints(node, taints)
    if merged is not None:
        plan.add(Change("update", f"taints of node {name}", (node.get("spec") or {}).get("taints"), merged))
    return plan


def apply_marks(
    client: KubeClient, node: Object, labels: t.Mapping[str, str], taints: t.Sequence[t.Mapping[str, str]]
) -> None:
    """Set them in one request, which fails if somebody else changed the node's taints meanwhile."""
    body: Object = {"metadata": {"labels": dict(labels)}}
    merged = _merged_taints(node, taints)
    if merged is not None:
        body["metadata"]["resourceVersion"] = node["metadata"]["resourceVersion"]
        body["spec"] = {"taints": merged}
    path = f"/api/v1/nodes/{node['metadata']['name']}"
    client.request("PATCH", path, body=body, content_type="application/merge-patch+json")


def _merged_taints(node: Object, wanted: t.Sequence[t.Mapping[str, str]]) -> list[Object] | None:
    """All taints the node shall have; ``None`` when it has them."""
    current = list((node.get("spec") or {}).get("taints") or [])
    by_identity = {(taint.get("key"), taint.get("effect")): taint for taint in current}
    merged = {**by_identity, **{(taint["key"], taint["effect"]): dict(taint) for taint in wanted}}
    same = all(_same_taint(by_identity.get(key), taint) for key, taint in merged.items())
    return None if same else list(merged.values())


def _same_taint(one: t.Mapping[str, t.Any] | None, other: t.Mapping[str, t.Any]) -> bool:
    return one is not None and (one.get("value") or "") == (other.get("value") or "")
