# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""One kine for all API servers of a cluster (``kine: shared``), for those who need lists that never lag.

It is reached over the network, so both sides show certificates of an authority that signs for nothing else: with the
cluster's own authority every kubelet could read and write the whole store.
"""

from __future__ import annotations

import typing as t

from . import pki, pki_secrets, sidecars
from .control_plane import ControlPlane, cluster_label
from .manifests import Manifest, checksum, manifest, secret
from .services import KINE_PORT, kine_service_name
from .spec import SHARED, ClusterSpec
from .workload import datastore_checksum, hardened, pod_security

PORT_NAME = "kine"
PKI_MOUNT = "/pki"

#: Seconds after which a pod leaves a machine that does not answer; Kubernetes would wait for five minutes.
_LEAVE_SECONDS = 5
#: Seconds in which API servers' new connections go to the next pod already, before this one closes those it has.
_DRAIN_SECONDS = 2


def selector(plane: ControlPlane) -> dict[str, str]:
    """Labels of its pods: others than those of the control plane, whose Services must not lead here."""
    return {"app.kubernetes.io/name": "hosted-kine", "app.kubernetes.io/instance": plane.spec.name}


def secrets(plane: ControlPlane) -> list[Manifest]:
    """The authority, and one Secret a side. They are no state: what is lost is made anew, and the pods follow."""
    authority = plane.pki.kine_authority
    if plane.spec.kine != SHARED or authority is None:
        return []
    namespace, labels = plane.spec.namespace, _labels(plane)
    pairs = {pki.KINE_AUTHORITY: authority, **{name: plane.pki.leaves[name] for name in _LEAVES}}
    made = []
    for name, pair in pairs.items():
        texts = {"tls.crt": pair.certificate_pem, "tls.key": pair.key_pem}
        if name in _LEAVES:
            texts["ca.crt"] = authority.certificate_pem
        made.append(secret(name, namespace, texts, labels=labels, kind="kubernetes.io/tls"))
    return made


_LEAVES = (pki.KINE_SERVER, pki.KINE_CLIENT)


def objects(plane: ControlPlane, own: t.Sequence[Manifest], datastore: Manifest) -> list[Manifest]:
    """Everything but the Secrets; nothing when each API server has a kine of its own.

    :param own: what :func:`secrets` gave.
    :param datastore: the Secret with the login.
    """
    if plane.spec.kine != SHARED:
        return []
    return [_service(plane), _policy(plane), _deployment(plane, own, datastore)]


def leftovers(spec: ClusterSpec) -> list[Manifest]:
    """What is to be removed when a cluster no longer shares its kine; nothing more than the objects' names."""
    name, namespace = kine_service_name(spec), spec.namespace
    return [
        manifest("apps/v1", "Deployment", name, namespace),
        manifest("v1", "Service", name, namespace),
        manifest("networking.k8s.io/v1", "NetworkPolicy", name, namespace),
        *(manifest("v1", "Secret", item, namespace) for item in (pki.KINE_AUTHORITY, *_LEAVES)),
    ]


def _labels(plane: ControlPlane) -> dict[str, str]:
    own = {key: str(value) for key, value in plane.spec.labels.items()}
    return {**own, **selector(plane), **cluster_label(plane.spec)}


def _service(plane: ControlPlane) -> Manifest:
    port = {"name": PORT_NAME, "protocol": "TCP", "port": KINE_PORT, "targetPort": PORT_NAME}
    spec = {"type": "ClusterIP", "selector": selector(plane), "ports": [port]}
    return manifest(
        "v1", "Service", kine_service_name(plane.spec), plane.spec.namespace, labels=_labels(plane), spec=spec
    )


def _policy(plane: ControlPlane) -> Manifest:
    """Only the pods of this control plane, where the pod network enforces policies; certificates hold everywhere."""
    rule = {
        "from": [{"podSelector": {"matchLabels": plane.selector}}],
        "ports": [{"port": PORT_NAME, "protocol": "TCP"}],
    }
    spec = {"podSelector": {"matchLabels": selector(plane)}, "policyTypes": ["Ingress"], "ingress": [rule]}
    name, namespace = kine_service_name(plane.spec), plane.spec.namespace
    return manifest("networking.k8s.io/v1", "NetworkPolicy", name, namespace, labels=_labels(plane), spec=spec)


