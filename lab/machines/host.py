# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host offers: tools (installed when missing), cgroup version, limits, and where its packages come from."""

from __future__ import annotations

import os
import platform
import resource
import shutil
from pathlib import Path

from .command import LabError, run, say, stream

# Command -> Debian package. iptables: podman's network tool calls it, but its package only recommends it.
TOOLS = {
    "podman": "podman", "runc": "runc", "debootstrap": "debootstrap", "ssh": "openssh-client",
    "ssh-keygen": "openssh-client", "iptables": "iptables", "tar": "tar", "unshare": "util-linux",
    "setpriv": "util-linux",
}  # fmt: skip
WANTED_LIMIT = 20000


def ensure_root() -> None:
    """Machines with addresses that the host reaches need root's podman, not a user's."""
    if os.geteuid() != 0:
        raise LabError("the lab's machines need root (network, mounts); run it with sudo")


def ensure_tools(log: Path) -> None:
    """Install what is missing; on another system than Debian's family, say what to install."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if not missing:
        return
    packages = sorted({TOOLS[tool] for tool in missing} | ({"netavark"} if "podman" in missing else set()))
    if not shutil.which("apt-get"):
        raise LabError(f"not installed: {', '.join(missing)}; install them with your package manager and run again")
    say(f"installing {', '.join(packages)} (missing: {', '.join(missing)})")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    try:
        stream(install, log=log, timeout=600, what="apt-get install", env=env)
    except LabError:
        stream(["apt-get", "update"], log=log, timeout=300, what="apt-get update", env=env)
        stream(install, log=log, timeout=600, what="apt-get install", env=env)


def cgroup_v1() -> bool:
    """Whether the host has the old (or hybrid) cgroup tree."""
    return not Path("/sys/fs/cgroup/cgroup.controllers").exists()


def ulimit(kind: int) -> int:
    """Limit for a machine: without CAP_SYS_RESOURCE asking for more than the host's hard limit fails at start."""
    hard = resource.getrlimit(kind)[1]
    return WANTED_LIMIT if hard == resource.RLIM_INFINITY else min(WANTED_LIMIT, hard)


def debian_architecture() -> str:
    """The host's architecture in Debian's words."""
    machine = platform.machine()
    known = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "armhf"}
    if machine not in known:
        raise LabError(f"no lab machines for the architecture {machine}")
    return known[machine]


def apt_sources(suite: str, folder: Path = Path("/etc/apt")) -> list[str]:
    """Lines `deb URI SUITE COMPONENTS` of the host's own Debian archives for a suite.

    Third parties are left out; a host of another distribution has none.
    """
    lines: list[str] = []
    for path in [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]:
        if path.is_file() and path.suffix in (".list", ".sources"):
            text = path.read_text(encoding="utf-8", errors="replace")
            lines += _one_line_sources(text) if path.suffix == ".list" else _deb822_sources(text)
    return [line for line in lines if line.split()[2].split("-")[0].split("/")[0] == suite]


def mirror(sources: list[str], suite: str) -> list[str]:
    """The archive that the base system is built from: the first that has the suite itself.

    As arguments of debootstrap, which has a default of its own: none on a host that is not of this suite.
    """
    return [line.split()[1] for line in sources if line.split()[2] == suite][:1]


def apt_settings() -> str:
    """Proxy and validity settings of the host's apt: without them its mirror may refuse a machine."""
    if not shutil.which("apt-config"):
        return ""
    dump = run(["apt-config", "dump"], timeout=20).stdout.splitlines()
    wanted = ("Acquire::http::Proxy ", "Acquire::https::Proxy ", "Acquire::Check-Valid-Until ", "Acquire::Check-Date ")
    return "".join(f"{line}\n" for line in dump if line.startswith(wanted))


def _one_line_sources(text: str) -> list[str]:
    """Read sources.list's own form; options in brackets are dropped (the keyring is Debian's)."""
    found = []
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if len(words) > 1 and words[0] == "deb" and words[1].startswith("["):
            closed = next((place for place, word in enumerate(words) if word.endswith("]")), 0)
            words = ["deb", *words[closed + 1 :]]
        if len(words) >= 4 and words[0] == "deb":
            found.append(" ".join(words))
    return found


def _deb822_sources(text: str) -> list[str]:
    """Read the paragraphs of a .sources file."""
    found = []
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for paragraph in plain.split("\n\n"):
        fields: dict[str, list[str]] = {}
        for line in paragraph.splitlines():
            name, colon, value = line.partition(":")
            if colon and not line.startswith((" ", "\t")):
                fields[name.strip().lower()] = value.split()
        if "deb" not in fields.get("types", []) or fields.get("enabled") == ["no"]:
            continue
        components = " ".join(fields.get("components", ["main"]))
        for uri in fields.get("uris", []):
            found += [f"deb {uri} {suite} {components}" for suite in fields.get("suites", [])]
    return found
