# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The pod network: flannel with VXLAN.

The CNI configuration (``/etc/cni/net.d/10-flannel.conflist``) is the same on every machine, so the role
``kubernetes_node`` writes it together with the CNI plugins. The pods here run flanneld alone: it takes the node's part
of the pod network, keeps the routes and writes ``/run/flannel/subnet.env``, which the CNI plugin reads.
"""

from __future__ import annotations

import json
import typing as t

from .bootstrap import RBAC_VERSION, cluster_binding, service_account
from .images import flannel_image
from .manifests import Manifest, checksum, manifest

NAMESPACE = "kube-flannel"
NAME = "kube-flannel"
_ACCOUNT = "flannel"
_SELECTOR = {"app": "flannel"}


def flannel_objects(pod_cidr: str, api_host: str, api_port: int, image: str | None = None) -> list[Manifest]:
    """flanneld on every node.

    :param api_host: where flanneld reaches the API before any Service works.
    :param image: by default the release that goes with the collection.
    """
    config = {"net-conf.json": _network_configuration(pod_cidr)}
    spec = _daemon_set(config, api_host, api_port, image or flannel_image())
    privileged = {"pod-security.kubernetes.io/enforce": "privileged"}
    return [
        manifest("v1", "Namespace", NAMESPACE, labels=privileged),
        manifest("v1", "ServiceAccount", _ACCOUNT, NAMESPACE),
        manifest(RBAC_VERSION, "ClusterRole", "mothership.hcp:flannel", rules=_rules()),
        cluster_binding("mothership.hcp:flannel", "mothership.hcp:flannel", service_account(_ACCOUNT, NAMESPACE)),
        manifest("v1", "ConfigMap", NAME, NAMESPACE, labels=_SELECTOR, data=config),
        manifest("apps/v1", "DaemonSet", NAME, NAMESPACE, labels=_SELECTOR, spec=spec),
    ]


def _network_configuration(pod_cidr: str) -> str:
    content = {"Network": pod_cidr, "EnableNFTables": False, "Backend": {"Type": "vxlan"}}
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def _rules() -> list[Manifest]:
    return [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["nodes/status"], "verbs": ["patch"]},
    ]


def _daemon_set(config: t.Mapping[str, str], api_host: str, api_port: int, image: str) -> Manifest:
    pod = {
        "serviceAccountName": _ACCOUNT,
        "priorityClassName": "system-node-critical",
        "hostNetwork": True,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        # Also on nodes that are not ready: they become ready by it.
        "tolerations": [{"operator": "Exists"}],
        "containers": [_container(api_host, api_port, image)],
        "volumes": [
            {"name": "run", "hostPath": {"path": "/run/flannel", "type": "DirectoryOrCreate"}},
            {"name": "config", "configMap": {"name": NAME}},
            {"name": "xtables-lock", "hostPath": {"path": "/run/xtables.lock", "type": "FileOrCreate"}},
        ],
    }
    annotations = {"mothership.hcp/checksum-config": checksum(dict(config))}
    return {
        "selector": {"matchLabels": _SELECTOR},
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
        "template": {"metadata": {"labels": _SELECTOR, "annotations": annotations}, "spec": pod},
    }


def _container(api_host: str, api_port: int, image: str) -> Manifest:
    def field(name: str, path: str) -> Manifest:
        return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}

    return {
        "name": "flannel",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/opt/bin/flanneld"],
        "args": ["--ip-masq", "--kube-subnet-mgr"],
        "env": [
            field("POD_NAME", "metadata.name"),
            field("POD_NAMESPACE", "metadata.namespace"),
            {"name": "KUBERNETES_SERVICE_HOST", "value": api_host},
            {"name": "KUBERNETES_SERVICE_PORT", "value": str(api_port)},
            {"name": "EVENT_QUEUE_DEPTH", "value": "5000"},
        ],
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}},
        "securityContext": {
            "privileged": False,
            "readOnlyRootFilesystem": False,
            "capabilities": {"add": ["NET_ADMIN", "NET_RAW"]},
        },
        "volumeMounts": [
            {"name": "run", "mountPath": "/run/flannel"},
            {"name": "config", "mountPath": "/etc/kube-flannel", "readOnly": True},
            {"name": "xtables-lock", "mountPath": "/run/xtables.lock"},
        ],
    }
