# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import struct
import zipfile
from typing import Any

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._host import bundle as host_bundle
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import k0s
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.bundle import Bundle
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.k0s import Binary, Usage, matches

AMD64, ARM64 = 0x3E, 0xB7
MEMBERS = {"mothership_control_plane": ["ms1"], "workers_a": ["w1"]}


def made(
    folder: pathlib.Path, *, version: str = "1.36.3+k0s.2", machine: int = AMD64, payload: bool = False, **more: Any
) -> Bundle:
    """A bundle with k0s, as far as these checks look at it."""
    (folder / "bin").mkdir(exist_ok=True)
    path = folder / "bin" / "k0s"
    path.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 2, machine) + bytes(44))
    if payload:
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("kubelet", b"x")
    common = {"component": "k0s", "size": 1, "sha256": "0", "mode": "0755"}
    image = f"quay.io/k0sproject/k0s:v{version.replace('+', '-')}"
    files = [
        {"path": "bin/k0s", "kind": "binary", **common},
        {"path": "images/k0s.tar", "kind": "image", "image": image, **common},
    ]
    manifest = {"format": "mothership.hcp/bundle", "format_version": 1, "architecture": "amd64"}
    components = {"kubernetes": "1.36.3", "k0s": version, **more}
    (folder / "manifest.json").write_text(json.dumps({**manifest, "components": components, "files": files}))
    return Bundle(host_bundle.load(str(folder)))


def cluster(version: str = "1.36.3", **more: Any) -> ClusterSpec:
    return ClusterSpec("a", version, "192.0.2.1", distribution="k0s", **more)


def texts(found: Bundle, *clusters: ClusterSpec, mothership: str = "kubeadm", version: str = "1.36.3") -> list[str]:
    usage = Usage.of(mothership, clusters, MEMBERS)
    problems: list[HcpError] = k0s.binary_problems(found, Binary.of(found), usage)
    problems += k0s.version_problems(found, mothership, version, clusters)
    return [str(problem) for problem in problems]


def test_who_uses_what() -> None:
    specs = [cluster(), ClusterSpec("b", "1.36.3", "192.0.2.1")]
    usage = Usage.of("kubeadm", specs, MEMBERS)
    assert usage == Usage("kubeadm", frozenset({"k0s"}), frozenset({"k0s", "kubeadm"}))
    assert usage.machines == {"k0s", "kubeadm"}
    assert Usage.of("k0s", specs, {"mothership_workers": ["m2"]}).machines == {"k0s"}
    assert Usage.of("k0s", specs, {"workers_b": ["w2"]}) == Usage("", frozenset({"kubeadm"}), frozenset())


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        ("1.36.3", "1.36.3+k0s.2", True),
        ("1.36.3+k0s.2", "1.36.3+k0s.2", True),
        ("1.36.3+k0s.1", "1.36.3+k0s.2", False),
        ("1.36.1", "1.36.3+k0s.2", False),
    ],
)
def test_which_version_means_which_release(wanted: str, found: str, same: bool) -> None:
    assert matches(wanted, found) is same


def test_a_site_whose_k0s_fits_has_no_problem(tmp_path: pathlib.Path) -> None:
    found = made(tmp_path)
    assert texts(found, cluster(), mothership="k0s") == []
    assert texts(found, cluster("1.36.3+k0s.2"), mothership="k0s", version="1.36.3+k0s.2") == []


def test_the_binary_must_be_for_the_bundles_architecture(tmp_path: pathlib.Path) -> None:
    (text,) = texts(made(tmp_path, machine=ARM64), cluster())
    assert "is for arm64, the bundle is for amd64" in text
    assert "take the k0s for amd64" in text


def test_a_file_that_is_no_program_is_told(tmp_path: pathlib.Path) -> None:
    found = made(tmp_path)
    (tmp_path / "bin" / "k0s").write_text("#!/bin/sh\n")
    (text,) = texts(found, cluster())
    assert "is no ELF program" in text


def test_nobody_asks_for_the_binary_when_no_machine_runs_k0s(tmp_path: pathlib.Path) -> None:
    found = made(tmp_path, machine=ARM64)
    assert k0s.binary_problems(found, Binary.of(found), Usage("kubeadm")) == []


def test_versions_that_are_not_in_the_bundle(tmp_path: pathlib.Path) -> None:
    found = made(tmp_path)
    (plane,) = texts(found, cluster("1.36.3+k0s.1"))
    assert plane.startswith("hosted_clusters[0].version: k0s 1.36.3+k0s.1 does not exist in the bundle")
    assert "set it to 1.36.3+k0s.2" in plane
    (own,) = texts(found, mothership="k0s", version="1.36.1")
    assert own.startswith("mothership_version: k0s 1.36.1 does not exist in the bundle, which holds 1.36.3+k0s.2")


def test_an_older_patch_is_named_when_only_that_is_there(tmp_path: pathlib.Path) -> None:
    (text,) = texts(made(tmp_path, version="1.36.3+k0s.1"), cluster())
    assert "the image quay.io/k0sproject/k0s:v1.36.3-k0s.2 is not in the bundle" in text
    assert "set version to 1.36.3+k0s.1" in text


def test_an_image_of_the_users_own_may_come_from_a_registry(tmp_path: pathlib.Path) -> None:
    spec = cluster(k0s_image="registry.example/k0s:v1")
    found = made(tmp_path)
    assert texts(found, spec) == []
    (note,) = k0s.image_notes(found, [spec])
    assert "must reach its registry" in note
    assert k0s.image_notes(found, [cluster()]) == []


def test_workers_must_be_of_the_minor_release_of_their_plane(tmp_path: pathlib.Path) -> None:
    found = made(tmp_path)
    (problem,) = k0s.worker_problems(found, [cluster("1.35.7")], MEMBERS)
    assert problem.where == "group workers_a"
    assert "would run k0s 1.36.3+k0s.2, but the control plane of a is 1.35.7" in str(problem)
    assert k0s.worker_problems(found, [cluster("1.36.1")], MEMBERS) == []
    assert k0s.worker_problems(found, [cluster("1.35.7")], {}) == []


def test_a_binary_without_payload_needs_a_kubernetes_of_its_minor(tmp_path: pathlib.Path) -> None:
    (text,) = texts(made(tmp_path, kubernetes="1.35.4"), cluster())
    assert "without payload, so it would start the bundle's Kubernetes 1.35.4" in text
    assert texts(made(tmp_path, kubernetes="1.35.4", payload=True), cluster()) == []
