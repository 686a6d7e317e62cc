# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A k0s binary is handed in: what is refused, and what the bundle gets of it."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.bundle import k0s as k0s_module
from lab.bundle.builder import Builder
from lab.bundle.cache import Cache
from lab.bundle.errors import BuildError, BundleError
from lab.bundle.folder import component_files, manifest
from lab.bundle.k0s import K0s, elf_architecture, find_k0s, look_at, with_k0s
from lab.bundle.table import FileSource, Table, load_table
from lab.bundle.toolchain import Go

AMD64, ARM64 = 0x3E, 0xB7
TABLE = load_table(Path(__file__).parents[3] / "lab" / "components.yaml")


def binary(folder: Path, *, machine: int = AMD64, mode: int = 0o755, payload: bool = False) -> Path:
    """A file that looks like a program; nothing of it is run."""
    path = folder / "k0s"
    content = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 2, machine) + bytes(44)
    if payload:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr("bin/kubelet", b"x")
        content += archive.getvalue()
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Decides what the binary prints for ``version``."""

    def set_output(text: str) -> None:
        monkeypatch.setattr(k0s_module, "_printed", lambda *_: text)

    set_output("v1.36.3+k0s.2\n")
    return set_output


def refused(given: str | Path, version: str = "") -> str:
    with pytest.raises(BundleError) as caught:
        look_at(str(given), "amd64", version)
    return str(caught.value)


@pytest.mark.usefixtures("says")
def test_what_it_says_of_itself(tmp_path: Path) -> None:
    found = look_at(str(binary(tmp_path)), "amd64")
    assert (found.version, found.minor, found.payload) == ("1.36.3+k0s.2", "1.36", False)
    assert found.reference == "quay.io/k0sproject/k0s:v1.36.3-k0s.2"
    assert look_at(str(binary(tmp_path, payload=True)), "amd64").payload is True


@pytest.mark.usefixtures("says")
def test_each_refusal_names_variable_value_and_remedy(tmp_path: Path) -> None:
    absent, folder = tmp_path / "nothing", tmp_path / "folder"
    folder.mkdir()
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\necho v1.36.3+k0s.2\n")
    texts = {
        refused(absent): f"LAB_K0S={absent}: does not exist",
        refused(folder): f"LAB_K0S={folder}: is a folder",
        refused(script): "is no ELF program",
        refused(binary(tmp_path, machine=ARM64)): "is a program for arm64, the bundle is for amd64",
        refused(binary(tmp_path, mode=0o644)): "is not executable. What to do: chmod +x",
    }
    for text, said in texts.items():
        assert said in text
        assert text.startswith("LAB_K0S=")
        assert "What to do: " in text


def test_a_binary_without_a_version_needs_one_from_the_user(tmp_path: Path, says: Any) -> None:
    says("\n")
    path = binary(tmp_path)
    assert "`k0s version` prints no version" in refused(path)
    assert "LAB_K0S_VERSION, such as v1.36.3+k0s.2" in refused(path)
    assert look_at(str(path), "amd64", "v1.36.3+k0s.2").version == "1.36.3+k0s.2"
    assert look_at(str(path), "amd64", "1.36.3+k0s.2").version == "1.36.3+k0s.2"
    assert "LAB_K0S_VERSION=1.36: this is no k0s version" in refused(path, "1.36")


def test_the_binarys_own_word_wins_over_a_wrong_one(tmp_path: Path, says: Any) -> None:
    says("v1.36.3+k0s.2\n")
    assert "says that it is v1.36.3+k0s.2" in refused(binary(tmp_path), "v1.36.3+k0s.1")


def test_a_binary_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    assert "cannot be run: " in refused(binary(tmp_path))


def test_the_option_goes_before_the_environment(tmp_path: Path, says: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    says("v1.36.3+k0s.2")
    monkeypatch.delenv("LAB_K0S", raising=False)
    monkeypatch.delenv("LAB_K0S_VERSION", raising=False)
    assert find_k0s(None, "amd64") is None
    monkeypatch.setenv("LAB_K0S", "/nowhere/k0s")
    with pytest.raises(BundleError, match="/nowhere/k0s"):
        find_k0s(None, "amd64")
    found = find_k0s(str(binary(tmp_path)), "amd64")
    assert found is not None
    assert found.path == tmp_path / "k0s"


def test_architectures(tmp_path: Path) -> None:
    assert elf_architecture(binary(tmp_path)) == "amd64"
    assert elf_architecture(binary(tmp_path, machine=0x28)) == "arm"
    assert elf_architecture(binary(tmp_path, machine=0x1234)) == "ELF machine 4660"
    (tmp_path / "short").write_bytes(b"\x7fELF")
    assert elf_architecture(tmp_path / "short") is None


def made(version: str = "1.36.3+k0s.2", *, payload: bool = False, path: Path = Path("/k0s")) -> K0s:
    return K0s(path, version, hashlib.sha256(b"k0s").hexdigest(), payload)


def test_a_binary_without_payload_finds_its_programs_in_the_image() -> None:
    (image,) = with_k0s(TABLE, made()).component("k0s").images
    assert image.reference == "quay.io/k0sproject/k0s:v1.36.3-k0s.2"
    assert image.entrypoint == ("/usr/local/bin/k0s",)
    assert image.files["/usr/local/bin/kine"] == "kine/kine"
    assert len(image.files) == 6
    assert image.links["/usr/bin/chmod"] == "busybox"
    (whole,) = with_k0s(TABLE, made(payload=True)).component("k0s").images
    assert list(whole.files) == ["/usr/local/bin/k0s"]


def test_kubernetes_must_be_of_the_same_minor() -> None:
    with pytest.raises(BundleError, match=r"is k0s 1\.35\.7\+k0s\.0, but the bundle's Kubernetes is 1\.36\.3"):
        with_k0s(TABLE, made("1.35.7+k0s.0"))


def builder_of(table: Table, cache: Cache) -> Builder:
    return Builder(table, cache, Go("go", "1.26.0"), Path(__file__).parents[3] / "lab" / "programs")


def test_the_file_comes_from_the_cache_by_its_content_and_keeps_its_mode(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.write_bytes(b"k0s")
    table = with_k0s(TABLE, made(path=given))
    builder = builder_of(table, Cache(tmp_path / "cache"))
    component = table.component("k0s")
    entry = builder.build_components([component])["k0s"]
    (file,) = component_files(component, entry)
    assert (file.place, file.record.mode) == ("bin/k0s", "0755")
    assert manifest(table, [file])["components"] == {"k0s": "1.36.3+k0s.2"}
    moved = with_k0s(TABLE, made(path=tmp_path / "elsewhere")).component("k0s")
    assert builder.component_entry(moved).directory == entry.directory


def test_a_file_that_changes_meanwhile_is_not_taken(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.write_bytes(b"another")
    table = with_k0s(TABLE, made(path=given))
    with pytest.raises(BuildError, match="changed while it was copied"):
        builder_of(table, Cache(tmp_path / "cache")).build_components([table.component("k0s")])


def test_without_k0s_every_cache_key_is_as_it_was(tmp_path: Path) -> None:
    """Keys of released recipes: a change of them would build everything anew, for everybody."""
    (image,) = TABLE.component("pause").images
    assert "links" not in image.identity()
    assert "file" not in TABLE.component("pause").identity()
    source = FileSource(tmp_path, "k0s", "ab")
    assert source.name in str(with_k0s(TABLE, made()).component("k0s").identity())


def test_public_ci_takes_the_release_for_the_tables_kubernetes() -> None:
    workflow = yaml.safe_load((Path(__file__).parents[3] / ".github/workflows/k0s.yml").read_text(encoding="utf-8"))
    assert workflow["env"]["K0S_VERSION"].startswith(f"v{TABLE.component('kubernetes').version}+k0s.")
