# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines' root file system: built by debootstrap once, cached by the hash of its recipe, imported into podman."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

from . import files, host
from .command import LabError, run, say, stream
from .config import Lab

SUITE = "bookworm"
RECIPE_VERSION = 2
PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "python3", "iproute2", "iptables", "nftables", "ipset",
    "conntrack", "ethtool", "socat", "kmod", "procps", "curl", "ca-certificates", "runc", "openssl",
)  # fmt: skip
USER = "admin"
IMAGE = "localhost/mothership-lab"
# Units that have no business in a container: consoles and devices are the host's, and package timers would change
# machines under a test.
MASKED = (
    "getty.target", "console-getty.service", "systemd-udevd.service", "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket", "systemd-modules-load.service", "apt-daily.timer", "apt-daily-upgrade.timer",
    "e2scrub_all.timer", "fstrim.timer", "dpkg-db-backup.timer",
)  # fmt: skip
HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"
# path -> (mode, content). One host key, made at first boot: no two machines share one, and RSA would cost a second.
FILES: dict[str, tuple[int, str]] = {
    "etc/machine-id": (0o444, ""),
    "etc/hostname": (0o644, "machine\n"),
    "etc/default/locale": (0o644, "LANG=C.UTF-8\n"),
    f"etc/sudoers.d/{USER}": (0o440, f"{USER} ALL=(ALL:ALL) NOPASSWD: ALL\n"),
    "etc/ssh/sshd_config.d/lab.conf": (
        0o644,
        f"HostKey {HOST_KEY}\nAllowUsers {USER}\nPasswordAuthentication no\nPermitRootLogin no\nUseDNS no\n"
        "MaxStartups 100:30:200\nMaxSessions 100\n",
    ),
    "etc/systemd/system/lab-host-key.service": (
        0o644,
        "[Unit]\nDescription=SSH host key of this machine\nBefore=ssh.service\n"
        f"ConditionPathExists=!{HOST_KEY}\n\n[Service]\nType=oneshot\n"
        f'ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -f {HOST_KEY}\n\n[Install]\nRequiredBy=ssh.service\n',
    ),
}


def init_script() -> str:
    """The machines' first process; part of the image, so that a machine restarts without the checkout."""
    return (Path(__file__).parent / "machine-init.sh").read_text(encoding="utf-8")


def recipe_key(architecture: str) -> str:
    """Hash of everything that decides the content of the root file system."""
    recipe = [SUITE, architecture, RECIPE_VERSION, PACKAGES, MASKED, sorted(FILES.items()), init_script()]
    return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:12]


def image_name(architecture: str) -> str:
    """Image reference; its tag carries the key, so an image that exists is the right one."""
    return f"{IMAGE}:{SUITE}-{recipe_key(architecture)}"


def ensure_image(lab: Lab) -> str:
    """Return the image of the machines, after building and importing what is missing."""
    architecture = host.debian_architecture()
    name = image_name(architecture)
    if run(["podman", "image", "exists", name], timeout=60, check=False).returncode == 0:
        return name
    archive = ensure_archive(lab, architecture)
    say(f"importing {archive.name} into podman (about 10 s)")
    stream(
        ["podman", "import", "--quiet", str(archive), name],
        log=lab.state / "logs" / "import.log", timeout=300, what="podman import",
    )  # fmt: skip
    return name


def ensure_archive(lab: Lab, architecture: str) -> Path:
    """Return the cached root file system; one process builds, others wait for it."""
    folder = lab.cache / "rootfs"
    archive = folder / f"{SUITE}-{architecture}-{recipe_key(architecture)}.tar"
    if not archive.exists():
        with files.lock(folder / "lock", timeout=900, holder="another build of the root file system"):
            if not archive.exists():
                _build(lab, architecture, archive)
    return archive


def _build(lab: Lab, architecture: str, archive: Path) -> None:
    """Build in a folder of its own and rename: a killed build leaves nothing that looks finished."""
    begin = time.monotonic()
    work = archive.parent / "building"
    files.remove(work)
    tree = work / "root"
    tree.mkdir(parents=True, mode=0o755)
    debs = lab.cache / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    source = host.mirror(host.apt_sources(SUITE), SUITE)
    say(f"building the root file system: Debian {SUITE} {architecture} by debootstrap (about 1 minute, once)")
    # Namespaces: debootstrap mounts /proc into the tree; killed, its mounts and children must go with it.
    # SIGKILL, because unshare ignores SIGTERM while it waits for its child.
    namespaces = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child"]
    debootstrap = [
        "debootstrap", f"--arch={architecture}", "--variant=minbase", f"--cache-dir={debs}",
        f"--include={','.join(PACKAGES)}", SUITE, str(tree), *source,
    ]  # fmt: skip
    stream([*namespaces, *debootstrap], log=lab.state / "logs" / "debootstrap.log", timeout=900, what="debootstrap")
    say("debootstrap is done; packing")
    _customise(tree)
    partial = work / "rootfs.tar"
    stream(
        ["tar", "--create", "--numeric-owner", "--xattrs", "--file", str(partial), "--directory", str(tree), "."],
        log=lab.state / "logs" / "tar.log", timeout=300, what="packing the root file system",
    )  # fmt: skip
    partial.replace(archive)
    files.remove(work)
    size = archive.stat().st_size // 2**20
    say(f"root file system built in {time.monotonic() - begin:.0f} s, {size} MiB")


def _customise(tree: Path) -> None:
    """Turn a plain Debian into a lab machine: admin user, first-boot host key, no consoles, no package timers."""
    run(["chroot", str(tree), "useradd", "--create-home", "--shell", "/bin/bash", USER], timeout=60)
    # Whatever identifies a machine is made at its first boot; systemd prefers D-Bus's id to the container's.
    for path in [*tree.glob("etc/ssh/ssh_host_*"), *tree.glob("var/lib/dbus/machine-id")]:
        path.unlink()
    for name, (mode, content) in [*FILES.items(), ("machine-init", (0o755, init_script()))]:
        files.write(tree / name, content, mode)
    units = tree / "etc/systemd/system"
    for unit in MASKED:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    wanted = units / "ssh.service.requires"
    wanted.mkdir(exist_ok=True)
    (wanted / "lab-host-key.service").symlink_to("/etc/systemd/system/lab-host-key.service")
    for folder in ("var/cache/apt/archives", "var/lib/apt/lists", "usr/share/man", "usr/share/locale"):
        files.remove(tree / folder)
    for folder in ("var/cache/apt/archives/partial", "var/lib/apt/lists/partial"):
        (tree / folder).mkdir(parents=True)
    if not os.access(tree / "usr/sbin/sshd", os.X_OK):
        raise LabError(f"the root file system in {tree} has no sshd; see .lab/logs/debootstrap.log")
