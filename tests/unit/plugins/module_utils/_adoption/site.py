# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mothership in memory with one cluster of k0smotron in it."""

from __future__ import annotations

import base64
import copy
import dataclasses
import functools
import pathlib
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._adoption.adoption import Adoption
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.situation import Request
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.translate import Choices
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.manifests import secret_texts
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._kube.discovery import Resource
from ansible_collections.mothership.hcp.plugins.module_utils._kube.errors import ApiError

from tests.lab import k0smotron_keys as keys
from tests.lab.k0smotron_objects import (
    DSN_KEY,
    Shape,
    cluster,
    config_maps,
    secrets,
    service,
    stateful_set,
)
from tests.unit.plugins.module_utils._kube.fake_api import FakeApi

Object = dict[str, t.Any]

SHAPE = Shape(name="tenant", namespace="clusters")


@functools.cache
def _keys(name: str) -> list[Object]:
    """RSA keys take a while: they are short, and the same for all clusters of a name."""
    keys.BITS = 1024
    return secrets(dataclasses.replace(SHAPE, name=name, dsn_in_secret=False))


def plane_objects(shape: Shape) -> list[Object]:
    """The objects of a control plane."""
    dsn = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": shape.dsn_secret, "namespace": shape.namespace},
        "data": {DSN_KEY: base64.b64encode(shape.dsn.encode()).decode()},
    }
    return [*copy.deepcopy(_keys(shape.name)), dsn, *config_maps(shape), service(shape), stateful_set(shape)]


def secrets_of(shape: Shape) -> dict[str, dict[str, str]]:
    """Decoded Secrets, as they are read."""
    found = [one for one in plane_objects(shape) if one["kind"] == "Secret"]
    return {one["metadata"]["name"]: secret_texts(one) for one in found}


class Mothership(FakeApi):
    """Serves k0smotron's kind too, and knows finalizers.

    :ivar finalizing: finalizers that whoever they belong to takes away at once.
    """

    def __init__(self, *objects: Object, versions: t.Sequence[str] = ("v1beta2", "v1beta1")) -> None:
        super().__init__()
        self.finalizing = {"k0smotron.io/finalizer"}
        for version in versions:
            resource = Resource(f"k0smotron.io/{version}", "Cluster", "clusters", True)
            self.discovered[(resource.api_version, resource.kind)] = resource
            self._served[resource.path()] = (resource.api_version, resource.kind)
        for obj in objects:
            self.put(obj)

    def put(self, obj: Object) -> str:
        if obj["kind"] != "Cluster":
            return super().put(obj)
        place = (
            f"/apis/{obj['apiVersion']}/namespaces/{obj['metadata']['namespace']}/clusters/{obj['metadata']['name']}"
        )
        self.stored[place] = self._stamped(copy.deepcopy(obj))
        return place

    def _get(self, path: str, query: dict[str, t.Any], body: t.Any) -> Object:
        """Also the objects of a kind in all namespaces."""
        if path not in self._served or "/namespaces/" in path:
            return super()._get(path, query, body)
        root, plural = path.rsplit("/", 1)
        found = [obj for at, obj in self.stored.items() if at.startswith(f"{root}/") and at.split("/")[-2] == plural]
        return {"items": found, "metadata": {"resourceVersion": str(self._version)}}

    def _delete(self, path: str, query: dict[str, t.Any], body: t.Any) -> Object:
        if not path.startswith("/apis/k0smotron.io/"):
            return super()._delete(path, query, body)
        self.stored[path]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        return self._finalized(path)

    def _patch(self, path: str, query: dict[str, t.Any], body: Object) -> Object:
        """A merge patch of metadata, else an apply."""
        if "kind" in body:
            return super()._patch(path, query, body)
        metadata = self.stored[path]["metadata"]
        if metadata["resourceVersion"] != body["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "the object has been modified")
        metadata.update(body["metadata"])
        self._stamped(self.stored[path])
        return self._finalized(path)

    def _finalized(self, path: str) -> Object:
        obj = self.stored[path]
        if obj["metadata"].get("deletionTimestamp"):
            finalizers = [one for one in obj["metadata"].get("finalizers") or [] if one not in self.finalizing]
            obj["metadata"]["finalizers"] = finalizers
            if obj["kind"] == "Cluster" and not finalizers:
                del self.stored[path]
        return obj


class Site:
    """The mothership, and what the module does in it."""

    def __init__(self, directory: pathlib.Path, shape: Shape = SHAPE) -> None:
        self.shape, self.directory = shape, directory
        self.api = Mothership(cluster(shape), *plane_objects(shape), old_pod(shape))
        self.secrets: list[str] = []

    def run(self, phase: str, *, check_mode: bool = False, timeout: float = 5, **choices: t.Any) -> Object:
        request = Request(
            self.shape.name,
            self.shape.namespace,
            Choices(**{"name": self.shape.name, **choices}),
            str(self.directory),
            wait_timeout=timeout,
        )
        adoption = Adoption(
            request,
            t.cast(t.Any, self.api),
            check_mode=check_mode,
            progress=Progress(""),
            learn_secret=self.secrets.append,
        )
        return t.cast(Object, getattr(adoption, phase)())

    def host(self) -> None:
        """What the module hosted_control_plane leaves behind, as far as it matters here."""
        name = self.shape.name
        self.api.put(
            {
                "apiVersion": "apps/v1",
                "kind": "StatefulSet",
                "metadata": {"name": name, "namespace": f"hcp-{name}", "generation": 1},
                "spec": {"replicas": 1},
                "status": {"observedGeneration": 1, "updatedReplicas": 1, "replicas": 1, "availableReplicas": 1},
            }
        )

    def everything(self) -> list[Object]:
        """All phases; the results in their order."""
        results = [self.run("prepare"), self.run("switch")]
        self.host()
        self.remove_pods()
        return [*results, self.run("retire")]

    def remove_pods(self) -> None:
        """What the controllers do once a StatefulSet is gone."""
        for path in [path for path in self.api.stored if "/pods/" in path]:
            del self.api.stored[path]

    def names(self, kind: str, namespace: str | None = None) -> list[str]:
        """Names of the stored objects of a kind."""
        return sorted(
            obj["metadata"]["name"]
            for obj in self.api.stored.values()
            if obj["kind"] == kind and obj["metadata"].get("namespace") == (namespace or self.shape.namespace)
        )

    def stored(self, kind: str, name: str, namespace: str | None = None) -> Object:
        """One stored object."""
        (found,) = (
            obj
            for obj in self.api.stored.values()
            if (obj["kind"], obj["metadata"]["name"]) == (kind, name)
            if obj["metadata"].get("namespace") == (namespace or self.shape.namespace)
        )
        return found


def old_pod(shape: Shape, address: str = "10.244.0.9") -> Object:
    """A pod of the old control plane that serves."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"kmc-{shape.name}-0", "namespace": shape.namespace, "labels": dict(shape.selector)},
        "status": {"podIP": address, "conditions": [{"type": "Ready", "status": "True"}]},
    }
