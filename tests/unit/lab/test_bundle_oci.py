# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same contents must give the same image archive, whenever and by whomever it is written."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from pathlib import Path

from lab.bundle.layers import network_tools_layer, static_layer
from lab.bundle.oci import ImageConfig, Layer, manifest_digest, write_archive

REFERENCE = "registry.k8s.io/pause:3.10.2"


def _archive(folder: Path, name: str, *, reverse: bool = False) -> Path:
    work = folder / name
    work.mkdir()
    program = work / "program"
    program.write_bytes(b"\x7fELF")
    os.utime(program, (1, len(name)))
    layer = Layer()
    places: list[tuple[str, bytes | Path]] = [("/usr/bin/a", program), ("/opt/b", b"text")]
    for place, content in reversed(places) if reverse else places:
        layer.file(place, content, 0o755)
    path = folder / f"{name}.tar"
    config = ImageConfig(("/usr/bin/a",), "65532:65532", {"HOME": "/tmp"})
    write_archive(path, REFERENCE, "amd64", config, [static_layer(), layer], work)
    return path


def test_archives_of_the_same_contents_are_identical(tmp_path: Path) -> None:
    first = _archive(tmp_path, "first")
    second = _archive(tmp_path, "second", reverse=True)
    assert first.read_bytes() == second.read_bytes()


def _contents(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()


def test_archive_is_a_valid_image_layout(tmp_path: Path) -> None:
    path = _archive(tmp_path, "image")
    with tarfile.open(path) as tar:
        blobs = {one.name: _contents(tar, one.name) for one in tar if one.isfile() and one.name.startswith("blobs/")}
        index = json.loads(_contents(tar, "index.json"))
        assert json.loads(_contents(tar, "oci-layout")) == {"imageLayoutVersion": "1.0.0"}
    assert all(hashlib.sha256(content).hexdigest() == name.rsplit("/", 1)[1] for name, content in blobs.items())
    (listed,) = index["manifests"]
    assert listed["annotations"]["io.containerd.image.name"] == REFERENCE
    assert listed["digest"] == manifest_digest(path)
    manifest = json.loads(blobs["blobs/" + listed["digest"].replace(":", "/")])
    config = json.loads(blobs["blobs/" + manifest["config"]["digest"].replace(":", "/")])
    assert config["config"]["User"] == "65532:65532"
    assert config["rootfs"]["diff_ids"] == [layer["digest"] for layer in manifest["layers"]]
    for descriptor in [*manifest["layers"], manifest["config"]]:
        assert descriptor["size"] == len(blobs["blobs/" + descriptor["digest"].replace(":", "/")])


def test_layer_entries_have_no_time_and_come_after_their_folder(tmp_path: Path) -> None:
    layer = Layer()
    layer.symlink("/usr/sbin/iptables", "xtables-nft-multi")
    layer.file("/usr/sbin/xtables-nft-multi", b"x", 0o755)
    layer.write(tmp_path / "layer.tar")
    with tarfile.open(tmp_path / "layer.tar") as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == [
        "usr",
        "usr/sbin",
        "usr/sbin/iptables",
        "usr/sbin/xtables-nft-multi",
    ]
    assert {member.mtime for member in members} == {0}


def test_network_tools_have_the_links_of_debian_alternatives() -> None:
    entries = network_tools_layer([]).entries
    for name in ("iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore"):
        assert entries[f"usr/sbin/{name}"][0].linkname == "xtables-nft-multi"
    assert entries["sbin"][0].linkname == "usr/sbin"
