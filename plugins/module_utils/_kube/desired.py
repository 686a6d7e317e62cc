# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The objects asked for, checked, with where each is served and in which order they are applied."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InvalidInput, ManyProblems
from .compare import prepared
from .discovery import BUILT_IN, Resource, UnknownKind, resource_for, resource_of_definition
from .objects import target

if t.TYPE_CHECKING:
    from .client import KubeClient

Object = dict[str, t.Any]

_DEFINITION = "CustomResourceDefinition"

#: Waves by kind. What is not named is a custom resource, applied last.
_WAVES: tuple[frozenset[str], ...] = (
    frozenset({_DEFINITION}),
    frozenset({"Namespace"}),
    # Before Secrets: Kubernetes deletes the Secret for the token of an account that is not there.
    frozenset({"ServiceAccount"}),
    frozenset(
        {
            "ClusterRole",
            "ClusterRoleBinding",
            "ConfigMap",
            "CSIDriver",
            "IngressClass",
            "LimitRange",
            "NetworkPolicy",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "PriorityClass",
            "ResourceQuota",
            "Role",
            "RoleBinding",
            "Secret",
            "StorageClass",
        }
    ),
    frozenset({"APIService", "Endpoints", "EndpointSlice", "Ingress", "PodDisruptionBudget", "Service"}),
    frozenset(
        {
            "CronJob",
            "DaemonSet",
            "Deployment",
            "HorizontalPodAutoscaler",
            "Job",
            "Pod",
            "ReplicaSet",
            "ReplicationController",
            "StatefulSet",
        }
    ),
)


@dataclasses.dataclass(frozen=True)
class Key:
    """What names an object in a cluster; versions of an API group name the same object."""

    group: str
    kind: str
    namespace: str | None
    name: str


@dataclasses.dataclass(frozen=True)
class Desired:
    """One object asked for.

    :param body: as it is sent, without the annotation of :mod:`compare`.
    :param from_definition: its kind is defined by a CustomResourceDefinition among the same objects.
    """

    body: Object
    resource: Resource
    from_definition: bool = False

    @property
    def name(self) -> str:
        return str(self.body["metadata"]["name"])

    @property
    def namespace(self) -> str | None:
        return t.cast("str | None", self.body["metadata"].get("namespace"))

    @property
    def key(self) -> Key:
        return key_of(self.resource, self.namespace, self.name)

    @property
    def target(self) -> str:
        return target(self.resource.kind, self.name, self.namespace)

    @property
    def path(self) -> str:
        return self.resource.path(self.namespace, self.name)

    @property
    def wave(self) -> int:
        return wave_of(self.resource)


def key_of(resource: Resource, namespace: str | None, name: str) -> Key:
    group = resource.api_version.rpartition("/")[0]
    return Key(group, resource.kind, namespace if resource.namespaced else None, name)


def wave_of(resource: Resource) -> int:
    """0 is applied first, and deleted last."""
    if (resource.api_version, resource.kind) not in BUILT_IN:
        return len(_WAVES)
    return next((number for number, kinds in enumerate(_WAVES) if resource.kind in kinds), len(_WAVES))


def resolve(client: KubeClient | None, objects: t.Sequence[t.Mapping[str, t.Any]]) -> list[Desired]:
    """Check the input and find where each object is served.

    :raises InvalidInput: one of the objects cannot be used; ``where`` is ``objects[<index>]``.
    :raises ManyProblems: several of them cannot.
    """
    problems: list[InvalidInput] = [p for i, obj in enumerate(objects) if (p := _problem(i, obj)) is not None]
    if not problems:
        found, problems = _resolved(client, objects)
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise ManyProblems(problems, headline=f"{len(problems)} of {len(objects)} objects cannot be used:")
    return found


def _problem(index: int, obj: t.Any) -> InvalidInput | None:
    where = f"objects[{index}]"
    if not isinstance(obj, t.Mapping):
        return InvalidInput("not a mapping", where=where, remedy="give a Kubernetes object")
    for field in ("apiVersion", "kind"):
        if not isinstance(obj.get(field), str) or not obj[field]:
            return InvalidInput(f"{field} is missing", where=where, remedy="give a complete Kubernetes object")
    metadata = obj.get("metadata")
    name = metadata.get("name") if isinstance(metadata, t.Mapping) else None
    if not isinstance(name, str) or not name:
        return InvalidInput(
            f"{obj['kind']} has no metadata.name",
            where=where,
            remedy="give it a name; a name that the server generates cannot be applied twice",
        )
    return None


def _resolved(
    client: KubeClient | None, objects: t.Sequence[t.Mapping[str, t.Any]]
) -> tuple[list[Desired], list[InvalidInput]]:
    defined = {
        (resource.api_version, resource.kind): resource
        for obj in objects
        if obj["kind"] == _DEFINITION
        for resource in resource_of_definition(obj)
    }
    found: list[Desired] = []
    problems: list[InvalidInput] = []
    first_index: dict[Key, int] = {}
    for index, obj in enumerate(objects):
        try:
            desired = _one(client, obj, defined)
        except UnknownKind as error:
            problems.append(InvalidInput(error.message, where=f"objects[{index}]", remedy=error.remedy))
            continue
        first = first_index.setdefault(desired.key, index)
        if first != index:
            problems.append(
                InvalidInput(
                    f"{desired.target} is already given by objects[{first}]",
                    where=f"objects[{index}]",
                    remedy="give every object once",
                )
            )
        found.append(desired)
    return found, problems


def _one(
    client: KubeClient | None, obj: t.Mapping[str, t.Any], defined: t.Mapping[tuple[str, str], Resource]
) -> Desired:
    api_version, kind = obj["apiVersion"], obj["kind"]
    resource = defined.get((api_version, kind))
    from_definition = resource is not None
    if resource is None:
        try:
            resource = resource_for(client, api_version, kind)
        except UnknownKind:
            if client is not None:
                raise
            # Without an API server nobody can say how the kind is served; the plan needs its name only.
            resource = Resource(api_version, kind, kind.lower(), bool(obj["metadata"].get("namespace")))
    body = prepared(obj)
    if not resource.namespaced:
        body["metadata"].pop("namespace", None)
    elif not body["metadata"].get("namespace"):
        body["metadata"]["namespace"] = "default"
    return Desired(body, resource, from_definition)
