# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""konnectivity-agent: the workers' end of the tunnel, connected to every replica of the control plane."""

from __future__ import annotations

from .control_plane import ControlPlane
from .images import images_for
from .manifests import Manifest, manifest
from .sidecars import AGENT_NAME, AGENT_NAMESPACE, TUNNEL_AUDIENCE

_SELECTOR = {"k8s-app": AGENT_NAME}
_TOKEN_MOUNT = "/var/run/secrets/tokens"  # noqa: S105  # a path, not a secret
HEALTH_PORT = 8134
ADMIN_PORT = 8135


def konnectivity_agent_objects(plane: ControlPlane) -> list[Manifest]:
    """One agent a worker. It needs neither kube-proxy nor the pod network nor any right in the API."""
    return [
        manifest("v1", "ServiceAccount", AGENT_NAME, AGENT_NAMESPACE),
        manifest("apps/v1", "DaemonSet", AGENT_NAME, AGENT_NAMESPACE, labels=_SELECTOR, spec=_daemon_set(plane)),
    ]


def _daemon_set(plane: ControlPlane) -> Manifest:
    token = {"path": "token", "audience": TUNNEL_AUDIENCE, "expirationSeconds": 3600}
    sources = [
        {"serviceAccountToken": token},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    ]
    pod = {
        "serviceAccountName": AGENT_NAME,
        "automountServiceAccountToken": False,
        "priorityClassName": "system-node-critical",
        "hostNetwork": True,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"operator": "Exists"}],
        "containers": [_container(plane)],
        "volumes": [{"name": "token", "projected": {"defaultMode": 0o444, "sources": sources}}],
    }
    return {
        "selector": {"matchLabels": _SELECTOR},
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
        "template": {"metadata": {"labels": _SELECTOR}, "spec": pod},
    }


def _container(plane: ControlPlane) -> Manifest:
    return {
        "name": "konnectivity-agent",
        "image": images_for(plane.spec.kubernetes_version).konnectivity_agent,
        "imagePullPolicy": "IfNotPresent",
        "args": _arguments(plane),
        "env": [
            {"name": "NODE_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}}},
            {"name": "NODE_IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.hostIP"}}},
        ],
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": HEALTH_PORT},
            "initialDelaySeconds": 10,
            "periodSeconds": 10,
            "timeoutSeconds": 5,
        },
        "readinessProbe": {
            "httpGet": {"path": "/readyz", "port": HEALTH_PORT},
            "periodSeconds": 2,
            "timeoutSeconds": 5,
        },
        "resources": {"requests": {"cpu": "10m", "memory": "24Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "token", "mountPath": _TOKEN_MOUNT, "readOnly": True}],
    }


def _arguments(plane: ControlPlane) -> list[str]:
    return [
        f"--ca-cert={_TOKEN_MOUNT}/ca.crt",
        f"--service-account-token-path={_TOKEN_MOUNT}/token",
        f"--proxy-server-host={plane.spec.endpoint}",
        f"--proxy-server-port={plane.ports.konnectivity}",
        f"--health-server-port={HEALTH_PORT}",
        # 0 is refused.
        f"--admin-server-port={ADMIN_PORT}",
        "--agent-id=$(NODE_NAME)",
        "--agent-identifiers=host=$(NODE_IP)",
        # Look for further servers for ever: replicas come and go.
        "--sync-forever=true",
        "--sync-interval=1s",
        "--sync-interval-cap=5s",
        "--keepalive-time=30s",
        "--v=2",
    ]
