# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a k0s binary that the user hands in: look at it, and make it a component with an image.

No module registry serves k0s, so it is not in the table. It is either an official release, which carries the programs
it starts as a zip behind itself, or a build without that payload, which looks for them on PATH.
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

from .cache import sha256_of
from .errors import BundleError
from .table import Component, FileSource, ImageRecipe, Table

VARIABLE = "LAB_K0S"
VERSION_VARIABLE = "LAB_K0S_VERSION"
IMAGE = "quay.io/k0sproject/k0s"
ELF_MACHINES = {0x03: "386", 0x28: "arm", 0x3E: "amd64", 0xB7: "arm64", 0xF3: "riscv64"}
HEADER_BYTES = 20
TIMEOUT_SECONDS = 30
COPY_SECONDS = 2
#: What a controller in a pod starts; one without payload needs them beside itself.
PARTS = {
    "kube-apiserver": "kubernetes",
    "kube-controller-manager": "kubernetes",
    "kube-scheduler": "kubernetes",
    "kine": "kine",
    "konnectivity-server": "konnectivity",
}
#: On top of the commands that the base layer links to its busybox.
COMMANDS = ("chmod", "chown", "env", "grep", "head", "id", "kill", "ln", "ps", "sed", "stat", "tail", "touch")

_VERSION = re.compile(r"v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?\+k0s\.\d+)")
_GET_ONE = (
    "download k0s-VERSION-ARCHITECTURE from https://github.com/k0sproject/k0s/releases"
    " and check it with the release's sha256sums.txt"
)


@dataclass(frozen=True)
class K0s:
    """A k0s binary that was looked at.

    :param version: without the leading v, such as ``1.36.3+k0s.2``.
    :param payload: whether the binary carries the programs that it starts.
    """

    path: Path
    version: str
    sha256: str
    payload: bool

    @property
    def minor(self) -> str:
        """``1.36``."""
        return _minor(self.version)

    @property
    def reference(self) -> str:
        """The image of this version; a tag may have no plus sign."""
        return f"{IMAGE}:v{self.version.replace('+', '-')}"


def find_k0s(option: str | None, architecture: str) -> K0s | None:
    """The binary of ``--k0s``, else of LAB_K0S; ``None`` when neither is given."""
    given = option or os.environ.get(VARIABLE)
    return look_at(given, architecture, os.environ.get(VERSION_VARIABLE, "")) if given else None


def look_at(given: str, architecture: str, stated_version: str = "") -> K0s:
    """Refuse what cannot be the k0s of this bundle, each reason with what to do."""
    path = Path(given).expanduser().absolute()
    if not path.is_file():
        raise _refused(given, "is a folder" if path.is_dir() else "does not exist", f"name a k0s binary, or {_GET_ONE}")
    found = elf_architecture(path)
    if found is None:
        raise _refused(given, "is no ELF program", f"name a k0s binary for Linux, or {_GET_ONE}")
    if found != architecture:
        raise _refused(
            given, f"is a program for {found}, the bundle is for {architecture}", f"for {architecture}, {_GET_ONE}"
        )
    if not os.access(path, os.X_OK):
        raise _refused(given, "is not executable", f"chmod +x {given}")
    return K0s(path, _version(given, path, stated_version), sha256_of(path), zipfile.is_zipfile(path))


def elf_architecture(path: Path) -> str | None:
    """Architecture that an ELF file is for; ``None`` when it is no ELF file."""
    with path.open("rb") as stream:
        header = stream.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES or not header.startswith(b"\x7fELF"):
        return None
    order = ">" if header[5] == 2 else "<"
    (machine,) = struct.unpack_from(f"{order}H", header, 18)
    return ELF_MACHINES.get(machine, f"ELF machine {machine}")


def with_k0s(table: Table, k0s: K0s) -> Table:
    """The table with k0s as one more component; k0s starts the table's Kubernetes, so their minors must agree."""
    kubernetes = table.component("kubernetes").version
    if _minor(kubernetes) != k0s.minor:
        raise _refused(
            str(k0s.path),
            f"is k0s {k0s.version}, but the bundle's Kubernetes is {kubernetes}",
            f"take a k0s {_minor(kubernetes)}, or change the version of kubernetes in lab/components.yaml",
        )
    component = Component(
        name="k0s",
        version=k0s.version,
        seconds=COPY_SECONDS,
        kind="binary",
        publish=True,
        go=None,
        program=None,
        debian=None,
        images=(_image(k0s),),
        file=FileSource(k0s.path, "k0s", k0s.sha256),
    )
    return table.with_component(component)


def _image(k0s: K0s) -> ImageRecipe:
    parts = {} if k0s.payload else {f"/usr/local/bin/{name}": f"{owner}/{name}" for name, owner in PARTS.items()}
    return ImageRecipe(
        reference=k0s.reference,
        files={"/usr/local/bin/k0s": "k0s/k0s", **parts},
        entrypoint=("/usr/local/bin/k0s",),
        base="network-tools",
        links={f"/usr/bin/{command}": "busybox" for command in COMMANDS},
    )


def _version(given: str, path: Path, stated: str) -> str:
    """What the binary says of itself; one without a version stamp prints nothing and the user has to say it."""
    wanted = _VERSION.fullmatch(stated.strip())
    if stated.strip() and wanted is None:
        raise BundleError(f"{VERSION_VARIABLE}={stated}: this is no k0s version. What to do: write it as v1.36.3+k0s.2")
    said = _printed(given, path)
    match = _VERSION.search(said)
    if match and wanted and match[1] != wanted[1]:
        raise BundleError(
            f"{VERSION_VARIABLE}={stated}: {given} says that it is v{match[1]}. What to do: unset {VERSION_VARIABLE}"
        )
    known = match or wanted
    if known is None:
        printed = f"prints {said.strip()!r}" if said.strip() else "prints no version"
        raise _refused(
            given, f"`k0s version` {printed}", f"say which it is with {VERSION_VARIABLE}, such as v1.36.3+k0s.2"
        )
    return known[1]


def _printed(given: str, path: Path) -> str:
    try:
        done = subprocess.run(
            [path, "version"], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise _refused(given, f"cannot be run: {error}", f"try `{given} version`, or {_GET_ONE}") from error
    return done.stdout


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _refused(given: str, reason: str, remedy: str) -> BundleError:
    return BundleError(f"{VARIABLE}={given}: {reason}. What to do: {remedy}")
