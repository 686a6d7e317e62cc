# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The component table as typed, checked values.

A recipe's ``identity`` is everything that decides its result. It is what cache keys are made from, so
a change of any of it builds anew and a change of anything else (expected seconds, say) does not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from .errors import TableError

TABLE_FORMAT = 1
KINDS = ("binary", "cni-plugin", "package")


@dataclass(frozen=True)
class GoSource:
    """A public Go module and the commands wanted from it."""

    module: str
    outputs: Mapping[str, str]
    staging: str | None = None
    requires: Mapping[str, str] = field(default_factory=dict)
    replaces: Mapping[str, str] = field(default_factory=dict)
    stamps: Mapping[str, str] = field(default_factory=dict)
    without_imports: tuple[str, ...] = ()


@dataclass(frozen=True)
class DebianSource:
    """Packages of one Debian release, with what they need on top of what a machine already has."""

    release: str
    packages: tuple[str, ...]
    on_top_of: tuple[str, ...] = ()
    dependencies: bool = True
    package_set: str | None = None


@dataclass(frozen=True)
class FileSource:
    """A file that somebody hands in: it is not in the table, because no module registry serves it."""

    path: Path
    name: str
    sha256: str


@dataclass(frozen=True)
class ImageRecipe:
    """One OCI image: a base layer and the outputs of components placed in it.

    :param links: symbolic links, place in the image -> target.
    """

    reference: str
    files: Mapping[str, str]
    entrypoint: tuple[str, ...]
    base: str | None = None
    user: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def archive_name(self) -> str:
        """The archive's file name: the reference without its registry path."""
        return self.reference.rsplit("/", 1)[-1].replace(":", "-") + ".tar"

    def sources(self) -> dict[str, tuple[str, str]]:
        """Place in the image -> (component, output)."""
        pairs = {place: source.split("/", 1) for place, source in self.files.items()}
        return {place: (pair[0], pair[1]) for place, pair in pairs.items()}

    def identity(self) -> dict[str, Any]:
        """All of the table that decides what the archive holds, besides the files themselves."""
        # Without an empty `links`: an image that has none keeps the cache key it had before there were any.
        return {name: value for name, value in asdict(self).items() if name != "links" or value}


@dataclass(frozen=True)
class Component:
    """One row of the table."""

    name: str
    version: str
    seconds: int
    kind: str
    publish: bool
    go: GoSource | None
    program: str | None
    debian: DebianSource | None
    images: tuple[ImageRecipe, ...]
    file: FileSource | None = None

    def identity(self) -> dict[str, Any]:
        """All of the table that decides what the component's build leaves behind."""
        sources = {"go": self.go, "debian": self.debian}
        made: dict[str, Any] = {name: asdict(source) for name, source in sources.items() if source is not None}
        if self.file is not None:
            made["file"] = {"name": self.file.name, "sha256": self.file.sha256}
        return {"name": self.name, "version": self.version, "program": self.program, **made}


@dataclass(frozen=True)
class Toolchain:
    """The Go release that is needed, and the package that brings one if the machine has none."""

    minimum: str
    package: str
    package_version: str


@dataclass(frozen=True)
class Table:
    """The whole component table."""

    architecture: str
    toolchain: Toolchain
    components: tuple[Component, ...]

    def component(self, name: str) -> Component:
        """Look a component up by name."""
        for component in self.components:
            if component.name == name:
                return component
        known = ", ".join(component.name for component in self.components)
        raise TableError(f"no component is named {name!r}; the table has: {known}")

    def with_component(self, component: Component) -> Table:
        """The same table with one component more."""
        table = replace(self, components=(*self.components, component))
        _check_names(table)
        _check_image_sources(table)
        return table


def cache_key(identity: Mapping[str, Any]) -> str:
    """Hash an identity; key order in the table does not matter."""
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def load_table(path: Path) -> Table:
    """Read and check the table."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return parse_table(document)
    except OSError as error:
        raise TableError(f"cannot read the component table {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise TableError(f"{path} is not YAML: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise TableError(f"{path} is not a component table: {error!r}") from error


def parse_table(document: Mapping[str, Any]) -> Table:
    """Turn the parsed YAML into a Table."""
    if document["format"] != TABLE_FORMAT:
        raise TableError(f"component table format {document['format']!r} is not {TABLE_FORMAT}")
    components = tuple(_component(row) for row in document["components"])
    table = Table(document["architecture"], Toolchain(**document["toolchain"]), components)
    _check_names(table)
    _check_image_sources(table)
    return table


def _check_names(table: Table) -> None:
    names = [component.name for component in table.components]
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise TableError(f"components named twice in the table: {', '.join(doubles)}")


def _check_image_sources(table: Table) -> None:
    for component in table.components:
        for image in component.images:
            for place, (owner, output) in image.sources().items():
                if output not in expected_outputs(table.component(owner)):
                    raise TableError(
                        f"image {image.reference} places {owner}/{output} at {place}, "
                        f"but component {owner} has no output of that name"
                    )
            if image.base is not None and table.component(image.base).debian is None:
                raise TableError(f"image {image.reference}: base {image.base} is not made of Debian packages")


def expected_outputs(component: Component) -> tuple[str, ...]:
    """The output names that are known before the build (packages are not)."""
    if component.go is not None:
        return tuple(sorted(component.go.outputs))
    if component.file is not None:
        return (component.file.name,)
    return (component.program,) if component.program else ()


def _component(row: Mapping[str, Any]) -> Component:
    version = row["version"]
    if not isinstance(version, str):
        raise TableError(f"component {row['name']}: quote the version {version!r}, YAML reads it as a number")
    made_from = [name for name in ("go", "program", "debian") if name in row]
    if len(made_from) != 1:
        raise TableError(f"component {row['name']}: exactly one of go, program and debian is needed, got {made_from}")
    kind = row.get("kind", "package" if "debian" in row else "binary")
    if kind not in KINDS:
        raise TableError(f"component {row['name']}: kind {kind!r} is not one of {', '.join(KINDS)}")
    return Component(
        name=row["name"],
        version=version,
        seconds=int(row["seconds"]),
        kind=kind,
        publish=bool(row.get("publish", True)),
        go=_go_source(row["go"], version) if "go" in row else None,
        program=row.get("program"),
        debian=_debian_source(row["debian"]) if "debian" in row else None,
        images=tuple(_image(image, row["name"], version) for image in row.get("images", [])),
    )


def _go_source(row: Mapping[str, Any], version: str) -> GoSource:
    values = dict(row)
    values["stamps"] = {name: value.format(version=version) for name, value in row.get("stamps", {}).items()}
    values["without_imports"] = tuple(row.get("without_imports", ()))
    return GoSource(**values)


def _debian_source(row: Mapping[str, Any]) -> DebianSource:
    values = dict(row)
    values["packages"] = tuple(row["packages"])
    values["on_top_of"] = tuple(row.get("on_top_of", ()))
    return DebianSource(**values)


def _image(row: Mapping[str, Any], component: str, version: str) -> ImageRecipe:
    values = dict(row)
    values["reference"] = row["reference"].format(version=version)
    values["entrypoint"] = tuple(row["entrypoint"])
    values["files"] = {
        place: source if "/" in source else f"{component}/{source}" for place, source in row["files"].items()
    }
    return ImageRecipe(**values)
