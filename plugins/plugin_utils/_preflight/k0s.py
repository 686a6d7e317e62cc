# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The distribution k0s: which parts of the site use it, and whether the bundle's k0s fits them."""

from __future__ import annotations

import dataclasses
import os
import struct
import typing as t
import zipfile

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.images import k0s_image
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import groups

if t.TYPE_CHECKING:
    from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
    from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.bundle import Bundle

NAME = "k0s"
_ELF_MACHINES = {0x28: "arm", 0x3E: "amd64", 0xB7: "arm64"}
_HEADER_BYTES = 20
_MAKE_ONE = "make a bundle with it; docs/bundle.md says how"


@dataclasses.dataclass(frozen=True)
class Usage:
    """What the machines that share a bundle run.

    :param mothership: distribution of the mothership; empty when none of its machines is among them.
    :param workers: distributions of the hosted clusters whose workers are among them.
    :param planes: distributions of all hosted clusters; their control planes run on the mothership's machines.
    """

    mothership: str = ""
    workers: frozenset[str] = frozenset()
    planes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, mothership: str, clusters: t.Iterable[ClusterSpec], members: t.Mapping[str, t.Sequence[str]]) -> Usage:
        """From the site's variables and the groups of its inventory."""
        specs = list(clusters)
        hosts = [host for group in (groups.CONTROL_PLANE, groups.MOTHERSHIP_WORKERS) for host in members.get(group, ())]
        workers = {spec.distribution for spec in specs if members.get(groups.workers_group(spec.name))}
        planes = {spec.distribution for spec in specs} if hosts else set()
        return cls(mothership if hosts else "", frozenset(workers), frozenset(planes))

    @property
    def machines(self) -> frozenset[str]:
        """Distributions that some machine runs."""
        return self.workers | ({self.mothership} if self.mothership else set())


@dataclasses.dataclass(frozen=True)
class Binary:
    """The bundle's ``bin/k0s``.

    :param path: where it is on the controller.
    :param architecture: what the ELF header says; empty when it is no such file.
    :param payload: whether it carries the programs that it starts.
    """

    path: str
    architecture: str
    payload: bool

    @classmethod
    def of(cls, bundle: Bundle) -> Binary | None:
        """``None`` when the bundle has none, or its file cannot be read (which is told elsewhere)."""
        for file in bundle.manifest.files:
            if file.kind == "binary" and file.name == NAME:
                path = bundle.manifest.file_path(file)
                return cls(path, _elf_architecture(path), zipfile.is_zipfile(path)) if os.path.isfile(path) else None
        return None


def _elf_architecture(path: str) -> str:
    with open(path, "rb") as stream:
        header = stream.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES or not header.startswith(b"\x7fELF"):
        return ""
    (machine,) = struct.unpack_from(">H" if header[5] == 2 else "<H", header, 18)
    return _ELF_MACHINES.get(machine, f"ELF machine {machine}")


def matches(wanted: str, found: str) -> bool:
    """Whether k0s ``found`` (1.36.3+k0s.2) is what ``wanted`` means (1.36.3, or itself)."""
    return found == wanted or ("+" not in wanted and found.partition("+")[0] == wanted)


def version_problems(
    bundle: Bundle, mothership: str, version: str, clusters: t.Sequence[ClusterSpec]
) -> list[HcpError]:
    """What k0s is asked to be and the bundle of the mothership's machines does not hold.

    That the bundle has a k0s at all is checked with everything else that machines need.
    """
    problems: list[HcpError] = []
    if mothership == NAME and bundle.k0s_version and not matches(version, bundle.k0s_version):
        problems.append(_other_version(bundle, version, "mothership_version"))
    for number, spec in enumerate(clusters):
        if spec.distribution == NAME:
            problems += _plane_problems(bundle, spec, f"hosted_clusters[{number}]")
    return problems


def worker_problems(
    bundle: Bundle, clusters: t.Sequence[ClusterSpec], members: t.Mapping[str, t.Sequence[str]]
) -> list[HcpError]:
    """k0s workers read a configuration that only a plane of their own minor release makes."""
    problems: list[HcpError] = []
    for spec in clusters:
        group = groups.workers_group(spec.name)
        if spec.distribution != NAME or not members.get(group) or not bundle.k0s_version:
            continue
        ours, theirs = _minor(bundle.k0s_version), _minor(spec.version)
        if ours != theirs:
            problems.append(
                InvalidInput(
                    f"its machines would run k0s {bundle.k0s_version}, but the control plane of {spec.name} is"
                    f" {spec.version}: k0s workers must be of the minor release of their control plane",
                    where=f"group {group}",
                    remedy=f"make a bundle with k0s {theirs}, or set version of {spec.name} to a release of {ours}",
                )
            )
    return problems


def image_notes(bundle: Bundle, clusters: t.Iterable[ClusterSpec]) -> list[str]:
    """Images that the user names himself may come from a registry."""
    return [
        f"image {spec.k0s_image} of hosted cluster {spec.name} is not in the bundle: the mothership's machines must"
        " reach its registry"
        for spec in clusters
        if spec.distribution == NAME and spec.k0s_image and spec.k0s_image not in bundle.images
    ]


def binary_problems(bundle: Bundle, binary: Binary | None, usage: Usage) -> list[HcpError]:
    """What is wrong with the file itself; nothing when no machine runs it."""
    if binary is None or NAME not in usage.machines:
        return []
    where = "mothership_bundle"
    place = f"bin/{NAME} of {bundle.manifest.folder}"
    if binary.architecture != bundle.architecture:
        found = f"is for {binary.architecture}" if binary.architecture else "is no ELF program"
        message = f"{place} {found}, the bundle is for {bundle.architecture}"
        return [InvalidInput(message, where=where, remedy=f"take the k0s for {bundle.architecture}: {_MAKE_ONE}")]
    if not bundle.k0s_version:
        message = "the manifest has no version of component k0s"
        return [InvalidInput(message, where=where, remedy='add "k0s": "1.36.3+k0s.2" to components')]
    if not binary.payload and _minor(bundle.kubernetes_version) != _minor(bundle.k0s_version):
        message = (
            f"{place} is {bundle.k0s_version} without payload, so it would start the bundle's Kubernetes"
            f" {bundle.kubernetes_version or 'of no version'}"
        )
        return [InvalidInput(message, where=where, remedy="make a bundle with both of one minor release")]
    return []


def _plane_problems(bundle: Bundle, spec: ClusterSpec, where: str) -> list[HcpError]:
    wanted = k0s_image(spec.version)
    held = {image.rpartition(":")[0] for image in bundle.images}
    if spec.k0s_image or wanted in bundle.images or wanted.rpartition(":")[0] not in held:
        return []
    if bundle.k0s_version and not matches(spec.version, bundle.k0s_version):
        return [_other_version(bundle, spec.version, f"{where}.version")]
    remedy = f"set version to {bundle.k0s_version}" if bundle.k0s_version else _MAKE_ONE
    return [InvalidInput(f"the image {wanted} is not in the bundle", where=f"{where}.version", remedy=remedy)]


def _other_version(bundle: Bundle, version: str, where: str) -> HcpError:
    return InvalidInput(
        f"k0s {version} does not exist in the bundle, which holds {bundle.k0s_version}",
        where=where,
        remedy=f"set it to {bundle.k0s_version}, or make a bundle with k0s {version}",
    )


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
