# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""kine and konnectivity-server: native sidecars, started before the API server and stopped after it."""

from __future__ import annotations

from urllib.parse import quote

from .._core.addresses import bracketed
from .api_server import KINE_SOCKET, KONNECTIVITY_SOCKET
from .control_plane import ControlPlane
from .images import images_for
from .manifests import Manifest
from .services import AGENT_PORT, AGENT_PORT_NAME

DATASTORE_MOUNT = "/datastore"
IDLE_CONNECTIONS = 5
TUNNEL_AUDIENCE = "system:konnectivity-server"
AGENT_NAME = "konnectivity-agent"
AGENT_NAMESPACE = "kube-system"


def datastore_url(plane: ControlPlane) -> str:
    """The DSN without a password: kine finds that in the file that PGPASSFILE names."""
    login, database = (quote(name, safe="") for name in (plane.login, plane.spec.database))
    host = bracketed(plane.database.host)
    return f"postgres://{login}@{host}:{plane.database.port}/{database}?sslmode={plane.spec.database_sslmode}"


def pod_name(variable: str) -> Manifest:
    """An environment variable with the name of the pod.

    As PostgreSQL's application name it tells which pod a session belongs to: behind address translation or a balancer
    the client's address does not.
    """
    return {"name": variable, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}}


def kine(plane: ControlPlane) -> Manifest:
    """The translator between the API server and PostgreSQL; it listens on a socket that only this pod has."""
    return {
        "name": "kine",
        "restartPolicy": "Always",
        "image": images_for(plane.spec.kubernetes_version).kine,
        "args": [
            f"--listen-address=unix://{KINE_SOCKET}",
            f"--endpoint={datastore_url(plane)}",
            *([f"--ca-file={DATASTORE_MOUNT}/ca.crt"] if plane.database.ca_certificate else []),
            "--metrics-bind-address=:8080",
            f"--datastore-max-open-connections={plane.spec.database_connections}",
            f"--datastore-max-idle-connections={min(IDLE_CONNECTIONS, plane.spec.database_connections)}",
        ],
        "env": [{"name": "PGPASSFILE", "value": f"{DATASTORE_MOUNT}/pgpass"}, pod_name("PGAPPNAME")],
        "ports": [{"name": "kine-metrics", "containerPort": 8080, "protocol": "TCP"}],
        "startupProbe": {
            "httpGet": {"path": "/metrics", "port": "kine-metrics"},
            "periodSeconds": 1,
            "timeoutSeconds": 5,
            "failureThreshold": 60,
        },
        "resources": {"requests": {"cpu": "20m", "memory": "48Mi"}, "limits": {"memory": "512Mi"}},
        "volumeMounts": [
            {"name": "kine", "mountPath": "/run/kine"},
            {"name": "kine-datastore", "mountPath": DATASTORE_MOUNT, "readOnly": True},
        ],
    }


def konnectivity_server(plane: ControlPlane) -> Manifest:
    """The end of the tunnel through which the API server reaches kubelets, pods and webhooks."""
    return {
        "name": "konnectivity-server",
        "restartPolicy": "Always",
        "image": images_for(plane.spec.kubernetes_version).konnectivity_server,
        "args": [
            "--mode=grpc",
            f"--uds-name={KONNECTIVITY_SOCKET}",
            "--server-port=0",
            f"--agent-port={AGENT_PORT}",
            "--admin-port=8095",
            "--health-port=8134",
            "--cluster-cert=/pki/server.crt",
            "--cluster-key=/pki/server.key",
            "--server-id=$(POD_NAME)",
            f"--server-count={plane.spec.replicas}",
            "--kubeconfig=/pki/kubeconfig",
            f"--agent-namespace={AGENT_NAMESPACE}",
            f"--agent-service-account={AGENT_NAME}",
            f"--authentication-audience={TUNNEL_AUDIENCE}",
            "--keepalive-time=30s",
            "--frontend-keepalive-time=30s",
            "--v=2",
        ],
        "env": [pod_name("POD_NAME")],
        "ports": [{"name": AGENT_PORT_NAME, "containerPort": AGENT_PORT, "protocol": "TCP"}],
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": 8134},
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": 6,
        },
        "resources": {"requests": {"cpu": "10m", "memory": "24Mi"}, "limits": {"memory": "256Mi"}},
        "volumeMounts": [
            {"name": "konnectivity", "mountPath": "/run/konnectivity"},
            {"name": "konnectivity-pki", "mountPath": "/pki", "readOnly": True},
        ],
    }
