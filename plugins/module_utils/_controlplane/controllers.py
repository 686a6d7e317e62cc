# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""kube-controller-manager and kube-scheduler: clients of the API server in the same pod."""

from __future__ import annotations

from .control_plane import ControlPlane
from .images import images_for
from .manifests import Manifest


def controller_manager(plane: ControlPlane) -> Manifest:
    """Signs kubelet certificates and ``cluster-info``, gives every node its part of the pod network."""
    spec = plane.spec
    return {
        "name": "kube-controller-manager",
        "image": images_for(spec.kubernetes_version).controller_manager,
        "args": [
            *_common_arguments(),
            "--client-ca-file=/pki/ca.crt",
            "--requestheader-client-ca-file=/pki/front-proxy-ca.crt",
            f"--cluster-name={spec.name}",
            "--cluster-signing-cert-file=/pki/ca.crt",
            "--cluster-signing-key-file=/pki/ca.key",
            "--root-ca-file=/pki/ca.crt",
            "--service-account-private-key-file=/pki/sa.key",
            "--use-service-account-credentials=true",
            "--controllers=*,bootstrap-signer-controller,token-cleaner-controller",
            "--allocate-node-cidrs=true",
            f"--cluster-cidr={spec.pod_cidr}",
            f"--service-cluster-ip-range={spec.service_cidr}",
        ],
        "livenessProbe": _liveness(10257),
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
        "volumeMounts": [{"name": "controller-manager-pki", "mountPath": "/pki", "readOnly": True}],
    }


def scheduler(plane: ControlPlane) -> Manifest:
    """Places pods on workers."""
    return {
        "name": "kube-scheduler",
        "image": images_for(plane.spec.kubernetes_version).scheduler,
        "args": _common_arguments(),
        "livenessProbe": _liveness(10259),
        "resources": {"requests": {"cpu": "10m", "memory": "40Mi"}, "limits": {"memory": "256Mi"}},
        "volumeMounts": [{"name": "scheduler-pki", "mountPath": "/pki", "readOnly": True}],
    }


def _common_arguments() -> list[str]:
    return [
        "--kubeconfig=/pki/kubeconfig",
        "--authentication-kubeconfig=/pki/kubeconfig",
        "--authorization-kubeconfig=/pki/kubeconfig",
        # The kubelet probes the address of the pod.
        "--bind-address=0.0.0.0",
        "--leader-elect=true",
        "--profiling=false",
    ]


def _liveness(port: int) -> Manifest:
    return {
        "httpGet": {"path": "/healthz", "port": port, "scheme": "HTTPS"},
        "initialDelaySeconds": 15,
        "periodSeconds": 10,
        "timeoutSeconds": 5,
        "failureThreshold": 8,
    }
