# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write OCI image archives that are the same byte for byte whenever their contents are.

Nothing here knows the clock or the user: times are zero, owners are numbers, and entries are sorted.
Layers are not compressed, because a compressor's output changes between releases.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .cache import sha256_of

EPOCH = "1970-01-01T00:00:00Z"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


@dataclass
class Layer:
    """The files of one layer, by their absolute place without the leading slash."""

    entries: dict[str, tuple[tarfile.TarInfo, bytes | Path]] = field(default_factory=dict)

    def directory(self, place: str, mode: int = 0o755, owner: int = 0) -> None:
        """Add a folder (and those above it)."""
        name = place.strip("/")
        if not name:
            return
        if "/" in name and name.rsplit("/", 1)[0] not in self.entries:
            self.directory(name.rsplit("/", 1)[0])
        self._put(name, tarfile.DIRTYPE, mode, b"", owner=owner)

    def file(self, place: str, content: bytes | Path, mode: int = 0o644) -> None:
        """Add a file from memory or from the disk."""
        self._put(self._below(place), tarfile.REGTYPE, mode, content)

    def symlink(self, place: str, target: str) -> None:
        """Add a symbolic link."""
        self._put(self._below(place), tarfile.SYMTYPE, 0o777, b"", target=target)

    def write(self, path: Path) -> None:
        """Write the layer's tar."""
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
            for _, (info, content) in sorted(self.entries.items()):
                if isinstance(content, Path):
                    with content.open("rb") as stream:
                        archive.addfile(info, stream)
                else:
                    archive.addfile(info, io.BytesIO(content))

    def _below(self, place: str) -> str:
        name = place.strip("/")
        if "/" in name and name.rsplit("/", 1)[0] not in self.entries:
            self.directory(name.rsplit("/", 1)[0])
        return name

    def _put(
        self, name: str, kind: bytes, mode: int, content: bytes | Path, *, target: str = "", owner: int = 0
    ) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.linkname = kind, mode, target
        info.uid = info.gid = owner
        info.size = content.stat().st_size if isinstance(content, Path) else len(content)
        self.entries[name] = (info, content)


@dataclass(frozen=True)
class ImageConfig:
    """What a container of the image runs, and as whom."""

    entrypoint: tuple[str, ...]
    user: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def document(self, architecture: str, diff_ids: list[str]) -> dict[str, Any]:
        """The image's configuration blob."""
        variables = [PATH, *(f"{name}={value}" for name, value in sorted(self.environment.items()))]
        config: dict[str, Any] = {"Entrypoint": list(self.entrypoint), "Env": variables, "WorkingDir": "/"}
        if self.user is not None:
            config["User"] = self.user
        return {
            "created": EPOCH,
            "architecture": architecture,
            "os": "linux",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        }


def write_archive(
    path: Path, reference: str, architecture: str, config: ImageConfig, layers: list[Layer], work: Path
) -> str:
    """Write an image archive and return the digest of its manifest."""
    blobs: dict[str, bytes | Path] = {}
    descriptors: list[dict[str, Any]] = []
    for number, layer in enumerate(layers):
        tar = work / f"layer-{number}.tar"
        layer.write(tar)
        digest = f"sha256:{sha256_of(tar)}"
        blobs[digest] = tar
        descriptors.append({"mediaType": LAYER_TYPE, "digest": digest, "size": tar.stat().st_size})
    document = config.document(architecture, [descriptor["digest"] for descriptor in descriptors])
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {"mediaType": CONFIG_TYPE, **_put_json(blobs, document)},
        "layers": descriptors,
    }
    stored = _put_json(blobs, manifest)
    names = {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference}
    platform = {"architecture": architecture, "os": "linux"}
    listed = {"mediaType": MANIFEST_TYPE, **stored, "annotations": names, "platform": platform}
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [listed]}
    _write_outer(path, index, blobs)
    return stored["digest"]


def manifest_digest(archive: Path) -> str:
    """Read the manifest digest of an archive's only image."""
    with tarfile.open(archive) as tar:
        stream = tar.extractfile("index.json")
        assert stream is not None
        return json.load(stream)["manifests"][0]["digest"]


def _put_json(blobs: dict[str, bytes | Path], document: Mapping[str, Any]) -> dict[str, Any]:
    content = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    blobs[digest] = content
    return {"digest": digest, "size": len(content)}


def _write_outer(path: Path, index: Mapping[str, Any], blobs: Mapping[str, bytes | Path]) -> None:
    outer = Layer()
    outer.file("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    outer.file("index.json", json.dumps(index, sort_keys=True, separators=(",", ":")).encode())
    for digest, content in blobs.items():
        outer.file(f"blobs/{digest.replace(':', '/')}", content)
    outer.write(path)
