# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What ``kubeadm join`` finds in a hosted cluster: RBAC, discovery, and the configuration of kubelets."""

from __future__ import annotations

import typing as t

from .._core.plan import as_text
from .._pki import kubeconfig
from .._pki.bootstrap_token import JOIN_GROUP
from .control_plane import ControlPlane
from .manifests import Manifest, manifest, merged

RBAC_GROUP = "rbac.authorization.k8s.io"
RBAC_VERSION = f"{RBAC_GROUP}/v1"


def bootstrap_objects(plane: ControlPlane) -> list[Manifest]:
    """Everything a worker needs in order to join, except a bootstrap token."""
    return [*_config_maps(plane), *_join_rules(), *_join_bindings(), *_component_bindings()]


def group(name: str) -> Manifest:
    """A subject of a binding."""
    return {"apiGroup": RBAC_GROUP, "kind": "Group", "name": name}


def user(name: str) -> Manifest:
    """A subject of a binding."""
    return {"apiGroup": RBAC_GROUP, "kind": "User", "name": name}


def service_account(name: str, namespace: str) -> Manifest:
    """A subject of a binding."""
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def cluster_binding(name: str, role: str, subject: Manifest) -> Manifest:
    """A ClusterRoleBinding of one subject."""
    reference = {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": role}
    return manifest(RBAC_VERSION, "ClusterRoleBinding", name, roleRef=reference, subjects=[subject])


def _config_maps(plane: ControlPlane) -> list[Manifest]:
    return [
        # The controller manager adds a signature for every bootstrap token as further keys.
        _config_map("cluster-info", "kube-public", {"kubeconfig": _discovery(plane)}),
        _config_map("kubeadm-config", "kube-system", {"ClusterConfiguration": as_text(_cluster_configuration(plane))}),
        _config_map("kubelet-config", "kube-system", {"kubelet": as_text(kubelet_configuration(plane))}),
    ]


def _discovery(plane: ControlPlane) -> str:
    """A kubeconfig without user; its cluster has no name, as kubeadm writes it."""
    ca = plane.pki.authority.certificate_pem
    full = kubeconfig.render(server=plane.server, cluster="", user="", ca_certificate_pem=ca)
    import yaml

    document = {**yaml.safe_load(full), "users": [], "contexts": [], "current-context": ""}
    return as_text(document)


def _cluster_configuration(plane: ControlPlane) -> Manifest:
    spec = plane.spec
    return {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "ClusterConfiguration",
        "clusterName": spec.name,
        "kubernetesVersion": f"v{spec.kubernetes_version}",
        "controlPlaneEndpoint": plane.server.removeprefix("https://"),
        "networking": {
            "dnsDomain": spec.dns_domain,
            "podSubnet": spec.pod_cidr,
            "serviceSubnet": spec.service_cidr,
        },
    }


def kubelet_configuration(plane: ControlPlane) -> Manifest:
    """The KubeletConfiguration that machines get when they join; the user's is laid over it."""
    base = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "systemd",
        "clusterDNS": [plane.spec.dns_address],
        "clusterDomain": plane.spec.dns_domain,
        "healthzBindAddress": "127.0.0.1",
        "healthzPort": 10248,
        "rotateCertificates": True,
        "staticPodPath": "/etc/kubernetes/manifests",
    }
    return merged(base, plane.spec.kubelet_config)


def _join_rules() -> list[Manifest]:
    """Reading what a joining machine asks for; the names are those that kubeadm itself uses."""
    readable = (
        ("kubeadm:bootstrap-signer-clusterinfo", "kube-public", "cluster-info", [user("system:anonymous")]),
        ("kubeadm:nodes-kubeadm-config", "kube-system", "kubeadm-config", _joining_and_joined()),
        ("kubeadm:kubelet-config", "kube-system", "kubelet-config", _joining_and_joined()),
        ("kube-proxy", "kube-system", "kube-proxy", [group(JOIN_GROUP)]),
    )
    objects: list[Manifest] = []
    for name, namespace, config_map, subjects in readable:
        rules = [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [config_map], "verbs": ["get"]}]
        reference = {"apiGroup": RBAC_GROUP, "kind": "Role", "name": name}
        objects += [
            manifest(RBAC_VERSION, "Role", name, namespace, rules=rules),
            manifest(RBAC_VERSION, "RoleBinding", name, namespace, roleRef=reference, subjects=subjects),
        ]
    nodes = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]
    return [*objects, manifest(RBAC_VERSION, "ClusterRole", "kubeadm:get-nodes", rules=nodes)]


def _join_bindings() -> list[Manifest]:
    """A joining machine may ask for a client certificate and gets it; a joined one may renew its own."""
    approve = "system:certificates.k8s.io:certificatesigningrequests"
    joining = group(JOIN_GROUP)
    return [
        cluster_binding("kubeadm:get-nodes", "kubeadm:get-nodes", joining),
        cluster_binding("kubeadm:kubelet-bootstrap", "system:node-bootstrapper", joining),
        cluster_binding("kubeadm:node-autoapprove-bootstrap", f"{approve}:nodeclient", joining),
        cluster_binding(
            "kubeadm:node-autoapprove-certificate-rotation", f"{approve}:selfnodeclient", group("system:nodes")
        ),
    ]


def _component_bindings() -> list[Manifest]:
    """Rights of the control plane's own client certificates."""
    return [
        cluster_binding(
            "mothership.hcp:kubelet-client", "system:kubelet-api-admin", user("kube-apiserver-kubelet-client")
        ),
        cluster_binding(
            "mothership.hcp:konnectivity-server", "system:auth-delegator", user("system:konnectivity-server")
        ),
    ]


def _joining_and_joined() -> list[Manifest]:
    return [group(JOIN_GROUP), group("system:nodes")]


def _config_map(name: str, namespace: str, data: t.Mapping[str, str]) -> Manifest:
    return manifest("v1", "ConfigMap", name, namespace, data=dict(data))
