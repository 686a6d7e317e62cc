# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._host import bundle
from ansible_collections.mothership.hcp.plugins.module_utils._host.bundle_cache import VerifiedHashes
from ansible_collections.mothership.hcp.plugins.module_utils._release import k0s

from tests.unit.plugins.module_utils._release.server import VERSION, Release, served


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Release]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with served(Release()) as found:
        yield found


class Site:
    """Runs the room on folders of a test."""

    def __init__(self, folder: pathlib.Path, release: Release) -> None:
        self.folder, self.release = folder, release
        self.warnings: list[str] = []

    def run(self, *architectures: str, check_mode: bool = False, **changed: t.Any) -> dict[str, t.Any]:
        options: dict[str, t.Any] = {
            "version": VERSION,
            "bundles": {name: str(self.folder / name) for name in architectures or ("amd64",)},
            "base_url": self.release.url,
            "verify_signature": True,
            "public_key": None,
            "public_key_sha256": None,
            "ca_path": None,
            "timeout": 5,
            **changed,
        }
        self.release.asked.clear()
        self.warnings.clear()
        return k0s.run(k0s.Request(**options), check_mode=check_mode, warn=self.warnings.append)

    def manifest(self, architecture: str = "amd64") -> dict[str, t.Any]:
        found: dict[str, t.Any] = json.loads((self.folder / architecture / "manifest.json").read_text())
        return found

    def files(self, architecture: str = "amd64") -> list[str]:
        folder = self.folder / architecture
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def site(tmp_path: pathlib.Path, release: Release) -> Site:
    return Site(tmp_path, release)


def test_an_empty_folder_becomes_a_bundle_that_can_be_used(site: Site) -> None:
    result = site.run()
    assert [change["action"] for change in result["plan"]] == ["create", "create"]
    loaded = bundle.load(str(site.folder / "amd64"))
    files = bundle.select(loaded, binaries=["k0s"])
    bundle.verify(loaded, files, VerifiedHashes(str(site.folder / "cache.json")))
    assert (loaded.architecture, loaded.components["k0s"], files[0].mode) == ("amd64", VERSION, 0o755)
    assert (files[0].path, files[0].component) == ("bin/k0s", "k0s")
    assert site.files() == ["bin/k0s", "manifest.json"]
    assert result["public_key_sha256"] == site.release.fingerprint


def test_each_architecture_gets_its_own_program(site: Site) -> None:
    result = site.run("amd64", "arm64", "armv7")
    assert [one["sha256"] for one in result["bundles"]] == [site.release.sha256(n) for n in ("amd64", "arm64", "arm")]
    assert site.manifest("armv7")["architecture"] == "arm"
    assert (site.folder / "armv7/bin/k0s").read_bytes().startswith(b"k0s for arm")
    assert site.release.asked.count("sha256sums.txt") == 1


def test_a_second_run_asks_nobody(site: Site) -> None:
    first = site.run()
    second = site.run(base_url="http://127.0.0.1:1")
    assert not second["changed"]
    assert second["plan"] == []
    assert second["bundles"] == first["bundles"]
    assert second["public_key_sha256"] == first["public_key_sha256"]


def test_everything_else_in_a_bundle_stays(site: Site) -> None:
    site.run()
    path = site.folder / "amd64/manifest.json"
    other = {
        "path": "bin/kubelet",
        "kind": "binary",
        "component": "kubernetes",
        "size": 1,
        "sha256": "0",
        "mode": "0755",
    }
    before = site.manifest()
    before["files"].append(other)
    before["components"]["kubernetes"] = "1.36.3"
    path.write_text(json.dumps(before))
    site.release.add("amd64", b"newer", "1.36.4+k0s.0")
    result = site.run(version="v1.36.4+k0s.0")
    assert [change["action"] for change in result["plan"]] == ["update", "update"]
    assert site.manifest()["components"] == {"k0s": "1.36.4+k0s.0", "kubernetes": "1.36.3"}
    assert other in site.manifest()["files"]
    assert len(site.manifest()["files"]) == 2
    assert (site.folder / "amd64/bin/k0s").read_bytes() == b"newer"


def test_check_mode_downloads_nothing(site: Site) -> None:
    planned = site.run(check_mode=True)
    assert site.files() == []
    assert site.release.asked == ["sha256sums.txt", "cosign.pub"]
    done = site.run()
    assert (done["plan"], done["diff"]) == (planned["plan"], planned["diff"])


def test_a_program_that_is_there_is_not_downloaded_again(site: Site) -> None:
    # As a run leaves it that was killed before it wrote the manifest.
    site.run()
    (site.folder / "amd64/manifest.json").unlink()
    (site.folder / "amd64/bin/.k0s.arriving").write_text("half")
    result = site.run()
    assert [change["target"].rpartition("/")[2] for change in result["plan"]] == ["manifest.json"]
    assert site.release.asked == ["sha256sums.txt", "cosign.pub", f"k0s-v{VERSION}-amd64.sig"]
    assert site.files() == ["bin/k0s", "manifest.json"]


def test_a_damaged_program_is_replaced(site: Site) -> None:
    site.run()
    (site.folder / "amd64/bin/k0s").write_text("damaged")
    assert site.run()["changed"]
    assert (site.folder / "amd64/bin/k0s").read_bytes().startswith(b"k0s for amd64")


def test_a_key_from_the_release_is_said_to_prove_little(site: Site) -> None:
    site.run()
    assert site.release.fingerprint in site.warnings[0]
    site.run("arm64", public_key_sha256=f"SHA256:{site.release.fingerprint.upper()}")
    assert site.warnings == []


