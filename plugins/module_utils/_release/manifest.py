# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The manifest of a bundle, as far as a release changes it. See docs/bundle.md."""

from __future__ import annotations

import dataclasses
import json
import os
import typing as t

from .._core.errors import InvalidInput
from .._core.files import write_whole

FORMAT = "mothership.hcp/bundle"
FORMAT_VERSION = 1
COMPONENT = "k0s"
PLACE = "bin/k0s"
MODE = "0755"
#: Key of the file's entry: fingerprint of the key that its signature was verified with. Readers of bundles ignore it.
SIGNED_BY = "signed_by"


@dataclasses.dataclass(frozen=True)
class BundleManifest:
    """The manifest of one folder.

    :param exists: whether it is on the disk.
    :param document: what is in it, or what a new one holds.
    """

    folder: str
    exists: bool
    document: t.Mapping[str, t.Any]

    @property
    def path(self) -> str:
        return os.path.join(self.folder, "manifest.json")

    @property
    def version(self) -> str:
        """The version of k0s in it, or nothing."""
        return str(self.document["components"].get(COMPONENT, ""))

    @property
    def entry(self) -> t.Mapping[str, t.Any]:
        """The line of the program; empty when there is none."""
        return next((line for line in self.document["files"] if line.get("path") == PLACE), {})

    def write(self, version: str, entry: t.Mapping[str, t.Any]) -> None:
        """Put this version and line in the place of those of k0s; all else stays."""
        files = [line for line in self.document["files"] if line.get("path") != PLACE]
        files.append({"path": PLACE, "kind": "binary", "component": COMPONENT, "mode": MODE, **entry})
        document = {
            **self.document,
            "components": {**self.document["components"], COMPONENT: version},
            "files": sorted(files, key=lambda line: str(line.get("path", ""))),
        }
        write_whole(self.path, json.dumps(document, indent=2, sort_keys=True) + "\n", mode=0o644)


def read(folder: str, architecture: str) -> BundleManifest:
    """The manifest of ``folder``, or a new one for ``architecture`` when the folder has none.

    :raises InvalidInput: when it cannot be used, or is for another architecture.
    """
    path = os.path.join(folder, "manifest.json")
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except FileNotFoundError:
        empty = {"format": FORMAT, "format_version": FORMAT_VERSION, "architecture": architecture}
        return BundleManifest(folder, False, {**empty, "components": {}, "files": []})
    except (OSError, ValueError) as error:
        raise InvalidInput(f"cannot be read: {error}", where=path, remedy="rebuild the bundle") from None
    if not _is_ours(document):
        raise InvalidInput(
            f"this is no manifest of format {FORMAT}, version {FORMAT_VERSION}",
            where=path,
            remedy="name the folder of a bundle, or an empty one",
        )
    if document["architecture"] != architecture:
        raise InvalidInput(
            f"the bundle is for {document['architecture']}",
            where=f"bundles.{architecture}",
            remedy="give a folder of its own to each architecture",
        )
    return BundleManifest(folder, True, document)


def _is_ours(document: t.Any) -> bool:
    return (
        isinstance(document, dict)
        and document.get("format") == FORMAT
        and document.get("format_version") == FORMAT_VERSION
        and isinstance(document.get("components"), dict)
        and isinstance(document.get("files"), list)
        and all(isinstance(line, dict) for line in document["files"])
        and "architecture" in document
    )
