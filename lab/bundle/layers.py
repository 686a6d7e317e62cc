# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image layers made from Debian packages, read straight from the archives (no root, no registry)."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from .errors import BuildError
from .oci import Layer

TIMEOUT_SECONDS = 120
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
UNWANTED = (
    "usr/share/bash-completion/",
    "usr/share/bug/",
    "usr/share/doc/",
    "usr/share/doc-base/",
    "usr/share/initramfs-tools/",
    "usr/share/lintian/",
    "usr/share/locale/",
    "usr/share/man/",
    "usr/lib/x86_64-linux-gnu/gconv/",
    "etc/init.d/",
    "var/cache/",
)
IPTABLES_COMMANDS = ("", "-save", "-restore")
SHELL_COMMANDS = ("sh", "cat", "cp", "ls", "mkdir", "mv", "rm", "sleep", "test")
TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - places in an image, not on this machine
CERTIFICATES = "usr/share/ca-certificates/mozilla/"


def static_layer() -> Layer:
    """The least a static binary may expect: users, name service order, writable temporary folders."""
    layer = Layer()
    for place in ("/bin", "/etc", "/home", "/usr/local/bin", "/var/lib", "/var/log"):
        layer.directory(place)
    for place in TEMPORARY:
        layer.directory(place, 0o1777)
    layer.directory("/home/nonroot", 0o700, owner=65532)
    users = "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"
    layer.file("/etc/passwd", users.encode())
    layer.file("/etc/group", b"root:x:0:\nnonroot:x:65532:\n")
    layer.file("/etc/nsswitch.conf", b"hosts: files dns\n")
    return layer


def certificates_layer(packages: list[Path]) -> Layer:
    """A static layer with the certificate authorities of Debian's ca-certificates in one file."""
    merged = package_layer(packages)
    found = [content for name, (_, content) in sorted(merged.entries.items()) if name.startswith(CERTIFICATES)]
    bundle = b"".join(content for content in found if isinstance(content, bytes))
    layer = static_layer()
    layer.file("/etc/ssl/certs/ca-certificates.crt", bundle)
    return layer


def network_tools_layer(packages: list[Path]) -> Layer:
    """iptables and what belongs to it, with the links that Debian's alternatives would make (nft)."""
    layer = static_layer()
    del layer.entries["bin"]
    layer.entries.update(package_layer(packages).entries)
    for name in MERGED[:4]:
        layer.directory(f"/usr/{name}")
        layer.symlink(f"/{name}", f"usr/{name}")
    layer.directory("/usr/lib64")
    layer.symlink("/lib64", "usr/lib64")
    for family in ("iptables", "ip6tables"):
        for command in IPTABLES_COMMANDS:
            layer.symlink(f"/usr/sbin/{family}{command}", "xtables-nft-multi")
    for command in SHELL_COMMANDS:
        layer.symlink(f"/usr/bin/{command}", "busybox")
    layer.directory("/run")
    return layer


def package_layer(packages: list[Path]) -> Layer:
    """The files of some packages, in the merged-/usr places, without documentation."""
    layer = Layer()
    for package in packages:
        with tarfile.open(fileobj=io.BytesIO(_package_tar(package))) as archive:
            for member in archive:
                _add(layer, archive, member)
    return layer


def _add(layer: Layer, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    name = _merged_place(member.name)
    if not name or name.startswith(UNWANTED) or f"{name}/" in UNWANTED:
        return
    if member.isdir():
        layer.directory(name, member.mode & 0o7777)
    elif member.issym():
        layer.symlink(name, member.linkname)
    elif member.islnk():
        layer.symlink(name, f"/{_merged_place(member.linkname)}")
    elif member.isreg():
        stream = archive.extractfile(member)
        assert stream is not None
        layer.file(name, stream.read(), member.mode & 0o7777)


def _merged_place(name: str) -> str:
    place = name.removeprefix(".").strip("/")
    return f"usr/{place}" if place.split("/", 1)[0] in MERGED else place


def _package_tar(package: Path) -> bytes:
    command = ["dpkg-deb", "--fsys-tarfile", str(package)]
    try:
        return subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise BuildError(f"cannot read the Debian package {package}: {error}") from error
