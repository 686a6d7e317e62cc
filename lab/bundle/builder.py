# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring every recipe of the table to a whole cache entry, one after the other."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .cache import Cache, Entry, sha256_of
from .command import Runner
from .debian import build_packages
from .errors import BuildError, TableError
from .golang import GoBuilder
from .layers import certificates_layer, network_tools_layer, static_layer
from .oci import ImageConfig, Layer, write_archive
from .progress import Progress
from .table import Component, FileSource, ImageRecipe, Table, cache_key
from .toolchain import Go

# Raise one of these when the builder itself would make something else of the same table.
RECIPE_VERSIONS = {"go": 1, "debian": 3, "image": 1, "file": 1}
IMAGE_SECONDS = 2
BASES = {"certificates": certificates_layer, "network-tools": network_tools_layer}


@dataclass
class Builder:
    """Builds components and images into the cache."""

    table: Table
    cache: Cache
    go: Go
    programs: Path
    progress: Progress = field(init=False)

    def component_entry(self, component: Component) -> Entry:
        """Where a component's outputs belong."""
        return self.cache.entry(component.name, component.version, cache_key(self._component_identity(component)))

    def image_entry(self, image: ImageRecipe, parts: Mapping[str, Entry]) -> Entry:
        """Where an image belongs; its key holds the hashes of all that is placed in it."""
        key = cache_key(self._image_identity(image, parts))
        return self.cache.entry("image", image.archive_name.removesuffix(".tar"), key)

    def build_components(self, components: list[Component]) -> dict[str, Entry]:
        """Build what is missing of these components."""
        images = sum(len(component.images) for component in components)
        missing = [one for one in components if not self.component_entry(one).is_whole()]
        rest = sum(one.seconds for one in missing) + IMAGE_SECONDS * sum(len(one.images) for one in missing)
        self.progress = Progress(total=len(components) + images, remaining=rest)
        return {component.name: self._component(component) for component in components}

    def build_image(self, image: ImageRecipe, parts: Mapping[str, Entry]) -> Entry:
        """Build an image if it is missing."""
        return self._step(
            f"image {image.reference}",
            IMAGE_SECONDS,
            self.image_entry(image, parts),
            lambda files: self._write_image(image, parts, files),
        )

    def parts_of(self, image: ImageRecipe) -> set[str]:
        """The components whose outputs an image holds."""
        owners = {owner for owner, _ in image.sources().values()}
        return owners | ({image.base} if image.base else set())

    def _component(self, component: Component) -> Entry:
        title = f"{component.name} {component.version}"
        entry = self.component_entry(component)
        return self._step(title, component.seconds, entry, lambda files: self._make(component, files))

    def _step(self, title: str, seconds: int, entry: Entry, build: Any) -> Entry:
        if entry.is_whole():
            self.progress.skip(title)
            return entry
        self.progress.begin(title, seconds)
        told: list[bool] = []

        def waiting() -> None:
            if not told:
                self.progress.note("waits for another build that is making the same thing")
                told.append(True)
            self.progress.tick("waiting for another build")

        self.cache.ensure(entry, build, waiting)
        self.progress.end()
        return entry

    def _make(self, component: Component, files: Path) -> None:
        if component.file is not None:
            take_file(component.file, files)
            return
        log = self.cache.log_path(component.name)
        log.unlink(missing_ok=True)
        runner = Runner(f"{component.name} {component.version}", log, self.progress.tick)
        golang = GoBuilder(self.go, self.table.architecture, runner)
        if component.go is not None:
            golang.build_module(component, files)
        elif component.program is not None:
            golang.build_program(self.programs / component.program, component.program, component.version, files)
        elif component.debian is not None:
            build_packages(component.debian, files.parent, files, runner)

    def _write_image(self, image: ImageRecipe, parts: Mapping[str, Entry], files: Path) -> None:
        layer = Layer()
        for place, (owner, output) in image.sources().items():
            layer.file(place, parts[owner].path(output), 0o755)
        for place, target in image.links.items():
            layer.symlink(place, target)
        base = static_layer() if image.base is None else self._base_layer(image.base, parts[image.base])
        config = ImageConfig(image.entrypoint, image.user, image.environment)
        archive = files / image.archive_name
        write_archive(archive, image.reference, self.table.architecture, config, [base, layer], files.parent)
        archive.chmod(0o644)

    def _base_layer(self, name: str, entry: Entry) -> Layer:
        return base_maker(name)([entry.path(package) for package in entry.records()])

    def _component_identity(self, component: Component) -> dict[str, Any]:
        identity: dict[str, Any] = {**component.identity(), "architecture": self.table.architecture}
        if component.debian is not None:
            return {**identity, "recipe": RECIPE_VERSIONS["debian"]}
        if component.file is not None:
            return {**identity, "recipe": RECIPE_VERSIONS["file"]}
        if component.program is not None:
            identity["sources"] = source_hashes(self.programs / component.program)
        return {**identity, "recipe": RECIPE_VERSIONS["go"], "go_release": self.go.release}

    def _image_identity(self, image: ImageRecipe, parts: Mapping[str, Entry]) -> dict[str, Any]:
        hashes = {
            f"{owner}/{output}": parts[owner].records()[output].sha256 for owner, output in image.sources().values()
        }
        if image.base is not None:
            base = parts[image.base].records()
            hashes.update({f"{image.base}/{name}": record.sha256 for name, record in base.items()})
        return {
            "image": image.identity(),
            "architecture": self.table.architecture,
            "recipe": RECIPE_VERSIONS["image"],
            "parts": hashes,
        }


def base_maker(name: str) -> Any:
    """The function that makes a base layer of packages."""
    if name not in BASES:
        raise TableError(f"no base layer is named {name!r}; there are: {', '.join(sorted(BASES))}")
    return BASES[name]


def take_file(source: FileSource, files: Path) -> None:
    """Copy a file that was handed in; it must still be the one that was looked at."""
    target = files / source.name
    shutil.copyfile(source.path, target)
    target.chmod(0o755)
    if sha256_of(target) != source.sha256:
        raise BuildError(f"{source.path} changed while it was copied. What to do: run the same command again.")


def source_hashes(directory: Path) -> dict[str, str]:
    """Hashes of a program's sources, so that an edit builds it anew."""
    if not directory.is_dir():
        raise TableError(f"the program {directory.name} has no folder {directory}")
    return {path.name: sha256_of(path) for path in sorted(directory.glob("*.go"))}
