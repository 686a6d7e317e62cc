# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from the host: package sources, limits, recipe keys, the podman command."""

from __future__ import annotations

import dataclasses
import resource
from pathlib import Path

import pytest

from lab.machines import access, host, podman, rootfs, s3
from lab.machines.command import LabError
from lab.machines.config import Lab, load

ROOT = Path(__file__).resolve().parents[3]
DECLARED = load(ROOT / "lab" / "machines.yaml")


def test_sources_of_both_forms_without_third_parties(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(
        "# comment\ndeb [arch=amd64 signed-by=/k] http://one/debian bookworm main contrib # tail\n"
        "deb-src http://one x y\n",
        encoding="utf-8",
    )
    (tmp_path / "sources.list.d" / "debian.sources").write_text(
        "Types: deb deb-src\n# http://commented/\nURIs: http://two/debian\nSuites: bookworm bookworm-updates\n"
        "Components: main\n\nTypes: deb\nURIs: http://off/debian\nSuites: bookworm\nEnabled: no\n\n"
        "Types: deb\nURIs: http://node\nSuites: nodistro\nComponents: main\n",
        encoding="utf-8",
    )
    (tmp_path / "sources.list.d" / "old.list.save").write_text("deb http://saved/ bookworm main\n", encoding="utf-8")
    found = host.apt_sources("bookworm", tmp_path)
    assert found == [
        "deb http://one/debian bookworm main contrib",
        "deb http://two/debian bookworm main",
        "deb http://two/debian bookworm-updates main",
    ]
    assert host.mirror(found, "bookworm") == ["http://one/debian"]


def test_another_distribution_gets_debootstraps_own_default(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://x/ubuntu noble main\n", encoding="utf-8")
    found = host.apt_sources("bookworm", tmp_path)
    assert host.mirror(found, "bookworm") == []
    assert host.mirror(["deb http://sec/ bookworm-security main"], "bookworm") == []


@pytest.mark.parametrize(("hard", "wanted"), [(1024, 1024), (10**6, 20000), (resource.RLIM_INFINITY, 20000)])
def test_limits_stay_below_the_hosts(monkeypatch: pytest.MonkeyPatch, hard: int, wanted: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (hard, hard))
    assert host.ulimit(resource.RLIMIT_NOFILE) == wanted


def test_the_recipe_decides_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    before = rootfs.image_name("amd64")
    assert before == rootfs.image_name("amd64") != rootfs.image_name("arm64")
    monkeypatch.setattr(rootfs, "PACKAGES", (*rootfs.PACKAGES, "vim"))
    assert rootfs.image_name("amd64") != before


@pytest.mark.parametrize(("v1", "runtime"), [(True, True), (False, False)])
def test_runc_is_asked_for_on_cgroup_v1_only(monkeypatch: pytest.MonkeyPatch, v1: bool, runtime: bool) -> None:
    monkeypatch.setattr(host, "cgroup_v1", lambda: v1)
    command = podman.create_command(DECLARED.machines[0], DECLARED, "image")
    assert ("runc" in command) is runtime
    assert command[-2:] == ["image", "/machine-init"]
    assert command[command.index("--ip") + 1] == "10.77.0.11"
    assert command[command.index("--mac-address") + 1] == "0a:4d:0a:4d:00:0b"


def test_a_changed_declaration_changes_the_hash() -> None:
    machine = DECLARED.machines[0]
    moved = dataclasses.replace(machine, address="10.77.0.99")
    regrouped = dataclasses.replace(machine, groups=("other",))
    hashes = [podman.spec_hash(podman.create_command(item, DECLARED, "i")) for item in (machine, moved, regrouped)]
    assert hashes[0] != hashes[1]
    assert hashes[0] == hashes[2]


def test_foreign_names_are_refused_together(monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = podman.Container("1", "db1", "running", {podman.LABEL: "another"}, 0)
    monkeypatch.setattr(podman, "containers", lambda: {"db1": foreign, "web": foreign})
    monkeypatch.setattr(podman, "volumes", lambda: {"w1-etcd": {}})
    monkeypatch.setattr(podman, "network", lambda name: {"name": name})
    with pytest.raises(LabError) as caught:
        podman.refuse_foreign(DECLARED, "mine")
    for part in ("container db1", "volume w1-etcd", "network mothership-lab"):
        assert part in str(caught.value)


def test_markers_belong_to_a_container(tmp_path: Path) -> None:
    markers = access.Markers(Lab(tmp_path))
    assert markers.read("ms1") == {}
    markers.write("ms1", "abc", "script")
    assert markers.read("ms1")["container"] == "abc"
    assert markers.provisioned("ms1", "script")
    assert not markers.provisioned("ms1", "another")
    markers.remove("ms1")
    assert markers.read("ms1") == {}


def test_a_named_bundle_must_have_the_s3_server(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    assert s3.find_binary(lab, DECLARED, None) is None
    with pytest.raises(LabError, match="versitygw"):
        s3.find_binary(lab, DECLARED, tmp_path / "bundle")
    (tmp_path / "bundle" / "bin").mkdir(parents=True)
    (tmp_path / "bundle" / "bin" / "versitygw").write_text("", encoding="utf-8")
    assert s3.find_binary(lab, DECLARED, tmp_path / "bundle")


def test_s3_credentials_are_random_private_and_stable(tmp_path: Path) -> None:
    lab, other = Lab(tmp_path / "a"), Lab(tmp_path / "b")
    first = s3.credentials(lab, DECLARED.machines[1])
    assert first == s3.credentials(lab, DECLARED.machines[1])
    assert first["secret_key"] != s3.credentials(other, DECLARED.machines[1])["secret_key"]
    assert lab.s3_file.stat().st_mode & 0o777 == 0o600
    assert first["url"] == "http://10.77.0.21:7070"
