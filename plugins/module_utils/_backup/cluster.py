# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the Velero rooms ask of a Kubernetes API; the real one and the tests' one."""

from __future__ import annotations

import typing as t

from .._core.plan import Plan
from .._core.progress import Deadline, Progress
from .._kube import objects
from .._kube.apply import apply_objects
from .._kube.discovery import resource_for
from .._kube.rollout import wait_rolled_out
from .._kube.wait import Watched, wait_until

if t.TYPE_CHECKING:
    from .._kube.client import KubeClient

Manifest = dict[str, t.Any]
Verdict = t.Callable[[list[Manifest]], t.Optional[str]]


class Cluster(t.Protocol):
    """The requests this room makes."""

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Manifest | None:
        """One object, or nothing."""

    def list_objects(
        self, api_version: str, kind: str, namespace: str, label_selector: str | None = None
    ) -> list[Manifest]:
        """Objects of a kind, each with its ``kind``."""

    def apply(self, manifests: list[Manifest], *, check_mode: bool, deadline: Deadline) -> Plan:
        """Server-side apply."""

    def create(self, manifest: Manifest) -> Manifest:
        """Create an object."""

    def label(self, manifest: Manifest, labels: dict[str, str]) -> None:
        """Add labels to an existing object."""

    def delete(self, api_version: str, kind: str, name: str, namespace: str) -> bool:
        """Delete an object; false when there was none."""

    def wait(
        self, watched: Watched, verdict: Verdict, *, deadline: Deadline, subject: str, hint: str
    ) -> list[Manifest]:
        """Watch until the verdict is None."""

    def wait_for_deployment(self, name: str, namespace: str, *, deadline: Deadline) -> None:
        """Watch until a Deployment runs its newest revision only."""


class KubeCluster:
    """:class:`Cluster` of a Kubernetes API.

    :param client: ``None`` in check mode when there is no API yet; then only ``apply`` is of use.
    """

    def __init__(self, client: KubeClient | None, progress: Progress) -> None:
        self._client = client
        self._progress = progress

    @property
    def _reached(self) -> KubeClient:
        if self._client is None:
            raise RuntimeError("asked for objects although there is no API")
        return self._client

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Manifest | None:
        return objects.get(self._reached, api_version, kind, name, namespace)

    def list_objects(
        self, api_version: str, kind: str, namespace: str, label_selector: str | None = None
    ) -> list[Manifest]:
        return objects.list_objects(self._reached, api_version, kind, namespace, label_selector)

    def apply(self, manifests: list[Manifest], *, check_mode: bool, deadline: Deadline) -> Plan:
        return apply_objects(self._client, manifests, check_mode=check_mode, deadline=deadline, progress=self._progress)

    def create(self, manifest: Manifest) -> Manifest:
        return objects.create(self._reached, manifest)

    def label(self, manifest: Manifest, labels: dict[str, str]) -> None:
        metadata = manifest["metadata"]
        resource = resource_for(self._reached, manifest["apiVersion"], manifest["kind"])
        self._reached.request(
            "PATCH",
            resource.path(metadata["namespace"], metadata["name"]),
            body={"metadata": {"labels": labels}},
            content_type="application/merge-patch+json",
        )

    def delete(self, api_version: str, kind: str, name: str, namespace: str) -> bool:
        return objects.delete(self._reached, api_version, kind, name, namespace)

    def wait(
        self, watched: Watched, verdict: Verdict, *, deadline: Deadline, subject: str, hint: str
    ) -> list[Manifest]:
        return wait_until(
            self._reached, watched, verdict, deadline=deadline, progress=self._progress, subject=subject, hint=hint
        )

    def wait_for_deployment(self, name: str, namespace: str, *, deadline: Deadline) -> None:
        wait_rolled_out(
            self._reached,
            "apps/v1",
            "Deployment",
            name,
            namespace,
            deadline=deadline,
            progress=self._progress,
            hint=f"kubectl --namespace {namespace} describe pod --selector deploy={name}",
        )
