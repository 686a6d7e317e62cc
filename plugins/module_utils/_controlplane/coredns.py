# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""DNS of a hosted cluster: CoreDNS behind the Service ``kube-dns``."""

from __future__ import annotations

from .bootstrap import RBAC_VERSION, cluster_binding, service_account
from .manifests import Manifest, checksum, manifest

NAMESPACE = "kube-system"
_SELECTOR = {"k8s-app": "kube-dns"}


def coredns_objects(domain: str, address: str, image: str) -> list[Manifest]:
    """Two replicas; they wait for the first worker.

    :param domain: of the cluster's own names.
    :param address: IPv4 address of the Service, which kubelets tell their pods.
    """
    config = {"Corefile": _corefile(domain)}
    return [
        manifest("v1", "ServiceAccount", "coredns", NAMESPACE),
        manifest(RBAC_VERSION, "ClusterRole", "system:coredns", rules=_rules()),
        cluster_binding("system:coredns", "system:coredns", service_account("coredns", NAMESPACE)),
        manifest("v1", "ConfigMap", "coredns", NAMESPACE, data=config),
        _service(address),
        manifest("apps/v1", "Deployment", "coredns", NAMESPACE, labels=_SELECTOR, spec=_deployment(image, config)),
    ]


def _corefile(domain: str) -> str:
    return f""".:53 {{
    errors
    health {{
        lameduck 5s
    }}
    ready
    kubernetes {domain} in-addr.arpa ip6.arpa {{
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }}
    prometheus :9153
    forward . /etc/resolv.conf {{
        max_concurrent 1000
    }}
    cache 30
    loop
    reload
    loadbalance
}}
"""


def _rules() -> list[Manifest]:
    watched = ["endpoints", "services", "pods", "namespaces"]
    return [
        {"apiGroups": [""], "resources": watched, "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]


def _service(address: str) -> Manifest:
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
        {"name": "metrics", "port": 9153, "protocol": "TCP", "targetPort": 9153},
    ]
    spec = {"clusterIP": address, "selector": _SELECTOR, "ports": ports}
    labels = {**_SELECTOR, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"}
    return manifest("v1", "Service", "kube-dns", NAMESPACE, labels=labels, spec=spec)


def _deployment(image: str, config: Manifest) -> Manifest:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": _SELECTOR}}
    spread = {"weight": 100, "podAffinityTerm": term}
    pod = {
        "serviceAccountName": "coredns",
        "priorityClassName": "system-cluster-critical",
        "dnsPolicy": "Default",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [spread]}},
        "containers": [_container(image)],
        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
    }
    annotations = {"mothership.hcp/checksum-config": checksum(config)}
    return {
        "replicas": 2,
        "selector": {"matchLabels": _SELECTOR},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
        "template": {"metadata": {"labels": _SELECTOR, "annotations": annotations}, "spec": pod},
    }


def _container(image: str) -> Manifest:
    return {
        "name": "coredns",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [
            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
            {"name": "metrics", "containerPort": 9153, "protocol": "TCP"},
        ],
        "livenessProbe": {
            "httpGet": {"path": "/health", "port": 8080},
            "initialDelaySeconds": 60,
            "timeoutSeconds": 5,
            "failureThreshold": 5,
        },
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 2, "timeoutSeconds": 5},
        "resources": {"requests": {"cpu": "50m", "memory": "70Mi"}, "limits": {"memory": "170Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
    }
