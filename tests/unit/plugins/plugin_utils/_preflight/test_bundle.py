# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json
import pathlib
from typing import Any

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
from ansible_collections.mothership.hcp.plugins.module_utils._host.bundle_cache import VerifiedHashes
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import bundle
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.bundle import Wanted
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.k0s import Usage

COLLECTION = pathlib.Path(__file__).parents[5]
KUBEADM = Usage("kubeadm", frozenset({"kubeadm"}), frozenset({"kubeadm"}))
IMAGES = [f"registry.k8s.io/{name}:v1.36.3" for name in ("kube-apiserver", "kube-proxy")]


def made(folder: pathlib.Path) -> str:
    files: list[dict[str, Any]] = [
        {"path": "bin/kubelet", "kind": "binary"},
        {"path": "cni/bridge", "kind": "cni-plugin"},
    ]
    files += [{"path": f"images/{number}.tar", "kind": "image", "image": image} for number, image in enumerate(IMAGES)]
    files.append({"path": "packages/a.deb", "kind": "package", "package_set": "postgresql"})
    for entry in files:
        path = folder / str(entry["path"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 10)
        entry.update(size=10, sha256=hashlib.sha256(b"x" * 10).hexdigest(), component="c", mode="0644")
    manifest: dict[str, Any] = {"format": "mothership.hcp/bundle", "format_version": 1, "architecture": "amd64"}
    manifest.update(components={"kubernetes": "1.36.3"}, files=files)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return str(folder)


def examine(folder: pathlib.Path) -> tuple[bundle.Bundle | None, list[str]]:
    found, problems = bundle.examine(str(folder), VerifiedHashes(str(folder / "hashes.json")))
    return found, [str(problem) for problem in problems]


def test_a_whole_bundle(tmp_path: pathlib.Path) -> None:
    made(tmp_path)
    found, problems = examine(tmp_path)
    assert problems == []
    assert found is not None
    assert (found.architecture, found.kubernetes_version) == ("amd64", "1.36.3")
    assert found.bytes_for(node=True, postgresql=False) == 40
    assert found.bytes_for(node=False, postgresql=True) == 10


def test_no_bundle_at_all(tmp_path: pathlib.Path) -> None:
    found, (problem,) = examine(tmp_path)
    assert found is None
    assert problem.startswith("mothership_bundle: ")


def test_missing_and_changed_files_are_all_told(tmp_path: pathlib.Path) -> None:
    made(tmp_path)
    (tmp_path / "bin" / "kubelet").unlink()
    (tmp_path / "cni" / "bridge").write_bytes(b"y" * 10)
    _found, problems = examine(tmp_path)
    assert len(problems) == 2
    assert "bin/kubelet" in problems[0]
    assert "cni/bridge" in problems[1]


def test_versions_must_be_in_the_bundle(tmp_path: pathlib.Path) -> None:
    made(tmp_path)
    found, _problems = examine(tmp_path)
    assert found is not None
    assert bundle.version_problems(found, "1.36.3", [ClusterSpec("a", "1.36.3", "192.0.2.1")]) == []
    (own,) = bundle.version_problems(found, "1.36.4", [])
    assert "the bundle holds Kubernetes 1.36.3, not 1.36.4" in str(own)
    (other,) = bundle.version_problems(found, "1.36.3", [ClusterSpec("a", "1.35.4", "192.0.2.1")])
    assert "kube-apiserver:v1.35.4" in str(other)


def test_what_the_machines_need_must_be_there(tmp_path: pathlib.Path) -> None:
    made(tmp_path)
    found, _problems = examine(tmp_path)
    assert found is not None
    wanted = Wanted(("kubelet", "kubeadm"), ("registry.k8s.io/kube-proxy", "registry.k8s.io/etcd"))
    binary, image = bundle.content_problems(found, wanted)
    assert "no binary kubeadm" in str(binary)
    assert "no image registry.k8s.io/etcd" in str(image)


def test_the_role_tells_what_is_needed() -> None:
    wanted = Wanted.read(COLLECTION, velero=True, usage=KUBEADM)
    assert "kubelet" in wanted.binaries
    assert any("velero" in image for image in wanted.images)
    assert not any("velero" in image for image in Wanted.read(COLLECTION, velero=False, usage=KUBEADM).images)
    assert Wanted.read(COLLECTION / "nowhere", velero=True, usage=Usage()) == Wanted((), ())


def names(usage: Usage, *, payload: bool = False) -> tuple[set[str], bool]:
    """Programs that are demanded, and whether the image of k0s is."""
    wanted = Wanted.read(COLLECTION, velero=False, usage=usage, k0s_has_payload=payload)
    return set(wanted.binaries), "quay.io/k0sproject/k0s" in wanted.images


def test_each_distribution_demands_its_own_programs() -> None:
    both = frozenset({"kubeadm", "k0s"})
    assert "k0s" not in names(KUBEADM)[0]
    k0s_only, image = names(Usage("k0s", frozenset({"k0s"}), frozenset({"k0s"})))
    assert "kubeadm" not in k0s_only
    assert {"k0s", "kubelet", "containerd", "kube-apiserver"} <= k0s_only
    assert image
    assert names(Usage("k0s", frozenset({"k0s"}), frozenset({"k0s"})), payload=True)[0] == {"k0s"}
    workers, _image = names(Usage("kubeadm", both, both))
    assert {"k0s", "kubeadm"} <= workers
    assert "kube-apiserver" not in workers
    assert names(Usage("kubeadm", frozenset(), frozenset({"k0s"}))) == (names(KUBEADM)[0], True)
    assert names(Usage("", frozenset({"k0s"}), frozenset({"k0s"})), payload=True)[0] == {"k0s"}


def test_machines_without_control_planes_need_no_images_of_one() -> None:
    workers = Wanted.read(COLLECTION, velero=True, usage=Usage("", frozenset({"k0s"}))).images
    assert not [image for image in workers if "etcd" in image or "velero" in image]
    assert any("proxy-agent" in image for image in workers)
