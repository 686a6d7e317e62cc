# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The official program of a k0s release, verified, in the bundles of one or more architectures."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import re
import typing as t

from .._core.errors import HcpError, InvalidInput
from .._core.plan import Change, Plan
from .._core.progress import Progress
from . import manifest
from .files import ReleaseFiles
from .signature import PublicKey, normal_fingerprint

#: Architectures as bundles name them, and what users may call them.
ARCHITECTURES = {"amd64": "amd64", "arm64": "arm64", "arm": "arm", "armv7": "arm"}
_SUMS = "sha256sums.txt"
_KEY = "cosign.pub"
_VERSION = re.compile(r"\d+\.\d+\.\d+(-(alpha|beta|rc)\.\d+)?\+k0s\.\d+")
_RELEASES = "https://github.com/k0sproject/k0s/releases lists them"


@dataclasses.dataclass(frozen=True)
class Request:
    """What the user asked for; see the options of module ``k0s_release``."""

    version: str
    bundles: t.Mapping[str, str]
    base_url: str
    verify_signature: bool
    public_key: str | None
    public_key_sha256: str | None
    ca_path: str | None
    timeout: float


@dataclasses.dataclass
class _Target:
    """One bundle, and what is known of its program.

    :param sha256: that it has, or must have; nothing until the release's list of sums was read.
    """

    architecture: str
    current: manifest.BundleManifest
    present: str | None
    sha256: str = ""

    @property
    def path(self) -> str:
        return os.path.join(self.current.folder, manifest.PLACE)

    def listed(self) -> dict[str, t.Any]:
        """What the manifest says now, in the form of a plan."""
        entry = self.current.entry
        return _listing(self.current.version, str(entry.get("sha256", "")), entry.get(manifest.SIGNED_BY))


@dataclasses.dataclass
class _Trust:
    """The key that signatures must be of; ``key`` is read from the release when the user gave none."""

    wanted: bool
    pinned: str
    key: PublicKey | None

    @property
    def fingerprint(self) -> str:
        return self.key.fingerprint if self.key else self.pinned

    def accepts(self, signed_by: t.Any) -> bool:
        """Whether what an earlier run verified is what this one asks for."""
        return not self.wanted or (bool(signed_by) and signed_by == (self.fingerprint or signed_by))


def run(request: Request, *, check_mode: bool, warn: t.Callable[[str], None]) -> dict[str, t.Any]:
    """Bring all bundles into the desired state. Nothing is asked of the server when they are.

    :returns: ``changed``, ``diff``, ``plan``, ``restarts``, ``bundles`` and ``public_key_sha256``.
    """
    version, trust, progress = _normal_version(request.version), _trust(request), Progress()
    files = ReleaseFiles(request.base_url, f"v{version}", request.timeout, request.ca_path, progress)
    targets = _targets(request.bundles)
    todo = [target for target in targets if not _is_done(target, version, trust)]
    if todo:
        sums = _sums(files, version)
        for target in todo:
            target.sha256 = _sum_of(target, version, sums)
        if trust.wanted and trust.key is None:
            trust.key = _released_key(files, trust, warn)
    plan = Plan()
    for target in todo:
        plan.extend(_plan(target, version, trust))
    if not check_mode:
        for target in todo:
            with _disk_errors(target.current.folder):
                _apply(target, version, trust, files, progress)
    signers = {str(target.current.entry.get(manifest.SIGNED_BY) or "") for target in targets}
    known = trust.fingerprint or (signers.pop() if len(signers) == 1 else "")
    return plan.result(
        version=version,
        public_key_sha256=known if trust.wanted else "",
        bundles=[
            {"architecture": target.architecture, "path": target.path, "sha256": target.sha256} for target in targets
        ],
    )


@contextlib.contextmanager
def _disk_errors(folder: str) -> t.Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HcpError(
            f"the bundle cannot be written: {error.strerror}: {error.filename}",
            where=folder,
            remedy="run this as a user who may write there, or name another folder",
        ) from None


def asset(version: str, architecture: str) -> str:
    """Name of the program among the files of a release."""
    return f"k0s-v{version}-{architecture}"


def _normal_version(version: str) -> str:
    text = version.strip()
    text = text[1:] if text.startswith("v") else text
    if not _VERSION.fullmatch(text):
        raise InvalidInput(
            f"{version!r} is no version of a k0s release", where="version", remedy='write it as "1.36.3+k0s.2"'
        )
    return text


def _trust(request: Request) -> _Trust:
    if not request.verify_signature:
        return _Trust(False, "", None)
    pinned = normal_fingerprint(request.public_key_sha256) if request.public_key_sha256 else ""
    key = PublicKey.from_option(request.public_key) if request.public_key else None
    if key is not None and pinned:
        _check_pin(key, pinned, "public_key")
    return _Trust(True, pinned, key)


def _check_pin(key: PublicKey, pinned: str, where: str) -> None:
    if key.fingerprint != pinned:
        raise HcpError(
            f"the key has SHA-256 {key.fingerprint}, but public_key_sha256 is {pinned}",
            where=where,
            remedy="do not trust this key. When the project announced a new one, change public_key_sha256",
        )


