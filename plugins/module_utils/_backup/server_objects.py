# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Velero's server as Kubernetes objects. Pure: settings in, objects out.

Velero's own CustomResourceDefinitions are not among them. They belong to a Velero version, so the version that
runs brings them: an init container of the Deployment applies what its own binary contains, before the server
starts. Thus an upgrade changes definitions first, no copy can be out of date, and nobody needs Velero's command
line.
"""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t

from .s3 import S3Settings
from .scope import Scope, encoded

Manifest = dict[str, t.Any]

VELERO_API = "velero.io/v1"
#: The kinds this collection writes objects of; the server comes with a few more.
NEEDED_KINDS = ("Backup", "BackupStorageLocation", "Schedule")
NEEDED_DEFINITIONS = tuple(f"{kind.lower()}s.velero.io" for kind in NEEDED_KINDS)
SERVER_NAME = "velero"
SCHEDULE_NAME = "site"
CREDENTIALS_NAME = "cloud-credentials"
CHECKSUM_ANNOTATION = "mothership.hcp/checksum-credentials"
_LABELS = {"component": "velero", "app.kubernetes.io/name": "velero", "app.kubernetes.io/managed-by": "mothership.hcp"}
_USER = 65532
#: In the pod: Velero keeps sockets of plugins there.
_TMP = "/tmp"  # noqa: S108


@dataclasses.dataclass(frozen=True)
class ServerSettings:
    """What the Velero server is made of.

    :param location_config: more keys for the storage location's ``config``, as its plugin documents them.
    :param resources: requests and limits of the server's container.
    """

    namespace: str
    image: str
    plugin_image: str
    s3: S3Settings
    location: str = "default"
    location_config: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    read_only: bool = False
    resources: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


def core_objects(settings: ServerSettings) -> list[Manifest]:
    """Everything that needs no definition of Velero's: namespace, rights, credentials and the server."""
    return [
        _namespace(settings),
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(settings, SERVER_NAME)},
        _cluster_role_binding(settings),
        _credentials(settings),
        _deployment(settings),
    ]


def location_object(settings: ServerSettings) -> Manifest:
    """The BackupStorageLocation."""
    s3 = settings.s3
    config = {"region": s3.region}
    if s3.url:
        config.update(s3Url=s3.url, s3ForcePathStyle="true")
    config.update(settings.location_config)
    storage: Manifest = {"bucket": s3.bucket}
    if s3.prefix:
        storage["prefix"] = s3.prefix
    if s3.ca_certificate:
        # A change of this field makes Velero check the location again at once; a change within a referenced
        # Secret (caCertRef) would be seen a minute later.
        storage["caCert"] = encoded(s3.ca_certificate + "\n")
    return {
        "apiVersion": VELERO_API,
        "kind": "BackupStorageLocation",
        "metadata": _metadata(settings, settings.location),
        "spec": {
            "provider": "aws",
            "default": True,
            "accessMode": "ReadOnly" if settings.read_only else "ReadWrite",
            "objectStorage": storage,
            "config": config,
        },
    }


def schedule_object(settings: ServerSettings, scope: Scope, schedule: str) -> Manifest:
    """The Schedule. ``spec.skipImmediately`` stays unset: Velero itself writes to that field."""
    return {
        "apiVersion": VELERO_API,
        "kind": "Schedule",
        "metadata": _metadata(settings, SCHEDULE_NAME),
        "spec": {
            "schedule": schedule,
            # Backups outlive the Schedule that made them.
            "useOwnerReferencesInBackup": False,
            "template": scope.backup_spec(),
        },
    }


def _metadata(settings: ServerSettings, name: str) -> Manifest:
    return {"name": name, "namespace": settings.namespace, "labels": dict(_LABELS)}


def _namespace(settings: ServerSettings) -> Manifest:
    labels = {**_LABELS, "pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": settings.namespace, "labels": labels}}


