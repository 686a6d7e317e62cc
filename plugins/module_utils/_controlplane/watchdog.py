# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the replica watchdog may do: in the mothership, and as a client of the hosted cluster.

The program is in :mod:`_host.watchdog`. It runs on the control plane machines of the mothership as one ServiceAccount,
whose rights end at the namespaces of hosted clusters. In a hosted cluster it may list kinds that nobody writes, and
read the metrics of the API server.
"""

from __future__ import annotations

import typing as t

from . import pki
from .bootstrap import RBAC_GROUP, RBAC_VERSION, cluster_binding, service_account, user
from .control_plane import ControlPlane
from .manifests import MANAGED_BY, Manifest, manifest, secret

NAME = "replica-watchdog"
#: Where its ServiceAccount and the lease are that watchdogs of several machines share.
NAMESPACE = "mothership-hcp"
TOKEN = f"{NAME}-token"
#: Holds the greatest revision that the database of the cluster ever gave; the watchdog fills it.
MARK = "kine-revision"
_CLIENT = "mothership:watchdog"
_ROLE = "mothership.hcp:replica-watchdog"


def watchdog_objects(plane: ControlPlane) -> list[Manifest]:
    """In the namespace of a hosted cluster: the watchdog's certificate for it, the revision mark, and its rights."""
    namespace, labels = plane.spec.namespace, plane.labels
    pair = plane.pki.leaves[pki.WATCHDOG_LEAF]
    texts = {
        "ca.crt": plane.pki.authority.certificate_pem,
        "client.crt": pair.certificate_pem,
        "client.key": pair.key_pem,
    }
    rules = [
        _rule(["pods"], ["get", "list", "delete"]),
        _rule(["secrets"], ["get"], names=[NAME]),
        _rule(["configmaps"], ["get", "patch"], names=[MARK]),
        _rule(["events"], ["create"]),
    ]
    return [
        secret(pki.WATCHDOG, namespace, texts, labels=labels),
        # Without data: that is the watchdog's.
        manifest("v1", "ConfigMap", MARK, namespace, labels=labels),
        manifest(RBAC_VERSION, "Role", NAME, namespace, labels=labels, rules=rules),
        _binding(namespace, labels),
    ]


def watchdog_child_objects() -> list[Manifest]:
    """In the hosted cluster itself: what the certificate may ask."""
    rules: list[Manifest] = [
        _rule(["podtemplates"], ["list"]),
        _rule(["ingressclasses"], ["list"], group="networking.k8s.io"),
        _rule(["runtimeclasses"], ["list"], group="node.k8s.io"),
        {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
    ]
    return [
        manifest(RBAC_VERSION, "ClusterRole", _ROLE, rules=rules),
        cluster_binding(_ROLE, _ROLE, user(_CLIENT)),
    ]


def watchdog_account() -> list[Manifest]:
    """In the mothership, once: who the watchdog is, its token, and what it may do outside of hosted clusters."""
    leases = [_rule(["leases"], ["create", "get", "update"], group="coordination.k8s.io")]
    annotations = {"kubernetes.io/service-account.name": NAME}
    token: Manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": TOKEN, "namespace": NAMESPACE, "labels": dict(MANAGED_BY), "annotations": annotations},
        "type": "kubernetes.io/service-account-token",
    }
    return [
        manifest("v1", "Namespace", NAMESPACE),
        manifest("v1", "ServiceAccount", NAME, NAMESPACE, automountServiceAccountToken=False),
        token,
        manifest(RBAC_VERSION, "Role", NAME, NAMESPACE, rules=leases),
        _binding(NAMESPACE, {}),
        manifest(RBAC_VERSION, "ClusterRole", _ROLE, rules=[_rule(["namespaces"], ["list"])]),
        cluster_binding(_ROLE, _ROLE, service_account(NAME, NAMESPACE)),
    ]


def _binding(namespace: str, labels: t.Mapping[str, str]) -> Manifest:
    reference = {"apiGroup": RBAC_GROUP, "kind": "Role", "name": NAME}
    subjects = [service_account(NAME, NAMESPACE)]
    return manifest(RBAC_VERSION, "RoleBinding", NAME, namespace, labels=labels, roleRef=reference, subjects=subjects)


def _rule(resources: list[str], verbs: list[str], *, names: t.Sequence[str] = (), group: str = "") -> Manifest:
    rule: Manifest = {"apiGroups": [group], "resources": resources, "verbs": verbs}
    return {**rule, "resourceNames": list(names)} if names else rule
