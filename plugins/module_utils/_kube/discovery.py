# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Which path serves a kind: a table of built-in kinds, then what the server says of itself."""

from __future__ import annotations

import dataclasses
import typing as t
from urllib.parse import quote

from .._core.errors import HcpError

if t.TYPE_CHECKING:
    from .client import KubeClient


class UnknownKind(HcpError):
    """The API server does not serve this kind."""


@dataclasses.dataclass(frozen=True)
class Resource:
    """A kind and where it is served.

    :param plural: its name in paths, such as ``configmaps``.
    """

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """The collection's path, or one object's. Without a namespace: the collection in all namespaces."""
        root = group_version_path(self.api_version)
        scope = f"/namespaces/{quote(namespace)}" if self.namespaced and namespace else ""
        return f"{root}{scope}/{self.plural}" + (f"/{quote(name)}" if name else "")


def group_version_path(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _table(api_version: str, namespaced: bool, **plurals: str) -> dict[tuple[str, str], Resource]:
    return {(api_version, kind): Resource(api_version, kind, plural, namespaced) for kind, plural in plurals.items()}


#: Kinds that every supported Kubernetes serves; asking for them would cost a request per group.
BUILT_IN: dict[tuple[str, str], Resource] = {
    **_table(
        "v1",
        True,
        ConfigMap="configmaps",
        Endpoints="endpoints",
        Event="events",
        LimitRange="limitranges",
        PersistentVolumeClaim="persistentvolumeclaims",
        Pod="pods",
        ReplicationController="replicationcontrollers",
        ResourceQuota="resourcequotas",
        Secret="secrets",  # noqa: S106  (the name of a kind)
        Service="services",
        ServiceAccount="serviceaccounts",
    ),
    **_table("v1", False, Namespace="namespaces", Node="nodes", PersistentVolume="persistentvolumes"),
    **_table(
        "apps/v1",
        True,
        ControllerRevision="controllerrevisions",
        DaemonSet="daemonsets",
        Deployment="deployments",
        ReplicaSet="replicasets",
        StatefulSet="statefulsets",
    ),
    **_table("batch/v1", True, CronJob="cronjobs", Job="jobs"),
    **_table("rbac.authorization.k8s.io/v1", True, Role="roles", RoleBinding="rolebindings"),
    **_table(
        "rbac.authorization.k8s.io/v1", False, ClusterRole="clusterroles", ClusterRoleBinding="clusterrolebindings"
    ),
    **_table("policy/v1", True, PodDisruptionBudget="poddisruptionbudgets"),
    **_table("networking.k8s.io/v1", True, Ingress="ingresses", NetworkPolicy="networkpolicies"),
    **_table("networking.k8s.io/v1", False, IngressClass="ingressclasses"),
    **_table("autoscaling/v2", True, HorizontalPodAutoscaler="horizontalpodautoscalers"),
    **_table("discovery.k8s.io/v1", True, EndpointSlice="endpointslices"),
    **_table("coordination.k8s.io/v1", True, Lease="leases"),
    **_table("storage.k8s.io/v1", False, CSIDriver="csidrivers", StorageClass="storageclasses"),
    **_table("scheduling.k8s.io/v1", False, PriorityClass="priorityclasses"),
    **_table("apiextensions.k8s.io/v1", False, CustomResourceDefinition="customresourcedefinitions"),
    **_table("apiregistration.k8s.io/v1", False, APIService="apiservices"),
    **_table("certificates.k8s.io/v1", False, CertificateSigningRequest="certificatesigningrequests"),
    **_table(
        "admissionregistration.k8s.io/v1",
        False,
        MutatingWebhookConfiguration="mutatingwebhookconfigurations",
        ValidatingAdmissionPolicy="validatingadmissionpolicies",
        ValidatingAdmissionPolicyBinding="validatingadmissionpolicybindings",
        ValidatingWebhookConfiguration="validatingwebhookconfigurations",
    ),
}


def resource_for(client: KubeClient | None, api_version: str, kind: str) -> Resource:
    """Where ``kind`` is served.

    :raises UnknownKind: not by this server; without a client: not built in.
    """
    key = (api_version, kind)
    known = BUILT_IN.get(key)
    if known is None and client is not None:
        known = client.discovered.get(key)
        if known is None:
            _discover(client, api_version)
            known = client.discovered.get(key)
    if known is None:
        raise UnknownKind(
            f"the API server does not serve {kind} of {api_version}",
            remedy="check apiVersion and kind, or apply its CustomResourceDefinition first",
        )
    return known


def resource_of_definition(definition: t.Mapping[str, t.Any]) -> list[Resource]:
    """What a CustomResourceDefinition will make the server serve."""
    spec = definition.get("spec") or {}
    names = spec.get("names") or {}
    return [
        Resource(
            f"{spec.get('group')}/{version.get('name')}",
            str(names.get("kind")),
            str(names.get("plural")),
            spec.get("scope") == "Namespaced",
        )
        for version in spec.get("versions") or []
        if version.get("served", True)
    ]


def _discover(client: KubeClient, api_version: str) -> None:
    from .errors import ApiError

    try:
        answer = client.request("GET", group_version_path(api_version))
    except ApiError as error:
        if error.is_not_found:
            return
        raise
    for entry in answer.get("resources") or []:
        # "deployments/scale" and the like are parts of an object, not objects.
        if "/" not in entry["name"]:
            client.discovered[(api_version, entry["kind"])] = Resource(
                api_version, entry["kind"], entry["name"], bool(entry["namespaced"])
            )
