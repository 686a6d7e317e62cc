# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Single reads and writes of Kubernetes objects as plain data."""

from __future__ import annotations

import typing as t

from .discovery import Resource, resource_for
from .errors import ApiError

if t.TYPE_CHECKING:
    from .client import KubeClient

Object = dict[str, t.Any]

#: Objects asked for in one answer of a LIST.
_PAGE = 500


def get(client: KubeClient, api_version: str, kind: str, name: str, namespace: str | None = None) -> Object | None:
    """One object, or ``None`` when it does not exist."""
    resource = resource_for(client, api_version, kind)
    try:
        return client.request("GET", resource.path(namespace, name))
    except ApiError as error:
        if error.is_not_found:
            return None
        raise error.about(target(kind, name, namespace)) from error


def list_objects(
    client: KubeClient,
    api_version: str,
    kind: str,
    namespace: str | None = None,
    label_selector: str | None = None,
) -> list[Object]:
    """All objects of a kind, in one namespace or (``None``) in all of them; each with apiVersion and kind."""
    return list_with_version(client, resource_for(client, api_version, kind), namespace, label_selector=label_selector)[
        0
    ]


def list_with_version(
    client: KubeClient,
    resource: Resource,
    namespace: str | None = None,
    *,
    label_selector: str | None = None,
    field_selector: str | None = None,
    timeout: float = 30,
) -> tuple[list[Object], str]:
    """Objects, and the resource version at which a watch continues."""
    query: dict[str, t.Any] = {"limit": _PAGE}
    if label_selector:
        query["labelSelector"] = label_selector
    if field_selector:
        query["fieldSelector"] = field_selector
    found: list[Object] = []
    while True:
        answer = client.request("GET", resource.path(namespace), query=query, timeout=timeout)
        for item in answer.get("items") or []:
            # A LIST leaves out what all of its items have in common.
            found.append({**item, "apiVersion": resource.api_version, "kind": resource.kind})
        metadata = answer.get("metadata") or {}
        if not metadata.get("continue"):
            return found, str(metadata.get("resourceVersion", ""))
        query["continue"] = metadata["continue"]


def create(client: KubeClient, obj: t.Mapping[str, t.Any]) -> Object:
    """Create an object.

    :raises ApiError: status 409 when it exists.
    """
    metadata = obj.get("metadata") or {}
    resource = resource_for(client, str(obj["apiVersion"]), str(obj["kind"]))
    try:
        return client.request("POST", resource.path(metadata.get("namespace")), body=obj)
    except ApiError as error:
        raise error.about(target_of(obj)) from error


def delete(client: KubeClient, api_version: str, kind: str, name: str, namespace: str | None = None) -> bool:
    """Delete an object, and in the background what it owns; false when it did not exist."""
    resource = resource_for(client, api_version, kind)
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
    try:
        client.request("DELETE", resource.path(namespace, name), body=body)
    except ApiError as error:
        if error.is_not_found:
            return False
        raise error.about(target(kind, name, namespace)) from error
    return True


def target(kind: str, name: str, namespace: str | None = None) -> str:
    """How an object is called in plans and messages: ``Secret/hcp-tenant-a/kine``, ``Node/worker-1``."""
    return "/".join(part for part in (kind, namespace, name) if part)


def target_of(obj: t.Mapping[str, t.Any]) -> str:
    metadata = obj.get("metadata")
    metadata = metadata if isinstance(metadata, t.Mapping) else {}
    return target(str(obj.get("kind")), str(metadata.get("name")), metadata.get("namespace"))


def describe_command(kind: str, name: str, namespace: str | None = None) -> str:
    """The command that shows an object's state and events, for hints."""
    return f"kubectl describe {kind.lower()} {name}" + (f" --namespace {namespace}" if namespace else "")
