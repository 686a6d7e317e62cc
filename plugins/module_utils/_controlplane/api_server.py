# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""kube-apiserver: its configuration files and its container."""

from __future__ import annotations

import typing as t

from .._core.plan import as_text
from . import pki
from .control_plane import ControlPlane
from .images import images_for
from .manifests import Manifest, manifest
from .probes import PATHS, anonymous_access, api_probes
from .services import API_PORT_NAME, KINE_PORT, kine_service_name
from .spec import SHARED

CONFIG_MAP = "api-server-config"
CONFIG_MOUNT = "/config"
PKI_MOUNT = "/pki"
KINE_SOCKET = "/run/kine/kine.sock"
#: The certificate for a shared kine.
KINE_PKI_MOUNT = "/kine-pki"
KONNECTIVITY_SOCKET = "/run/konnectivity/server.sock"

#: What anybody may ask: probes, and the discovery of ``kubeadm join``. Everything else needs a credential.
ANONYMOUS_PATHS = (*PATHS, "/api/v1/namespaces/kube-public/configmaps/cluster-info")


def config_map(plane: ControlPlane) -> Manifest:
    """Egress selector and authentication configuration."""
    data = {"egress.yaml": as_text(_egress()), "authentication.yaml": as_text(anonymous_access(ANONYMOUS_PATHS))}
    return manifest("v1", "ConfigMap", CONFIG_MAP, plane.spec.namespace, labels=plane.labels, data=data)


def container(plane: ControlPlane) -> Manifest:
    """The container of the API server."""
    return {
        "name": "kube-apiserver",
        "image": images_for(plane.spec.kubernetes_version).api_server,
        "args": arguments(plane),
        "env": [{"name": "GOMEMLIMIT", "value": "900MiB"}],
        "ports": [{"name": API_PORT_NAME, "containerPort": plane.ports.api, "protocol": "TCP"}],
        **api_probes(),
        "resources": {"requests": {"cpu": "100m", "memory": "320Mi"}, "limits": {"memory": "1Gi"}},
        "volumeMounts": [
            _kine_mount(plane),
            {"name": "konnectivity", "mountPath": "/run/konnectivity"},
            {"name": "api-server-pki", "mountPath": PKI_MOUNT, "readOnly": True},
            {"name": "api-server-config", "mountPath": CONFIG_MOUNT, "readOnly": True},
        ],
    }


def _kine_mount(plane: ControlPlane) -> Manifest:
    if plane.spec.kine == SHARED:
        return {"name": pki.KINE_CLIENT, "mountPath": KINE_PKI_MOUNT, "readOnly": True}
    return {"name": "kine", "mountPath": "/run/kine"}


def arguments(plane: ControlPlane) -> list[str]:
    """Flags in a fixed order; the user's own come over those that are not managed."""
    flags: dict[str, t.Any] = {
        **_serving(plane),
        **_storing(plane),
        **_authenticating(plane),
        **_own_clients(),
        **_defaults(),
    }
    flags.update(plane.spec.api_server_extra_args)
    flags["enable-admission-plugins"] = with_node_restriction(flags["enable-admission-plugins"])
    return [f"--{name}={flag_text(value)}" for name, value in flags.items()]


def with_node_restriction(plugins: t.Any) -> list[str]:
    """The admission plugins that the user wants, and the one that keeps kubelets to their own node."""
    return ["NodeRestriction", *(name for name in _items(plugins) if name != "NodeRestriction")]


def flag_text(value: t.Any) -> str:
    """The value of a flag as a program reads it: booleans in lower case, lists with commas."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(_items(value)) if isinstance(value, (list, tuple)) else str(value)


def _serving(plane: ControlPlane) -> dict[str, t.Any]:
    return {
        # Node port and container port are one number: the in-cluster endpoint is then the outside address.
        "secure-port": plane.ports.api,
        "advertise-address": plane.advertise_address,
        # See kubernetes_service.py.
        "endpoint-reconciler-type": "none",
        "service-cluster-ip-range": plane.spec.service_cidr,
        "tls-cert-file": f"{PKI_MOUNT}/apiserver.crt",
        "tls-private-key-file": f"{PKI_MOUNT}/apiserver.key",
        "egress-selector-config-file": f"{CONFIG_MOUNT}/egress.yaml",
        "allow-privileged": True,
    }


def _storing(plane: ControlPlane) -> dict[str, t.Any]:
    spec = plane.spec
    if spec.kine != SHARED:
        return {"etcd-servers": f"unix://{KINE_SOCKET}"}
    return {
        "etcd-servers": f"https://{kine_service_name(spec)}.{spec.namespace}.svc:{KINE_PORT}",
        "etcd-cafile": f"{KINE_PKI_MOUNT}/ca.crt",
        "etcd-certfile": f"{KINE_PKI_MOUNT}/tls.crt",
        "etcd-keyfile": f"{KINE_PKI_MOUNT}/tls.key",
    }


def _authenticating(plane: ControlPlane) -> dict[str, t.Any]:
    return {
        "authentication-config": f"{CONFIG_MOUNT}/authentication.yaml",
        "authorization-mode": "Node,RBAC",
        "client-ca-file": f"{PKI_MOUNT}/ca.crt",
        "enable-bootstrap-token-auth": True,
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-client-ca-file": f"{PKI_MOUNT}/front-proxy-ca.crt",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "service-account-issuer": f"https://kubernetes.default.svc.{plane.spec.dns_domain}",
        "service-account-key-file": f"{PKI_MOUNT}/sa.pub",
        "service-account-signing-key-file": f"{PKI_MOUNT}/sa.key",
    }


def _own_clients() -> dict[str, t.Any]:
    return {
        "kubelet-client-certificate": f"{PKI_MOUNT}/apiserver-kubelet-client.crt",
        "kubelet-client-key": f"{PKI_MOUNT}/apiserver-kubelet-client.key",
        "proxy-client-cert-file": f"{PKI_MOUNT}/front-proxy-client.crt",
        "proxy-client-key-file": f"{PKI_MOUNT}/front-proxy-client.key",
    }


def _defaults() -> dict[str, t.Any]:
    """Flags that a user may set otherwise."""
    return {
        "enable-admission-plugins": "NodeRestriction",
        "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
        "profiling": False,
        # The pod keeps answering while load balancers learn that it leaves.
        "shutdown-delay-duration": "10s",
    }


def _items(value: t.Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else str(value).split(",")


def _egress() -> Manifest:
    return {
        # v1 of this kind is not registered in kube-apiserver. No entry for etcd: it would break the unix socket.
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [
            {
                "name": "cluster",
                "connection": {"proxyProtocol": "GRPC", "transport": {"uds": {"udsName": KONNECTIVITY_SOCKET}}},
            },
            {"name": "controlplane", "connection": {"proxyProtocol": "Direct"}},
        ],
    }