def test_the_key_may_be_given_as_text_or_file(site: Site) -> None:
    site.run(public_key=site.release.public_pem)
    assert "cosign.pub" not in site.release.asked
    path = site.folder / "own.pub"
    path.write_text(site.release.public_pem)
    assert not site.run(public_key=str(path))["changed"]


def test_a_bundle_that_was_never_verified_is_verified_when_that_is_asked(site: Site) -> None:
    assert site.run(verify_signature=False)["public_key_sha256"] == ""
    assert site.release.asked == ["sha256sums.txt", f"k0s-v{VERSION}-amd64"]
    result = site.run()
    assert result["changed"]
    assert f"k0s-v{VERSION}-amd64" not in site.release.asked
    assert not site.run(verify_signature=False)["changed"]


def failure(site: Site, *architectures: str, **changed: t.Any) -> str:
    """What the room says, after a look at what it left."""
    with pytest.raises(HcpError) as caught:
        site.run(*architectures, **changed)
    assert "To fix:" in str(caught.value)
    assert site.files() == []
    return str(caught.value)


def test_a_version_that_does_not_exist(site: Site) -> None:
    assert "there is no release v1.99.0+k0s.0" in failure(site, version="1.99.0+k0s.0")


@pytest.mark.parametrize("version", ["1.36.3", "1.36.3-k0s.2", "latest", "../1.36.3+k0s.2"])
def test_a_malformed_version(site: Site, version: str) -> None:
    assert "1.36.3+k0s.2" in failure(site, version=version)


def test_an_architecture_that_the_release_lacks(site: Site) -> None:
    site.release.change("sha256sums.txt", b"")
    assert "bundles.arm64: release" in failure(site, "arm64")


def test_another_checksum(site: Site) -> None:
    site.release.change(f"k0s-v{VERSION}-amd64", b"changed on the way")
    assert "it was removed" in failure(site)


def test_a_download_that_ends_early(site: Site) -> None:
    site.release.cut_short.add(f"k0s-v{VERSION}-amd64")
    assert "To fix: run again" in failure(site)


@pytest.mark.parametrize("signature", [b"", b"not base64!", b"TUVZQ0lRRA=="])
def test_another_signature(site: Site, signature: bytes) -> None:
    site.release.change(f"k0s-v{VERSION}-amd64.sig", signature)
    assert "the signature was not made with the key" in failure(site)


def test_a_signature_of_another_key(site: Site) -> None:
    assert "the signature was not made with the key" in failure(site, public_key=Release().public_pem)


def test_a_release_without_signature(site: Site) -> None:
    del site.release.files[f"v{VERSION}/k0s-v{VERSION}-amd64.sig"]
    assert "no signature" in failure(site)


def test_another_key_than_the_pinned_one(site: Site) -> None:
    assert "do not trust this key" in failure(site, public_key_sha256="0" * 64)
    assert "do not trust this key" in failure(site, public_key=site.release.public_pem, public_key_sha256="0" * 64)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"public_key_sha256": "abc"}, "no SHA-256"),
        ({"public_key": "-----BEGIN nothing"}, "no public key in PEM"),
        ({"public_key": "/nowhere/key"}, "cannot be read"),
        ({"base_url": "ftp://example.com"}, "no URL"),
        ({"base_url": "https://me:word@example.com"}, "would show up"),
        ({"bundles": {"s390x": "/b"}}, "no architecture of k0s"),
        ({"bundles": {"amd64": "/b", "arm64": "/b/"}}, "one folder of its own"),
        ({"bundles": {"arm": "/b", "armv7": "/c"}}, "one folder of its own"),
        ({"bundles": {}}, "no bundle is named"),
    ],
)
def test_options_that_cannot_be_used(site: Site, options: dict[str, t.Any], said: str) -> None:
    text = failure(site, **options)
    assert said in text
    assert "word@" not in text


def test_no_network(site: Site) -> None:
    assert "copy the bundle" in failure(site, base_url="http://127.0.0.1:1")


def test_a_server_that_fails(site: Site) -> None:
    site.release.statuses["sha256sums.txt"] = 503
    assert "the server answers 503" in failure(site)


def test_a_copied_folder_needs_no_server(site: Site) -> None:
    for path, content in site.release.files.items():
        place = site.folder / "copy" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    assert site.run(base_url=(site.folder / "copy").as_uri())["changed"]
    assert site.release.asked == []
    with pytest.raises(HcpError, match="there is no release"):
        site.run(base_url=(site.folder / "nothing").as_uri(), version="1.36.4+k0s.0")


def test_a_bundle_of_another_architecture_is_refused(site: Site) -> None:
    site.run()
    with pytest.raises(HcpError, match="the bundle is for amd64"):
        site.run(bundles={"arm64": str(site.folder / "amd64")})


def test_a_folder_with_another_manifest_is_refused(site: Site) -> None:
    (site.folder / "amd64").mkdir()
    (site.folder / "amd64/manifest.json").write_text('{"format": "another"}')
    with pytest.raises(HcpError, match="no manifest of format"):
        site.run()


def test_a_folder_that_cannot_be_written(site: Site) -> None:
    (site.folder / "amd64/bin/.k0s.arriving").mkdir(parents=True)
    with pytest.raises(HcpError, match="cannot be written: Is a directory"):
        site.run()


def test_a_place_that_is_taken(site: Site) -> None:
    (site.folder / "amd64").mkdir()
    (site.folder / "amd64/bin").write_text("a file")
    with pytest.raises(HcpError, match="the bundle cannot be written"):
        site.run()
