# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What a backup of hosted control planes holds, and how it is told that this has changed."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import typing as t

from .._core.errors import InvalidInput

#: Made anew by Kubernetes or by the running control plane, or meaningless after a restore.
EXCLUDED_RESOURCES = (
    "controllerrevisions.apps",
    "endpoints",
    "endpointslices.discovery.k8s.io",
    "events",
    "events.events.k8s.io",
    "leases.coordination.k8s.io",
    "pods",
    "replicasets.apps",
)

#: Kinds whose content is the state of a hosted cluster: keys and certificates, definition, configuration.
CONTENT_KINDS = {"Secret": "secrets", "ConfigMap": "configmaps"}

#: In a backup, but no reason for one: Kubernetes writes the first into every namespace, the replica watchdog writes the
#: second all the time.
_NOT_CONTENT = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ConfigMap", "kine-revision")})
_EXCLUDE_LABEL = "velero.io/exclude-from-backup"

#: Kind, namespace and name of an object.
ObjectKey = tuple[str, str, str]


@dataclasses.dataclass(frozen=True)
class Scope:
    """What to back up, where to, and for how long.

    :param namespaces: sorted names; never empty, since Velero takes an empty list for all namespaces.
    :param ttl: how long Velero keeps a backup, as a Go duration such as ``720h0m0s``.
    :param location: name of the BackupStorageLocation.
    """

    namespaces: tuple[str, ...]
    excluded_resources: tuple[str, ...] = EXCLUDED_RESOURCES
    ttl: str = "720h0m0s"
    location: str = "default"

    def __post_init__(self) -> None:
        if not self.namespaces:
            raise InvalidInput(
                "no namespace is named, and Velero would take that for all namespaces",
                where="namespaces",
                remedy="name the namespaces of the hosted clusters, such as hcp-tenant-a",
            )

    @classmethod
    def of(cls, namespaces: t.Iterable[str], excluded: t.Iterable[str], ttl: str, location: str) -> Scope:
        return cls(tuple(sorted(set(namespaces))), tuple(sorted(set(excluded))), ttl, location)

    def backup_spec(self) -> dict[str, t.Any]:
        """The ``spec`` of a Backup, which is also the ``spec.template`` of a Schedule."""
        return {
            "includedNamespaces": list(self.namespaces),
            "excludedResources": list(self.excluded_resources),
            # Volumes of hosted control planes are scratch space; their state is in PostgreSQL.
            "snapshotVolumes": False,
            "storageLocation": self.location,
            "ttl": self.ttl,
        }


def digests(objects: t.Iterable[t.Mapping[str, t.Any]]) -> dict[ObjectKey, str]:
    """The content of Secrets and ConfigMaps, as a SHA-256 for each object that Velero would take.

    Metadata does not count: a label or a resourceVersion is no state that a restore needs.
    """
    found: dict[ObjectKey, str] = {}
    for item in objects:
        metadata = item.get("metadata") or {}
        kind, name = str(item.get("kind")), str(metadata.get("name"))
        excluded = (metadata.get("labels") or {}).get(_EXCLUDE_LABEL) == "true"
        if (kind, name) in _NOT_CONTENT or excluded or metadata.get("deletionTimestamp"):
            continue
        found[kind, str(metadata.get("namespace", "")), name] = _digest(item)
    return found


def content_hash(scope: Scope, content: t.Mapping[ObjectKey, str]) -> str:
    """One value for the content of a scope, short enough for a label value."""
    canonical = {
        "namespaces": scope.namespaces,
        "excluded": scope.excluded_resources,
        "location": scope.location,
        "objects": sorted(("/".join(key), digest) for key, digest in content.items()),
    }
    return hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()[:40]


def _digest(item: t.Mapping[str, t.Any]) -> str:
    content = {field: item.get(field) or {} for field in ("data", "binaryData", "stringData")}
    content["type"] = item.get("type") or ""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def encoded(text: str) -> str:
    """Base64, as Kubernetes wants bytes in JSON."""
    return base64.b64encode(text.encode("utf-8")).decode("ascii")
