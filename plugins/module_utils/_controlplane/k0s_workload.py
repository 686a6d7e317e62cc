# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The StatefulSet of a hosted control plane on k0s: one container a pod.

A StatefulSet, because k0s counts its controllers by leases in the names of their hosts: with a Deployment's random
names every pod would leave one behind, and the konnectivity agents would look for servers that are gone.

k0s needs uid 0 in its container (it sets owners of files), so its pods pass Pod Security ``baseline`` and not
``restricted``; of the capabilities it keeps SETGID alone.
"""

from __future__ import annotations

from . import pki, pki_secrets
from .control_plane import ControlPlane
from .images import k0s_image
from .k0s_config import CONFIG_MOUNT, DATASTORE_MOUNT, disabled_components
from .manifests import Manifest, manifest
from .probes import api_probes
from .services import AGENT_PORT_NAME, API_PORT_NAME
from .sidecars import pod_name
from .workload import affinity, zone_spread

CONFIG = "k0s-config"
_DATA = "/var/lib/k0s"
_STATE = "/state"
#: k0s wants its PKI in a folder that it can write: the authorities are copied there, the leaves it makes anew at each
#: start. Then the shell becomes k0s, so that the signal to stop reaches it.
_START = f'mkdir -p {_DATA}/pki; (umask 077; cp {_STATE}/pki/* {_DATA}/pki/); exec k0s controller "$@"'

#: Seconds for load balancers to learn that the pod leaves, before k0s is told to stop.
_DRAIN_SECONDS = 8


def stateful_set(plane: ControlPlane, checksums: dict[str, str]) -> Manifest:
    """The StatefulSet.

    :param checksums: annotations of the pod template; a change of one replaces the pods, one after the other.
    """
    spec = {
        "replicas": plane.spec.replicas,
        "serviceName": "",
        "selector": {"matchLabels": plane.selector},
        # Replicas do not need each other to start.
        "podManagementPolicy": "Parallel",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "revisionHistoryLimit": 2,
        "template": {"metadata": {"labels": plane.selector, "annotations": checksums}, "spec": _pod(plane)},
    }
    return manifest("apps/v1", "StatefulSet", plane.spec.name, plane.spec.namespace, labels=plane.labels, spec=spec)


def arguments(plane: ControlPlane) -> list[str]:
    """Flags of ``k0s controller``; the user's come last."""
    return [
        f"--config={CONFIG_MOUNT}/k0s.yaml",
        f"--data-dir={_DATA}",
        "--enable-dynamic-config",
        f"--disable-components={','.join(disabled_components(plane))}",
        *plane.spec.k0s_flags,
    ]


def _pod(plane: ControlPlane) -> Manifest:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        # The drain, then up to 20 seconds that k0s gives its API server, then the rest of k0s.
        "terminationGracePeriodSeconds": 45,
        "securityContext": {"runAsUser": 0, "runAsGroup": 0, "seccompProfile": {"type": "RuntimeDefault"}},
        "affinity": affinity(plane),
        "topologySpreadConstraints": [zone_spread(plane)],
        "containers": [_container(plane)],
        "volumes": _volumes(),
    }


def _container(plane: ControlPlane) -> Manifest:
    return {
        "name": "k0s",
        "image": plane.spec.k0s_image or k0s_image(plane.spec.version),
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/sh", "-ec", _START, "k0s"],
        "args": arguments(plane),
        "env": [
            # k0s hands variables that begin with a component's name to that component, without the beginning.
            {"name": "KINE_PGPASSFILE", "value": f"{DATASTORE_MOUNT}/pgpass"},
            pod_name("KINE_PGAPPNAME"),
        ],
        "ports": [
            {"name": API_PORT_NAME, "containerPort": plane.ports.api, "protocol": "TCP"},
            {"name": AGENT_PORT_NAME, "containerPort": plane.ports.konnectivity, "protocol": "TCP"},
            {"name": "kine-metrics", "containerPort": 8080, "protocol": "TCP"},
        ],
        **api_probes(),
        "lifecycle": {"preStop": {"sleep": {"seconds": _DRAIN_SECONDS}}},
        "resources": {"requests": {"cpu": "150m", "memory": "448Mi"}, "limits": {"memory": "1536Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"], "add": ["SETGID"]},
        },
        "volumeMounts": _mounts(),
    }


def _mounts() -> list[Manifest]:
    return [
        {"name": "data", "mountPath": _DATA},
        {"name": "run", "mountPath": "/run"},
        {"name": "temporary", "mountPath": "/tmp"},  # noqa: S108 - a place in the container
        {"name": "config", "mountPath": CONFIG_MOUNT, "readOnly": True},
        # The official image has a user for each component. Without them k0s runs all as the one user that it is itself.
        *(
            {"name": "config", "mountPath": f"/etc/{name}", "subPath": name, "readOnly": True}
            for name in ("passwd", "group")
        ),
        {"name": "datastore", "mountPath": DATASTORE_MOUNT, "readOnly": True},
        {"name": "pki", "mountPath": f"{_STATE}/pki", "readOnly": True},
    ]


def _volumes() -> list[Manifest]:
    return [
        {"name": "data", "emptyDir": {}},
        {"name": "run", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}},
        {"name": "temporary", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}},
        {"name": "config", "secret": {"secretName": CONFIG, "defaultMode": 0o400}},
        {"name": "datastore", "secret": {"secretName": pki_secrets.DATASTORE, "defaultMode": 0o400}},
        {"name": "pki", "projected": {"defaultMode": 0o400, "sources": _pki_sources()}},
    ]


def _pki_sources() -> list[Manifest]:
    """The authorities and the key of service accounts, under the names that k0s looks for."""
    places = {
        pki.AUTHORITY: {"tls.crt": "ca.crt", "tls.key": "ca.key"},
        pki.FRONT_PROXY_AUTHORITY: {"tls.crt": "front-proxy-ca.crt", "tls.key": "front-proxy-ca.key"},
        pki.SERVICE_ACCOUNT_KEY: {"sa.key": "sa.key", "sa.pub": "sa.pub"},
    }
    return [
        {"secret": {"name": name, "items": [{"key": key, "path": path} for key, path in items.items()]}}
        for name, items in places.items()
    ]
