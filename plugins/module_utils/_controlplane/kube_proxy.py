# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""kube-proxy of a hosted cluster: it talks to the endpoint itself, since it is what makes Services work."""

from __future__ import annotations

from .._core.plan import as_text
from .._pki import kubeconfig
from .bootstrap import cluster_binding, service_account
from .control_plane import ControlPlane
from .images import images_for
from .manifests import Manifest, checksum, manifest, merged

NAMESPACE = "kube-system"
NAME = "kube-proxy"
_SELECTOR = {"k8s-app": NAME}
_TOKEN_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105  # a path, not a secret


def kube_proxy_objects(plane: ControlPlane) -> list[Manifest]:
    """kube-proxy on every worker."""
    config = {"config.conf": as_text(configuration(plane)), "kubeconfig.conf": _kubeconfig(plane)}
    return [
        manifest("v1", "ServiceAccount", NAME, NAMESPACE),
        cluster_binding("mothership.hcp:node-proxier", "system:node-proxier", service_account(NAME, NAMESPACE)),
        manifest("v1", "ConfigMap", NAME, NAMESPACE, labels=_SELECTOR, data=config),
        manifest("apps/v1", "DaemonSet", NAME, NAMESPACE, labels=_SELECTOR, spec=_daemon_set(plane, config)),
    ]


def configuration(plane: ControlPlane) -> Manifest:
    """The KubeProxyConfiguration; the user's is laid over it."""
    base = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clusterCIDR": plane.spec.pod_cidr,
        "clientConnection": {"kubeconfig": "/etc/kube-proxy/kubeconfig.conf"},
    }
    return merged(base, plane.spec.kube_proxy_config)


def _kubeconfig(plane: ControlPlane) -> str:
    return kubeconfig.render(
        server=plane.server,
        cluster=plane.spec.name,
        user=NAME,
        ca_file=f"{_TOKEN_MOUNT}/ca.crt",
        token_file=f"{_TOKEN_MOUNT}/token",
    )


def _daemon_set(plane: ControlPlane, config: Manifest) -> Manifest:
    container = {
        "name": NAME,
        "image": images_for(plane.spec.kubernetes_version).kube_proxy,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/usr/local/bin/kube-proxy"],
        "args": ["--config=/etc/kube-proxy/config.conf", "--hostname-override=$(NODE_NAME)"],
        "env": [{"name": "NODE_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}}}],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
        "securityContext": {"privileged": True},
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/kube-proxy", "readOnly": True},
            {"name": "modules", "mountPath": "/lib/modules", "readOnly": True},
            {"name": "xtables-lock", "mountPath": "/run/xtables.lock"},
        ],
    }
    pod = {
        "serviceAccountName": NAME,
        "priorityClassName": "system-node-critical",
        "hostNetwork": True,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"operator": "Exists"}],
        "containers": [container],
        "volumes": [
            {"name": "config", "configMap": {"name": NAME}},
            {"name": "modules", "hostPath": {"path": "/lib/modules", "type": "DirectoryOrCreate"}},
            {"name": "xtables-lock", "hostPath": {"path": "/run/xtables.lock", "type": "FileOrCreate"}},
        ],
    }
    annotations = {"mothership.hcp/checksum-config": checksum(config)}
    return {
        "selector": {"matchLabels": _SELECTOR},
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
        "template": {"metadata": {"labels": _SELECTOR, "annotations": annotations}, "spec": pod},
    }
