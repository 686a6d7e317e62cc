# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A cluster of k0smotron: its object in either API version, seen in one way."""

from __future__ import annotations

import dataclasses
import typing as t

from . import names

Object = dict[str, t.Any]

_PAUSED = "cluster.x-k8s.io/paused"
#: What the server writes into an object, or what belongs to one moment of it.
_KEPT_METADATA = ("name", "namespace", "labels", "annotations")


@dataclasses.dataclass(frozen=True)
class OldCluster:
    """The fields that both API versions have, under one name.

    :param storage: ``etcd``, ``kine`` or ``nats``.
    :param dsn: address of the database where the object itself holds it; may hold a password.
    :param certificate_secrets: names of Secrets by purpose (``ca``, ``proxy``, ``sa``).
    :param image: without its tag.
    :param owners: kinds of the objects that own it.
    """

    raw: t.Mapping[str, t.Any] = dataclasses.field(repr=False)
    name: str
    namespace: str
    version: str
    image: str
    replicas: int
    external_address: str
    service_type: str
    api_port: int
    konnectivity_port: int
    storage: str
    dsn: str = dataclasses.field(repr=False)
    dsn_secret: str
    k0s_config: t.Mapping[str, t.Any]
    flags: tuple[str, ...]
    certificate_secrets: t.Mapping[str, str]
    has_ingress: bool
    is_remote: bool
    owners: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return str(self.raw["apiVersion"])

    @property
    def target(self) -> str:
        """How plans and messages call it."""
        return f"{names.KIND}.{names.GROUP}/{self.namespace}/{self.name}"

    @property
    def is_deleting(self) -> bool:
        return bool(self.raw["metadata"].get("deletionTimestamp"))

    @property
    def is_paused(self) -> bool:
        return _PAUSED in (self.raw["metadata"].get("annotations") or {})

    def field(self, *path: str) -> str:
        """Where a message sends the user: ``Cluster.k0smotron.io/default/a: spec.version``."""
        return f"{self.target}: spec.{'.'.join(path)}"


def old_cluster(raw: t.Mapping[str, t.Any]) -> OldCluster:
    """The cluster that the object describes, whichever version it has."""
    metadata, spec = raw["metadata"], raw.get("spec") or {}
    # Without any specification, and only then, the default is a NodePort.
    service = spec.get("service") or ({} if spec else {"type": "NodePort"})
    storage, dsn, dsn_secret = _storage(spec)
    name = str(metadata["name"])
    return OldCluster(
        raw=raw,
        name=name,
        namespace=str(metadata["namespace"]),
        version=str(spec.get("version") or ""),
        image=str(spec.get("image") or names.DEFAULT_IMAGE),
        replicas=int(spec.get("replicas") or 1),
        external_address=str(spec.get("externalAddress") or ""),
        service_type=str(service.get("type") or "ClusterIP"),
        api_port=int(service.get("apiPort") or names.API_PORT),
        konnectivity_port=int(service.get("konnectivityPort") or names.KONNECTIVITY_PORT),
        storage=storage,
        dsn="" if dsn == names.DSN_PLACEHOLDER else dsn,
        dsn_secret=dsn_secret,
        k0s_config=(spec.get("k0sConfig") or {}).get("spec") or {},
        flags=tuple(spec.get("controlPlaneFlags") or spec.get("controllerPlaneFlags") or ()),
        certificate_secrets=_certificate_secrets(name, spec),
        has_ingress=bool(spec.get("ingress")),
        is_remote=bool(spec.get("remoteHostCluster") or spec.get("kubeconfigRef")),
        owners=tuple(str(owner.get("kind")) for owner in metadata.get("ownerReferences") or []),
    )


def to_keep(raw: t.Mapping[str, t.Any]) -> Object:
    """The object as it can be applied again: what the user, or the operator for him, wrote."""
    metadata = {key: raw["metadata"][key] for key in _KEPT_METADATA if raw["metadata"].get(key)}
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop("kubectl.kubernetes.io/last-applied-configuration", None)
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    return {
        "apiVersion": raw["apiVersion"],
        "kind": raw["kind"],
        "metadata": metadata,
        "spec": raw.get("spec") or {},
    }


def _storage(spec: t.Mapping[str, t.Any]) -> tuple[str, str, str]:
    """Type of the storage, address of the database, and Secret with that address."""
    if "storage" in spec:
        storage = spec["storage"] or {}
        kine = storage.get("kine") or {}
        kind = str(storage.get("type") or "etcd")
        return kind, str(kine.get("dataSourceURL") or ""), str(kine.get("dataSourceSecretName") or "")
    dsn, secret = str(spec.get("kineDataSourceURL") or ""), str(spec.get("kineDataSourceSecretName") or "")
    return ("kine" if dsn or secret else "etcd"), dsn, secret


def _certificate_secrets(name: str, spec: t.Mapping[str, t.Any]) -> dict[str, str]:
    given = {str(ref.get("type")): str(ref.get("name")) for ref in spec.get("certificateRefs") or []}
    return {purpose: given.get(purpose) or f"{name}-{purpose}" for purpose in ("ca", "proxy", "sa")}
