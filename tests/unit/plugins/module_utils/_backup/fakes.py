# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster and a bucket in memory; both write down what was asked of them."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import io
import json
import tarfile
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._backup.s3 import (
    NoSuchBucket,
    Refused,
    S3Settings,
)
from ansible_collections.mothership.hcp.plugins.module_utils._backup.server_objects import (
    NEEDED_DEFINITIONS,
    ServerSettings,
)
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._core.plan import Change, Plan

SECRET_KEY = "very/secret+key="

S3 = S3Settings(
    url="https://s3.example.com:9000",
    bucket="backups",
    prefix="mothership",
    region="us-east-1",
    access_key="velero",
    secret_key=SECRET_KEY,
)

SERVER = ServerSettings(
    namespace="velero",
    image="docker.io/velero/velero:v1.18.3",
    plugin_image="docker.io/velero/velero-plugin-for-aws:v1.14.3",
    s3=S3,
    resources={"requests": {"cpu": "100m"}},
)


def secret(namespace: str, name: str, value: str = "x", **metadata: t.Any) -> dict[str, t.Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": name, **metadata},
        "type": "Opaque",
        "data": {"key": base64.b64encode(value.encode()).decode()},
    }


def namespace(name: str) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def definitions() -> list[dict[str, t.Any]]:
    return [
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": name},
            "status": {"conditions": [{"type": "Established", "status": "True"}]},
        }
        for name in NEEDED_DEFINITIONS
    ]


def location(phase: str = "Available", checked: str = "2026-11-22T14:00:00Z", **spec: t.Any) -> dict[str, t.Any]:
    return {
        "apiVersion": "velero.io/v1",
        "kind": "BackupStorageLocation",
        "metadata": {"namespace": "velero", "name": "default"},
        "spec": spec,
        "status": {"phase": phase, "lastValidationTime": checked, "message": "no such host"},
    }


class FakeCluster:
    """Objects by kind, namespace and name. ``on_wait`` is what the cluster does while somebody waits."""

    def __init__(self, *objects: dict[str, t.Any]) -> None:
        self.objects = {self._key(one): one for one in objects}
        self.mutations: list[str] = []
        self.log: list[str] = []
        self.on_wait: t.Callable[[str, FakeCluster], None] = lambda kind, cluster: None

    @staticmethod
    def _key(one: dict[str, t.Any]) -> tuple[str, str, str]:
        return one["kind"], one["metadata"].get("namespace") or "", one["metadata"]["name"]

    def add(self, one: dict[str, t.Any]) -> None:
        self.objects[self._key(one)] = one

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> dict[str, t.Any] | None:
        return self.objects.get((kind, namespace or "", name))

    def list_objects(
        self, api_version: str, kind: str, namespace: str, label_selector: str | None = None
    ) -> list[dict[str, t.Any]]:
        found = [one for key, one in self.objects.items() if key[:2] == (kind, namespace)]
        if label_selector:
            label, value = label_selector.split("=")
            found = [one for one in found if one["metadata"].get("labels", {}).get(label) == value]
        return found

    def apply(self, manifests: list[dict[str, t.Any]], *, check_mode: bool, deadline: t.Any) -> Plan:
        plan = Plan()
        for manifest in manifests:
            live = self.objects.get(self._key(manifest))
            if live is not None and all(live.get(field) == value for field, value in manifest.items()):
                continue
            target = "/".join(part for part in self._key(manifest) if part)
            plan.add(
                Change("create" if live is None else "update", target, before=live and dict(live), after=dict(manifest))
            )
            self.log.append(f"apply {manifest['kind']}")
            if not check_mode:
                self.mutations.append(f"apply {target}")
                status = {"status": live["status"]} if live and "status" in live else {}
                self.add({**json.loads(json.dumps(manifest)), **status})
        return plan

    def create(self, manifest: dict[str, t.Any]) -> dict[str, t.Any]:
        self.mutations.append("create " + "/".join(self._key(manifest)))
        self.add(manifest)
        return manifest

    def label(self, manifest: dict[str, t.Any], labels: dict[str, str]) -> None:
        self.mutations.append("label " + "/".join(self._key(manifest)))
        self.objects[self._key(manifest)]["metadata"].setdefault("labels", {}).update(labels)

    def delete(self, api_version: str, kind: str, name: str, namespace: str) -> bool:
        self.mutations.append(f"delete {kind}/{namespace}/{name}")
        return self.objects.pop((kind, namespace, name), None) is not None

    def wait(self, watched: t.Any, verdict: t.Any, *, deadline: t.Any, subject: str, hint: str) -> list[t.Any]:
        self.log.append(f"wait {watched.kind}")
        for _turn in range(3):
            found = [
                one
                for key, one in self.objects.items()
                if key[0] == watched.kind
                and (watched.name is None or key[2] == watched.name)
                and (watched.namespace is None or key[1] == watched.namespace)
            ]
            pending = verdict(found)
            if pending is None:
                return found
            self.on_wait(watched.kind, self)
        raise TimedOut(str(pending), where=subject, remedy=hint)

    def wait_for_deployment(self, name: str, namespace: str, *, deadline: t.Any) -> None:
        self.log.append("wait Deployment")
        self.on_wait("Deployment", self)


@dataclasses.dataclass
class FakeStore:
    """A bucket. ``forbidden`` names the methods that are refused."""

    settings: S3Settings = S3
    found: bool = True
    objects: dict[str, bytes] = dataclasses.field(default_factory=dict)
    forbidden: tuple[str, ...] = ()
    calls: list[str] = dataclasses.field(default_factory=list)
    spoil: bool = False

    def _called(self, method: str) -> None:
        self.calls.append(method)
        if method in self.forbidden:
            raise Refused(f"access denied to {method}", where=self.settings.place, remedy="give the rights")

    def exists(self) -> bool:
        self._called("exists")
        return self.found

    def create(self) -> None:
        self._called("create")
        self.found = True

    def put(self, key: str, data: bytes) -> None:
        self._called("put")
        if not self.found:
            raise NoSuchBucket("the bucket does not exist")
        self.objects[key] = data[1:] if self.spoil else data

    def get(self, key: str) -> bytes:
        self._called("get")
        if key not in self.objects:
            raise Refused("the object does not exist", where=self.settings.place)
        return self.objects[key]

    def open(self, key: str) -> t.BinaryIO:
        return io.BytesIO(self.get(key))

    def delete(self, key: str) -> None:
        self._called("delete")
        self.objects.pop(key, None)


def archive(*objects: dict[str, t.Any]) -> bytes:
    """A backup's archive as Velero writes it: each namespaced object twice, and its metadata."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz") as tar:
        _add(tar, "metadata/version", b"1.1.0")
        for one in objects:
            data = json.dumps(one).encode()
            place = f"{one['kind'].lower()}s"
            folder = f"namespaces/{one['metadata']['namespace']}" if one["metadata"].get("namespace") else "cluster"
            for version in ("", "v1-preferredversion/"):
                _add(tar, f"resources/{place}/{version}{folder}/{one['metadata']['name']}.json", data)
    return memory.getvalue()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def results(**levels: t.Any) -> bytes:
    return gzip.compress(json.dumps(levels).encode())
