# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The bundle on the controller: whether it is whole and has what the site asks for."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput, ManyProblems
from ansible_collections.mothership.hcp.plugins.module_utils._host import bundle as host_bundle
from ansible_collections.mothership.hcp.plugins.module_utils._host.bundle_cache import VerifiedHashes

if t.TYPE_CHECKING:
    from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec

_IMAGES_OF_A_CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")


@dataclasses.dataclass(frozen=True)
class Bundle:
    """What preflight asks of a bundle."""

    manifest: host_bundle.Bundle

    @property
    def architecture(self) -> str:
        return self.manifest.architecture

    @property
    def kubernetes_version(self) -> str:
        return str(self.manifest.components.get("kubernetes", ""))

    @property
    def images(self) -> set[str]:
        return {file.image for file in self.manifest.files if file.image}

    def bytes_for(self, *, node: bool, postgresql: bool) -> int:
        """Size of the files that a machine gets."""
        wanted = {"binary", "cni-plugin", "image"} if node else set()
        wanted |= {"package"} if postgresql else set()
        return sum(file.size for file in self.manifest.files if file.kind in wanted)


def examine(folder: str, verified: VerifiedHashes | None = None) -> tuple[Bundle | None, list[HcpError]]:
    """Read the manifest and compare every file with it; ``None`` when there is no manifest to go on with."""
    try:
        manifest = host_bundle.load(folder)
    except InvalidInput as problem:
        message = f"{problem.where}: {problem.message}" if problem.where else problem.message
        return None, [InvalidInput(message, where="mothership_bundle", remedy=problem.remedy)]
    try:
        host_bundle.verify(manifest, manifest.files, verified or VerifiedHashes())
    except ManyProblems as many:
        return Bundle(manifest), list(many.problems)
    return Bundle(manifest), []


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Files that the machines need, as the role ``kubernetes_node`` lists them."""

    binaries: tuple[str, ...]
    images: tuple[str, ...]

    @classmethod
    def read(cls, collection: pathlib.Path, *, velero: bool) -> Wanted:
        """From ``roles/kubernetes_node/vars/main.yml``; nothing when the role is not there."""
        file = collection / "roles" / "kubernetes_node" / "vars" / "main.yml"
        if not file.exists():
            return cls((), ())
        names = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        lists = ["images", "mothership_images", "worker_images", *(["velero_images"] if velero else [])]
        images = [image for name in lists for image in names.get(f"__kubernetes_node_{name}") or ()]
        return cls(tuple(names.get("__kubernetes_node_binaries") or ()), tuple(images))


def content_problems(bundle: Bundle, wanted: Wanted) -> list[HcpError]:
    """What the machines need and the bundle lacks."""
    try:
        host_bundle.select(bundle.manifest, binaries=wanted.binaries, cni_plugins=True, images=wanted.images)
    except ManyProblems as many:
        folder = bundle.manifest.folder
        return [
            InvalidInput(f"{folder} has {problem.message}", where="mothership_bundle", remedy=problem.remedy)
            for problem in many.problems
        ]
    return []


def version_problems(bundle: Bundle, version: str, clusters: t.Sequence[ClusterSpec]) -> list[HcpError]:
    """The bundle must hold the mothership's version and the images of every hosted cluster's version."""
    problems: list[HcpError] = []
    if bundle.kubernetes_version != version:
        problems.append(
            InvalidInput(
                f"the bundle holds Kubernetes {bundle.kubernetes_version or 'of no version'}, not {version}",
                where="mothership_version",
                remedy=f"set mothership_version to {bundle.kubernetes_version}, or make a bundle with {version}",
            )
        )
    for number, spec in enumerate(clusters):
        wanted = [f"registry.k8s.io/{name}:v{spec.version}" for name in _IMAGES_OF_A_CONTROL_PLANE]
        missing = [image for image in wanted if image not in bundle.images]
        if missing and spec.version != version:
            problems.append(
                InvalidInput(
                    f"the bundle lacks the images {', '.join(missing)}",
                    where=f"hosted_clusters[{number}].version",
                    remedy=f"use {bundle.kubernetes_version}, or make a bundle that holds {spec.version} too",
                )
            )
    return problems