def _targets(bundles: t.Mapping[str, str]) -> list[_Target]:
    folders: dict[str, str] = {}
    for name, folder in sorted(bundles.items()):
        if name not in ARCHITECTURES:
            names = ", ".join(ARCHITECTURES)
            raise InvalidInput(f"{name!r} is no architecture of k0s", where="bundles", remedy=f"use one of {names}")
        architecture, place = ARCHITECTURES[name], os.path.abspath(os.path.expanduser(str(folder or "")))
        if not folder or architecture in folders or place in folders.values():
            raise InvalidInput(
                f"{folder!r} cannot be the bundle of {name}: each architecture needs one folder of its own",
                where="bundles",
                remedy="give each architecture once, with another folder",
            )
        folders[architecture] = place
    if not folders:
        raise InvalidInput("no bundle is named", where="bundles", remedy="name a folder for each architecture")
    return [_target(architecture, folder) for architecture, folder in folders.items()]


def _target(architecture: str, folder: str) -> _Target:
    current = manifest.read(folder, architecture)
    target = _Target(architecture, current, None)
    if os.path.isfile(target.path):
        target.present = _sha256_of(target.path)
    return target


def _is_done(target: _Target, version: str, trust: _Trust) -> bool:
    """Whether manifest and program agree with the request; then the program's sum is known without the server."""
    entry = target.current.entry
    if target.current.version != version or not target.present or entry.get("sha256") != target.present:
        return False
    if entry.get("kind") != "binary" or not trust.accepts(entry.get(manifest.SIGNED_BY)):
        return False
    target.sha256 = target.present
    return True


def _sums(files: ReleaseFiles, version: str) -> dict[str, str]:
    text = files.text(_SUMS)
    if text is None:
        raise InvalidInput(
            f"there is no release v{version}: {files.url(_SUMS)} does not exist", where="version", remedy=_RELEASES
        )
    rows = [line.split(maxsplit=1) for line in text.splitlines()]
    return {row[1].lstrip("*"): row[0].lower() for row in rows if len(row) == 2 and len(row[0]) == 64}


def _sum_of(target: _Target, version: str, sums: t.Mapping[str, str]) -> str:
    name = asset(version, target.architecture)
    if name not in sums:
        raise InvalidInput(
            f"release v{version} has no program for it: {_SUMS} does not list {name}",
            where=f"bundles.{target.architecture}",
            remedy="leave this architecture out, or take another release",
        )
    return sums[name]


def _released_key(files: ReleaseFiles, trust: _Trust, warn: t.Callable[[str], None]) -> PublicKey:
    """The key that lies beside the program. It proves something only when its fingerprint is known from elsewhere."""
    text = files.text(_KEY)
    if text is None:
        raise InvalidInput(
            "the release has no public key", where=files.url(_KEY), remedy="give the key of k0s with public_key"
        )
    key = PublicKey(text, files.url(_KEY))
    if trust.pinned:
        _check_pin(key, trust.pinned, files.url(_KEY))
    else:
        warn(
            "The key that the signature is verified with came from the same place as the program, which proves little. "
            f"Compare it with a source of your own, then set public_key_sha256 to {key.fingerprint}."
        )
    return key


def _plan(target: _Target, version: str, trust: _Trust) -> Plan:
    plan = Plan()
    if target.present != target.sha256:
        before = _shown(target.current.version, target.present) if target.present else None
        after = _shown(version, target.sha256)
        plan.add(Change("update" if target.present else "create", target.path, before, after))
    listed = target.listed() if target.current.exists else None
    listing = _listing(version, target.sha256, trust.fingerprint)
    plan.add(Change("update" if target.current.exists else "create", target.current.path, listed, listing))
    return plan


def _listing(version: str, sha256: str, signed_by: t.Any) -> dict[str, t.Any]:
    return {"k0s": version or None, "sha256": sha256 or None, manifest.SIGNED_BY: signed_by or None}


def _shown(version: str, sha256: str) -> str:
    return f"k0s {version or 'of an unknown version'}, sha256:{sha256[:12]}"


def _apply(target: _Target, version: str, trust: _Trust, files: ReleaseFiles, progress: Progress) -> None:
    """The program gets its name only after its sum and its signature were found right."""
    name = asset(version, target.architecture)
    signature = _signature(files, name) if trust.wanted else ""
    os.makedirs(os.path.dirname(target.path), exist_ok=True)
    arriving = os.path.join(os.path.dirname(target.path), ".k0s.arriving")
    try:
        if target.present != target.sha256:
            _download(target, files, name, arriving)
        if trust.key is not None:
            trust.key.verify(target.sha256, signature, files.url(name))
        if target.present != target.sha256:
            os.chmod(arriving, int(manifest.MODE, 8))
            os.replace(arriving, target.path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(arriving)
    entry = {"size": os.path.getsize(target.path), "sha256": target.sha256}
    signed = {manifest.SIGNED_BY: trust.fingerprint} if trust.wanted else {}
    target.current.write(version, {**entry, **signed})
    progress.say(f"k0s {target.architecture}", "verified and in the bundle")


def _signature(files: ReleaseFiles, name: str) -> str:
    signature = files.text(f"{name}.sig")
    if signature is None:
        raise InvalidInput(
            "the release has no signature of the program",
            where=files.url(f"{name}.sig"),
            remedy="take another release, or set verify_signature to false and rely on the sum alone",
        )
    return signature


def _download(target: _Target, files: ReleaseFiles, name: str, arriving: str) -> None:
    actual = files.save(name, arriving, f"k0s {target.architecture}")
    if actual != target.sha256:
        raise HcpError(
            f"the file came with SHA-256 {actual}, but the release says {target.sha256}; it was removed",
            where=files.url(name),
            remedy="run again; if it happens again, something between here and the release changes the file",
        )


def _sha256_of(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1024 * 1024), b""):
            digest.update(block)
    return digest.hexdigest()
