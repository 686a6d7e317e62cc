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
    from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.k0s import Usage

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
    def k0s_version(self) -> str:
        """Such as ``1.36.3+k0s.2``; empty when the bundle has no k0s."""
        return str(self.manifest.components.get("k0s", "")).lstrip("v")

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
    def read(cls, collection: pathlib.Path, *, velero: bool, usage: Usage, k0s_has_payload: bool = False) -> Wanted:
        """From ``roles/kubernetes_node/vars/main.yml``; nothing when the role is not there.

        :param usage: which distributions the machines and the hosted control planes run.
        :param k0s_has_payload: the bundle's k0s brings the programs that it starts.
        """
        file = collection / "roles" / "kubernetes_node" / "vars" / "main.yml"
        if not file.exists():
            return cls((), ())
        names = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        binaries, images = (
            [entry for name in chosen for entry in names.get(f"__kubernetes_node_{name}") or ()]
            for chosen in (_binary_lists(usage, k0s_has_payload=k0s_has_payload), _image_lists(usage, velero=velero))
        )
        k0s_image = names.get("__kubernetes_node_k0s_image")
        if k0s_image and "k0s" in usage.planes:
            images.append(k0s_image)
        return cls(tuple(dict.fromkeys(binaries)), tuple(images))


def _binary_lists(usage: Usage, *, k0s_has_payload: bool) -> list[str]:
    """The role's lists of programs that some machine of the site gets."""
    lists = ["binaries"] if "kubeadm" in usage.machines else []
    if "k0s" in usage.machines:
        lists.append("k0s_binaries")
        if not k0s_has_payload:
            lists += ["k0s_bare_binaries", *(["k0s_bare_controller_binaries"] if usage.mothership == "k0s" else [])]
    return lists


def _image_lists(usage: Usage, *, velero: bool) -> list[str]:
    """Likewise for images."""
    lists = ["images"]
    if usage.mothership:
        lists += ["mothership_images", *(["velero_images"] if velero else [])]
    if usage.workers or usage.mothership == "k0s":
        lists.append("worker_images")
    return lists


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


def version_problems(
    bundle: Bundle, version: str, clusters: t.Sequence[ClusterSpec], *, mothership: str = "kubeadm"
) -> list[HcpError]:
    """The bundle must hold the mothership's version and the images of every version of a hosted cluster.

    Of the distribution kubeadm, that is; see the part about k0s for its own.
    """
    problems: list[HcpError] = []
    if mothership == "kubeadm" and bundle.kubernetes_version != version:
        problems.append(
            InvalidInput(
                f"the bundle holds Kubernetes {bundle.kubernetes_version or 'of no version'}, not {version}",
                where="mothership_version",
                remedy=f"set mothership_version to {bundle.kubernetes_version}, or make a bundle with {version}",
            )
        )
    for number, spec in enumerate(clusters):
        if spec.distribution != "kubeadm":
            continue
        wanted = [f"registry.k8s.io/{name}:v{spec.version}" for name in _IMAGES_OF_A_CONTROL_PLANE]
        missing = [image for image in wanted if image not in bundle.images]
        if missing and (spec.version != version or mothership != "kubeadm"):
            problems.append(
                InvalidInput(
                    f"the bundle lacks the images {', '.join(missing)}",
                    where=f"hosted_clusters[{number}].version",
                    remedy=f"use {bundle.kubernetes_version}, or make a bundle that holds {spec.version} too",
                )
            )
    return problems