def _deployment(plane: ControlPlane, own: t.Sequence[Manifest], datastore: Manifest) -> Manifest:
    server = next(item for item in own if item["metadata"]["name"] == pki.KINE_SERVER)
    annotations = {
        "mothership.hcp/checksum-certificates": checksum(server["data"]),
        **datastore_checksum(datastore["data"]),
    }
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": selector(plane)},
        # The next pod is Ready before this one goes: writes stop for a moment only, and a pod that cannot start harms
        # nobody. Two kines on one database are safe; a list may lag for as long as both serve.
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "progressDeadlineSeconds": 600,
        "revisionHistoryLimit": 2,
        "template": {
            "metadata": {"labels": selector(plane), "annotations": annotations},
            "spec": _pod(plane),
        },
    }
    name, namespace = kine_service_name(plane.spec), plane.spec.namespace
    return manifest("apps/v1", "Deployment", name, namespace, labels=_labels(plane), spec=spec)


def _pod(plane: ControlPlane) -> Manifest:
    apart = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": _others()}}
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 15,
        # A whole cluster hangs on this one pod.
        "priorityClassName": "system-cluster-critical",
        "securityContext": pod_security(),
        "tolerations": [
            {"key": f"node.kubernetes.io/{state}", "operator": "Exists", "effect": "NoExecute"}
            | {"tolerationSeconds": _LEAVE_SECONDS}
            for state in ("not-ready", "unreachable")
        ],
        # Of several clusters, so that one machine's loss stops as few as possible.
        "affinity": {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 100, "podAffinityTerm": {**apart, "namespaceSelector": {}}}
                ]
            }
        },
        "containers": [hardened(_container(plane))],
        "volumes": [
            {"name": name, "secret": {"secretName": name, "defaultMode": 0o440}}
            for name in (pki_secrets.DATASTORE, pki.KINE_SERVER)
        ],
    }


def _others() -> dict[str, str]:
    return {"app.kubernetes.io/name": "hosted-kine"}


def _container(plane: ControlPlane) -> Manifest:
    """The same kine as beside an API server, but on the network."""
    beside = sidecars.kine(plane)
    arguments = [text for text in beside["args"] if not text.startswith("--listen-address=")]
    tls = [
        f"--listen-address=tcp://0.0.0.0:{KINE_PORT}",
        f"--server-cert-file={PKI_MOUNT}/tls.crt",
        f"--server-key-file={PKI_MOUNT}/tls.key",
        # With this flag kine refuses clients without a certificate of that authority.
        f"--trusted-ca-file={PKI_MOUNT}/ca.crt",
        # The kubelet's probes have no certificate.
        "--metrics-ignore-tls-config",
    ]
    datastore = [mount for mount in beside["volumeMounts"] if mount["name"] == pki_secrets.DATASTORE]
    metrics = {"httpGet": {"path": "/metrics", "port": "kine-metrics"}, "timeoutSeconds": 5}
    return {
        **{key: value for key, value in beside.items() if key != "restartPolicy"},
        "args": [*tls, *arguments],
        "ports": [*beside["ports"], {"name": PORT_NAME, "containerPort": KINE_PORT, "protocol": "TCP"}],
        # It listens once the database has answered.
        "startupProbe": {"tcpSocket": {"port": PORT_NAME}, "periodSeconds": 1, "failureThreshold": 120},
        "readinessProbe": {"tcpSocket": {"port": PORT_NAME}, "periodSeconds": 2, "failureThreshold": 2},
        # Not of the database: one that is away must not restart every kine.
        "livenessProbe": {**metrics, "periodSeconds": 10, "failureThreshold": 6},
        "lifecycle": {"preStop": {"sleep": {"seconds": _DRAIN_SECONDS}}},
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
        "volumeMounts": [*datastore, {"name": pki.KINE_SERVER, "mountPath": PKI_MOUNT, "readOnly": True}],
    }
