# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server in memory, with the methods of :class:`KubeClient`. It records every request."""

from __future__ import annotations

import copy
import threading
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._kube.client import ApiError
from ansible_collections.mothership.hcp.plugins.module_utils._kube.discovery import BUILT_IN, Resource


class FakeApi:
    """Serves built-in kinds, and those that a CustomResourceDefinition written to it defines.

    :ivar sent: (method, path, query) of every request.
    :ivar stored: objects by path.
    :ivar failures: errors raised, one each, by the next requests whose method matches.
    """

    server = "https://fake:6443"

    def __init__(self, *objects: dict[str, t.Any]) -> None:
        self.sent: list[tuple[str, str, dict[str, t.Any]]] = []
        self.stored: dict[str, dict[str, t.Any]] = {}
        self.failures: list[tuple[str, Exception]] = []
        self.discovered: dict[tuple[str, str], t.Any] = {}
        self.watches: list[list[t.Any]] = []
        self.defaults: dict[str, t.Callable[[dict[str, t.Any]], None]] = {}
        self._served = {resource.path(): (resource.api_version, resource.kind) for resource in BUILT_IN.values()}
        self._applied: dict[str, dict[str, t.Any]] = {}
        self._lock = threading.Lock()
        self._version = 0
        for obj in objects:
            self.put(obj)

    @property
    def requests(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for method, _path, _query in self.sent:
            counts[method] = counts.get(method, 0) + 1
        return counts

    @property
    def mutating(self) -> list[tuple[str, str]]:
        """Requests that change something."""
        return [(method, path) for method, path, query in self.sent if method != "GET" and query.get("dryRun") != "All"]

    def serve(self, resource: Resource) -> None:
        """Serve a kind that is not built in."""
        self._served[resource.path()] = (resource.api_version, resource.kind)

    def put(self, obj: dict[str, t.Any]) -> str:
        """Store an object as if somebody had made it; returns its path."""
        resource = BUILT_IN[(obj["apiVersion"], obj["kind"])]
        path = resource.path(obj["metadata"].get("namespace"), obj["metadata"]["name"])
        self.stored[path] = self._stamped(copy.deepcopy(obj))
        return path

    def request(
        self,
        method: str,
        path: str,
        *,
        query: t.Mapping[str, t.Any] | None = None,
        body: t.Any = None,
        content_type: str = "application/json",
        timeout: float = 30,
    ) -> dict[str, t.Any]:
        del content_type, timeout
        with self._lock:
            self.sent.append((method, path, dict(query or {})))
            for index, (failing, error) in enumerate(self.failures):
                if failing == method:
                    del self.failures[index]
                    raise error
            return copy.deepcopy(getattr(self, f"_{method.lower()}")(path, dict(query or {}), body))

    def stream(
        self, path: str, *, query: t.Mapping[str, t.Any] | None = None, timeout: float = 30
    ) -> t.Iterator[dict[str, t.Any]]:
        """The next list of events in :attr:`watches`; an exception among them is raised."""
        del timeout
        self.sent.append(("WATCH", path, dict(query or {})))
        for event in self.watches.pop(0) if self.watches else []:
            if isinstance(event, Exception):
                raise event
            yield event

    def _get(self, path: str, query: dict[str, t.Any], _body: t.Any) -> dict[str, t.Any]:
        if path == "/version":
            return {"gitVersion": "v1.36.3"}
        if path in self.stored:
            return self.stored[path]
        if self._is_collection(path):
            parts = path.split("/namespaces/")
            plural = path.rsplit("/", 1)[1]
            found = [
                obj
                for at, obj in self.stored.items()
                if at.startswith(parts[0]) and f"/{plural}/" in at and _selected(obj, query)
                if len(parts) == 1 or at.startswith(path)
            ]
            return {"items": found, "metadata": {"resourceVersion": str(self._version)}}
        raise ApiError(404, "NotFound", f"{path} not found")

    def _patch(self, path: str, query: dict[str, t.Any], body: dict[str, t.Any]) -> dict[str, t.Any]:
        old = self.stored.get(path)
        new = _merged(_without(old, self._applied.get(path)) if old else {}, body)
        if body["kind"] in self.defaults:
            self.defaults[body["kind"]](new)
        if query.get("dryRun") == "All":
            return new
        self.stored[path] = self._stamped(new)
        self._applied[path] = copy.deepcopy(body)
        return new

    def _post(self, path: str, _query: dict[str, t.Any], body: dict[str, t.Any]) -> dict[str, t.Any]:
        at = f"{path}/{body['metadata']['name']}"
        if at in self.stored:
            raise ApiError(409, "AlreadyExists", "exists")
        self.stored[at] = self._stamped(copy.deepcopy(body))
        return self.stored[at]

    def _delete(self, path: str, _query: dict[str, t.Any], _body: t.Any) -> dict[str, t.Any]:
        if path not in self.stored:
            raise ApiError(404, "NotFound", f"{path} not found")
        del self.stored[path]
        return {"status": "Success"}

    def _is_collection(self, path: str) -> bool:
        return any(
            path == root or (path.endswith("/" + root.rsplit("/", 1)[1]) and path.startswith(root.rsplit("/", 1)[0]))
            for root in self._served
        )

    def _stamped(self, obj: dict[str, t.Any]) -> dict[str, t.Any]:
        self._version += 1
        obj["metadata"] = {
            "uid": f"uid-{self._version}",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            **obj["metadata"],
            "resourceVersion": str(self._version),
        }
        return obj


def _selected(obj: dict[str, t.Any], query: dict[str, t.Any]) -> bool:
    labels = obj["metadata"].get("labels") or {}
    wanted = [part.split("=", 1) for part in (query.get("labelSelector") or "").split(",") if part]
    field = query.get("fieldSelector", "")
    named = not field.startswith("metadata.name=") or field.split("=", 1)[1] == obj["metadata"]["name"]
    return named and all(labels.get(key) == value for key, value in wanted)


def _merged(old: t.Any, new: t.Any) -> t.Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}
    return copy.deepcopy(new)


def _without(old: t.Any, applied: t.Any) -> t.Any:
    """The object without what was applied before: what is applied now takes its place."""
    if isinstance(old, dict) and isinstance(applied, dict):
        return {
            key: _without(value, applied[key]) if key in applied else value
            for key, value in old.items()
            if not (key in applied and not isinstance(value, dict))
        }
    return old


def config_map(name: str, namespace: str = "shop", **data: str) -> dict[str, t.Any]:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}
