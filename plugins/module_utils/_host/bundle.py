# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A bundle on the controller: a folder with ``manifest.json``, programs, images and packages. See docs/bundle.md."""

from __future__ import annotations

import dataclasses
import json
import os
import typing as t

from .._core.errors import HcpError, InvalidInput, ManyProblems
from .bundle_cache import VerifiedHashes
from .hashing import sha256_of

FORMAT = "mothership.hcp/bundle"
FORMAT_VERSION = 1
KINDS = ("binary", "cni-plugin", "image", "package")
_REBUILD = "rebuild the bundle, or copy it again from where it was built"


@dataclasses.dataclass(frozen=True)
class BundleFile:
    """One file of the bundle; ``size`` in bytes, ``sha256`` in hex, ``mode`` as a number."""

    path: str
    kind: str
    component: str
    size: int
    sha256: str
    mode: int
    image: str = ""
    image_digest: str = ""
    package_set: str = ""

    @property
    def name(self) -> str:
        return os.path.basename(self.path)


@dataclasses.dataclass(frozen=True)
class Bundle:
    """A manifest that was read and found well-formed. Its files were not looked at yet."""

    folder: str
    architecture: str
    components: t.Mapping[str, str]
    files: tuple[BundleFile, ...]

    def file_path(self, file: BundleFile) -> str:
        return os.path.join(self.folder, file.path)


def load(folder: str) -> Bundle:
    """Read and check ``manifest.json``.

    :raises InvalidInput: when it is absent, of another format or version, or malformed.
    """
    path = os.path.join(folder, "manifest.json")
    try:
        with open(path, encoding="utf-8") as file:
            manifest = json.load(file)
    except FileNotFoundError:
        raise InvalidInput(
            "there is no bundle: no manifest.json",
            where=folder,
            remedy="set mothership_bundle to the folder of a bundle; docs/bundle.md says how to fill one",
        ) from None
    except ValueError as error:
        raise InvalidInput(f"not JSON: {error}", where=path, remedy=_REBUILD) from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InvalidInput(
            f"this is not a manifest of format {FORMAT}",
            where=path,
            remedy="set mothership_bundle to the folder of a bundle",
        )
    _check_version(manifest.get("format_version"), path)
    try:
        files = tuple(_file(entry) for entry in manifest["files"])
        return Bundle(folder, str(manifest["architecture"]), dict(manifest["components"]), files)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"the manifest is malformed: {error!r}", where=path, remedy=_REBUILD) from None


def _check_version(version: t.Any, path: str) -> None:
    if version == FORMAT_VERSION:
        return
    newer = isinstance(version, int) and version > FORMAT_VERSION
    raise InvalidInput(
        f"the bundle has format version {version!r}; this collection reads version {FORMAT_VERSION}",
        where=path,
        remedy="install a newer release of mothership.hcp"
        if newer
        else "rebuild the bundle with this release's builder",
    )


def _file(entry: t.Mapping[str, t.Any]) -> BundleFile:
    path = str(entry["path"])
    if os.path.isabs(path) or ".." in path.split("/"):
        raise ValueError(f"path {path!r} leaves the bundle")
    if entry["kind"] not in KINDS:
        raise ValueError(f"{path}: kind {entry['kind']!r} is none of {', '.join(KINDS)}")
    return BundleFile(
        path=path,
        kind=str(entry["kind"]),
        component=str(entry.get("component", "")),
        size=int(entry["size"]),
        sha256=str(entry["sha256"]).lower(),
        mode=int(str(entry.get("mode", "0644")), 8),
        image=str(entry.get("image", "")),
        image_digest=str(entry.get("image_digest", "")),
        package_set=str(entry.get("package_set", "")),
    )


def select(
    bundle: Bundle,
    *,
    binaries: t.Sequence[str] = (),
    optional_binaries: t.Sequence[str] = (),
    cni_plugins: bool = False,
    images: t.Sequence[str] = (),
    package_sets: t.Sequence[str] = (),
) -> list[BundleFile]:
    """The files asked for, in the manifest's order, each once.

    :param optional_binaries: taken where the bundle has them.
    :param images: references with tag, or without: then every tag of the bundle.
    :raises ManyProblems: naming all that the bundle does not have.
    """
    present = {file.name for file in bundle.files if file.kind == "binary"}
    wanted = [
        *(("binary", name) for name in (*binaries, *(name for name in optional_binaries if name in present))),
        *((("cni-plugin", ""),) if cni_plugins else ()),
        *(("image", reference) for reference in images),
        *(("package", package_set) for package_set in package_sets),
    ]
    chosen: set[str] = set()
    problems: list[HcpError] = []
    for kind, name in wanted:
        found = [file.path for file in bundle.files if file.kind == kind and _is_called(file, name)]
        chosen.update(found)
        if not found:
            what = f"{kind} {name}".strip()
            problems.append(InvalidInput(f"no {what}", where=bundle.folder, remedy="rebuild the bundle with it"))
    if problems:
        raise ManyProblems(problems, headline="The bundle lacks what was asked for:")
    return [file for file in bundle.files if file.path in chosen]


def _is_called(file: BundleFile, name: str) -> bool:
    """Whether ``name`` selects the file among those of its kind; there is no choice of CNI plugins."""
    if file.kind == "image":
        return name in (file.image, file.image.rpartition(":")[0])
    return name == {"binary": file.name, "package": file.package_set}.get(file.kind, "")


def verify(bundle: Bundle, files: t.Iterable[BundleFile], verified: VerifiedHashes) -> None:
    """Compare size and SHA-256 of ``files`` with the manifest; a file is hashed again only when it changed.

    :raises ManyProblems: naming every file that is missing or another one.
    """
    problems: list[HcpError] = []
    for file in files:
        problem = _verify(bundle.file_path(file), file, verified)
        if problem is not None:
            problems.append(problem)
    verified.save()
    if problems:
        raise ManyProblems(problems, headline=f"The bundle {bundle.folder} is damaged; nothing was sent:")


def _verify(path: str, file: BundleFile, verified: VerifiedHashes) -> HcpError | None:
    try:
        found = os.stat(path)
    except OSError as error:
        return InvalidInput(f"the file cannot be read: {error.strerror}", where=path, remedy=_REBUILD)
    actual = verified.get(path, found)
    if actual is None:
        actual = sha256_of(path)
        verified.put(path, found, actual)
    if actual == file.sha256 and found.st_size == file.size:
        return None
    return InvalidInput(
        f"SHA-256 is {actual} ({found.st_size} bytes), but the manifest says {file.sha256} ({file.size} bytes)",
        where=path,
        remedy=_REBUILD,
    )
