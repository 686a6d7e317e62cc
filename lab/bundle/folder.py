# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bundle folder: files linked from the cache, and a manifest that names each of them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cache import Entry, FileRecord
from .errors import BundleError
from .oci import manifest_digest
from .table import Component, ImageRecipe, Table

BUNDLE_FORMAT = "mothership.hcp/bundle"
BUNDLE_FORMAT_VERSION = 1
FOLDERS = {"binary": "bin", "cni-plugin": "cni", "image": "images", "package": "packages"}
UNFINISHED = ".unfinished"


@dataclass(frozen=True)
class BundleFile:
    """One file of the bundle and where it comes from."""

    source: Path
    record: FileRecord
    kind: str
    component: str
    extra: Mapping[str, str]

    @property
    def place(self) -> str:
        """The path below the bundle's folder; two sets of packages may hold the same one."""
        package_set = self.extra.get("package_set")
        folder = FOLDERS[self.kind] + (f"/{package_set}" if package_set else "")
        return f"{folder}/{self.source.name}"

    def listed(self) -> dict[str, Any]:
        """The file's line in the manifest."""
        return {
            "path": self.place,
            "kind": self.kind,
            "component": self.component,
            "size": self.record.size,
            "sha256": self.record.sha256,
            "mode": self.record.mode,
            **self.extra,
        }


def component_files(component: Component, entry: Entry) -> list[BundleFile]:
    """What a component itself puts into the bundle."""
    if not component.publish:
        return []
    package_set = component.debian.package_set if component.debian else None
    extra = {"package_set": package_set} if package_set else {}
    return [
        BundleFile(entry.path(name), record, component.kind, component.name, extra)
        for name, record in entry.records().items()
    ]


def image_file(component: Component, image: ImageRecipe, entry: Entry) -> BundleFile:
    """An image's archive in the bundle."""
    archive = entry.path(image.archive_name)
    extra = {"image": image.reference, "image_digest": manifest_digest(archive)}
    return BundleFile(archive, entry.records()[image.archive_name], "image", component.name, extra)


def manifest(table: Table, files: Iterable[BundleFile]) -> dict[str, Any]:
    """The bundle's manifest: sorted, and the same whenever the contents are."""
    listed = sorted((file.listed() for file in files), key=lambda line: line["path"])
    places = [line["path"] for line in listed]
    doubles = sorted({place for place in places if places.count(place) > 1})
    if doubles:
        raise BundleError(f"two components make the same file of the bundle: {', '.join(doubles)}")
    present = {line["component"] for line in listed}
    return {
        "format": BUNDLE_FORMAT,
        "format_version": BUNDLE_FORMAT_VERSION,
        "architecture": table.architecture,
        "components": {one.name: one.version for one in table.components if one.name in present},
        "files": listed,
    }


def write_bundle(output: Path, document: Mapping[str, Any], files: list[BundleFile]) -> int:
    """Make the folder hold just these files; returns how many things had to be changed."""
    _refuse_foreign_folder(output)
    text = json.dumps(document, indent=2, sort_keys=True) + "\n"
    missing = [file for file in files if not _is_same(output / file.place, file)]
    superfluous = _superfluous(output, {file.place for file in files})
    if not missing and not superfluous and _read(output / "manifest.json") == text:
        return 0
    output.mkdir(parents=True, exist_ok=True)
    (output / UNFINISHED).touch()
    for path in superfluous:
        path.unlink()
    for file in missing:
        _place(file, output / file.place)
    partial = output / "manifest.json.partial"
    partial.write_text(text, encoding="utf-8")
    partial.replace(output / "manifest.json")
    (output / UNFINISHED).unlink()
    return len(missing) + len(superfluous) + 1


def _refuse_foreign_folder(output: Path) -> None:
    """Files that are no part of the bundle get deleted, so the folder has to be one of ours."""
    if not output.exists() or not any(output.iterdir()):
        return
    if (output / UNFINISHED).exists():
        return
    try:
        document = json.loads((output / "manifest.json").read_text(encoding="utf-8"))
        ours = document["format"] == BUNDLE_FORMAT
    except (OSError, ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise BundleError(f"{output} is not empty and holds no bundle. Name an empty or new folder with --output.")


def _is_same(place: Path, file: BundleFile) -> bool:
    try:
        there, wanted = place.stat(), file.source.stat()
    except OSError:
        return False
    if os.path.samestat(there, wanted):
        return True
    return (there.st_size, there.st_mtime_ns, there.st_mode) == (wanted.st_size, wanted.st_mtime_ns, wanted.st_mode)


def _superfluous(output: Path, wanted: set[str]) -> list[Path]:
    found = [path for folder in FOLDERS.values() for path in (output / folder).rglob("*") if not path.is_dir()]
    return sorted(path for path in found if str(path.relative_to(output)) not in wanted)


def _place(file: BundleFile, place: Path) -> None:
    """Link where the file system can, copy where it cannot; either way the file appears whole."""
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(f".{place.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        os.link(file.source, partial)
    except OSError:
        shutil.copy2(file.source, partial)
    partial.replace(place)
    partial.unlink(missing_ok=True)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return None
