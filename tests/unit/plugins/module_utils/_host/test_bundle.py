# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._host import bundle as bundles
from ansible_collections.mothership.hcp.plugins.module_utils._host.bundle_cache import VerifiedHashes


def make(folder: pathlib.Path, **changes: t.Any) -> str:
    """A small bundle; ``changes`` replace keys of the manifest."""
    contents = {
        "bin/kubelet": (b"kubelet", {"kind": "binary", "mode": "0755"}),
        "cni/bridge": (b"bridge", {"kind": "cni-plugin", "mode": "0755"}),
        "images/pause.tar": (b"pause", {"kind": "image", "image": "registry.k8s.io/pause:3.10.2", "image_digest": "d"}),
        "packages/x_1.0_amd64.deb": (b"deb", {"kind": "package", "package_set": "postgresql"}),
    }
    files = []
    for path, (content, more) in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        files.append({"path": path, "component": "c", "size": len(content), "sha256": digest, **more})
    manifest = {
        "format": "mothership.hcp/bundle",
        "format_version": 1,
        "architecture": "amd64",
        "components": {"kubernetes": "1.36.3"},
        "files": files,
        **changes,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return str(folder)


def test_a_bundle_is_read_and_files_are_selected(tmp_path: pathlib.Path) -> None:
    bundle = bundles.load(make(tmp_path))
    chosen = bundles.select(
        bundle,
        binaries=["kubelet"],
        cni_plugins=True,
        images=["registry.k8s.io/pause", "registry.k8s.io/pause:3.10.2"],
        package_sets=["postgresql"],
    )
    assert [file.name for file in chosen] == ["kubelet", "bridge", "pause.tar", "x_1.0_amd64.deb"]
    assert chosen[0].mode == 0o755
    assert bundles.select(bundle) == []


def test_all_that_a_bundle_lacks_is_named(tmp_path: pathlib.Path) -> None:
    bundle = bundles.load(make(tmp_path))
    with pytest.raises(HcpError) as caught:
        bundles.select(bundle, binaries=["kubeadm"], images=["registry.k8s.io/pause:9"], package_sets=["nothing"])
    for name in ("binary kubeadm", "image registry.k8s.io/pause:9", "package nothing"):
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "other"}, "not a manifest"),
        ({"format_version": 2}, "install a newer release"),
        ({"format_version": 0}, "rebuild the bundle"),
        ({"files": [{"path": "bin/x"}]}, "malformed"),
        ({"files": [{"path": "../x", "kind": "binary", "size": 1, "sha256": "0"}]}, "leaves the bundle"),
        ({"files": [{"path": "x", "kind": "song", "size": 1, "sha256": "0"}]}, "song"),
    ],
)
def test_a_manifest_that_cannot_be_used(tmp_path: pathlib.Path, changes: dict[str, t.Any], words: str) -> None:
    folder = make(tmp_path, **changes)
    with pytest.raises(InvalidInput, match=words):
        bundles.load(folder)


def test_no_bundle_at_all(tmp_path: pathlib.Path) -> None:
    with pytest.raises(InvalidInput, match="mothership_bundle"):
        bundles.load(str(tmp_path))
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(InvalidInput, match="not JSON"):
        bundles.load(str(tmp_path))


def test_a_damaged_file_is_named_with_both_sums(tmp_path: pathlib.Path) -> None:
    bundle = bundles.load(make(tmp_path / "bundle_root"))
    files = bundles.select(bundle, binaries=["kubelet"], cni_plugins=True)
    cache = VerifiedHashes(str(tmp_path / "cache.json"))
    bundles.verify(bundle, files, cache)
    (tmp_path / "bundle_root/bin/kubelet").write_bytes(b"KUBELET")
    (tmp_path / "bundle_root/cni/bridge").unlink()
    with pytest.raises(HcpError) as caught:
        bundles.verify(bundle, files, VerifiedHashes(str(tmp_path / "cache.json")))
    text = str(caught.value)
    assert "bin/kubelet" in text
    assert hashlib.sha256(b"KUBELET").hexdigest() in text
    assert files[0].sha256 in text
    assert "rebuild the bundle, or copy it again" in text
    assert "cni/bridge" in text


def test_an_unchanged_file_is_hashed_once(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = bundles.load(make(tmp_path / "bundle_root"))
    files = bundles.select(bundle, binaries=["kubelet"])
    cache = str(tmp_path / "cache" / "hashes.json")
    bundles.verify(bundle, files, VerifiedHashes(cache))
    hashed: list[str] = []

    def recording(path: str) -> str:
        hashed.append(path)
        return files[0].sha256

    monkeypatch.setattr(bundles, "sha256_of", recording)
    bundles.verify(bundle, files, VerifiedHashes(cache))
    assert hashed == []
    os.utime(tmp_path / "bundle_root/bin/kubelet", ns=(1, 1))
    bundles.verify(bundle, files, VerifiedHashes(cache))
    assert len(hashed) == 1


def test_a_cache_that_is_broken_or_cannot_be_written_is_no_error(tmp_path: pathlib.Path) -> None:
    bundle = bundles.load(make(tmp_path / "bundle_root"))
    files = bundles.select(bundle, binaries=["kubelet"])
    (tmp_path / "cache.json").write_text("no json")
    bundles.verify(bundle, files, VerifiedHashes(str(tmp_path / "cache.json")))
    bundles.verify(bundle, files, VerifiedHashes("/proc/none/cache.json"))