def _cluster_role_binding(settings: ServerSettings) -> Manifest:
    # A restore creates objects of every kind, roles included, so Velero needs every right.
    name = SERVER_NAME if settings.namespace == SERVER_NAME else f"{SERVER_NAME}-{settings.namespace}"
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name, "labels": dict(_LABELS)},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": SERVER_NAME, "namespace": settings.namespace}],
    }


def _credentials_file(s3: S3Settings) -> str:
    return f"[default]\naws_access_key_id={s3.access_key}\naws_secret_access_key={s3.secret_key}\n"


def _credentials(settings: ServerSettings) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": _metadata(settings, CREDENTIALS_NAME),
        "data": {"cloud": encoded(_credentials_file(settings.s3))},
    }


def _deployment(settings: ServerSettings) -> Manifest:
    checksum = hashlib.sha256(_credentials_file(settings.s3).encode()).hexdigest()
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(settings, SERVER_NAME),
        "spec": {
            "replicas": 1,
            # Two servers at once would both run a backup that is due.
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": {"deploy": "velero"}},
            "template": {
                "metadata": {
                    "labels": {**_LABELS, "deploy": "velero"},
                    "annotations": {
                        CHECKSUM_ANNOTATION: checksum,
                        "prometheus.io/scrape": "true",
                        "prometheus.io/port": "8085",
                        "prometheus.io/path": "/metrics",
                    },
                },
                "spec": _pod(settings),
            },
        },
    }


def _pod(settings: ServerSettings) -> Manifest:
    return {
        "serviceAccountName": SERVER_NAME,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        # A mothership may have no other machines than those of its control plane.
        "tolerations": [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"}],
        "initContainers": [_definitions_container(settings), _plugin_container(settings)],
        "containers": [_server_container(settings)],
        "volumes": [
            {"name": "plugins", "emptyDir": {}},
            {"name": "scratch", "emptyDir": {}},
            {"name": "tmp", "emptyDir": {}},
            # 0440 in octal: the group is the pod's fsGroup.
            {"name": "credentials", "secret": {"secretName": CREDENTIALS_NAME, "defaultMode": 0o440}},
        ],
    }


def _definitions_container(settings: ServerSettings) -> Manifest:
    return {
        **_container("definitions", settings.image, settings.resources),
        "command": ["/velero"],
        "args": ["install", "--crds-only", "--apply"],
        "env": [{"name": "HOME", "value": _TMP}],
        "volumeMounts": [{"name": "tmp", "mountPath": _TMP}],
    }


def _plugin_container(settings: ServerSettings) -> Manifest:
    return {
        **_container("plugin-for-aws", settings.plugin_image, settings.resources),
        "volumeMounts": [{"name": "plugins", "mountPath": "/target"}],
    }


def _server_container(settings: ServerSettings) -> Manifest:
    return {
        **_container(SERVER_NAME, settings.image, settings.resources),
        "command": ["/velero"],
        "args": ["server", "--uploader-type=kopia"],
        "env": [
            {"name": "HOME", "value": _TMP},
            {"name": "VELERO_SCRATCH_DIR", "value": "/scratch"},
            {"name": "VELERO_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            {"name": "LD_LIBRARY_PATH", "value": "/plugins"},
            {"name": "AWS_SHARED_CREDENTIALS_FILE", "value": "/credentials/cloud"},
        ],
        "ports": [{"name": "metrics", "containerPort": 8085, "protocol": "TCP"}],
        "startupProbe": {
            "tcpSocket": {"port": "metrics"},
            "periodSeconds": 1,
            "timeoutSeconds": 5,
            "failureThreshold": 120,
        },
        "volumeMounts": [
            {"name": "plugins", "mountPath": "/plugins"},
            {"name": "scratch", "mountPath": "/scratch"},
            {"name": "tmp", "mountPath": _TMP},
            {"name": "credentials", "mountPath": "/credentials", "readOnly": True},
        ],
    }


def _container(name: str, image: str, resources: t.Mapping[str, t.Any]) -> Manifest:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "resources": {key: dict(value) for key, value in resources.items()},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
