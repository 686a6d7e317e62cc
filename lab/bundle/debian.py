# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let apt resolve and fetch Debian packages without touching the host's own package state.

An apt folder of our own holds the sources, the lists and a status file that says what the target machine
has; so the answer never depends on what the building machine has installed, and no privilege is needed.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from .command import Runner
from .errors import BuildError
from .table import DebianSource

TIMEOUT_SECONDS = 600
ADVICE = "check that `apt-get update` works on this machine (Debian 12), then run the same command again."
INDEX_FORMAT = "$(REPO_URI) $(CODENAME) $(COMPONENT)"


@dataclass(frozen=True, order=True)
class Package:
    """One package in one version."""

    name: str
    version: str


class AptFolder:
    """An isolated apt configuration that follows the host's Debian sources."""

    def __init__(self, directory: Path, release: str, runner: Runner) -> None:
        self.directory = directory
        self.release = release
        self.runner = runner
        for name in ("lists/partial", "archives/partial", "parts"):
            (directory / name).mkdir(parents=True)
        (directory / "status").touch()
        self._write_sources()
        self._apt("everything", "apt-get", "-q", "update")

    def resolve(self, packages: list[str], sources: str = "everything") -> set[Package]:
        """The packages that a machine with the assumed status would get for these names."""
        output = self._apt(sources, "apt-get", "-qq", "--yes", "--print-uris", "install", *packages)
        return parse_uris(output)

    def assume_installed(self, names: list[str]) -> None:
        """Take a machine as debootstrap leaves it: its minimal variant and these packages, no updates."""
        required = required_packages(self._apt("release", "apt-cache", "dumpavail"))
        # Alternatives matter here: debootstrap takes usr-is-merged, where apt alone would take usrmerge (and perl).
        base = sorted(self.resolve([*required, "apt", "usr-is-merged", *names], sources="release"))
        wanted = [f"{package.name}={package.version}" for package in base]
        records = self._apt("release", "apt-cache", "show", *wanted)
        (self.directory / "status").write_text(installed_status(records), encoding="utf-8")

    def download(self, packages: set[Package], target: Path) -> None:
        """Fetch the archives (apt checks their signatures and hashes)."""
        names = [f"{package.name}={package.version}" for package in sorted(packages)]
        fetched = self.directory / "fetched"
        fetched.mkdir()
        self._apt("everything", "apt-get", "-q", "download", *names, cwd=fetched)
        for path in sorted(fetched.glob("*.deb")):
            path.chmod(0o644)
            shutil.move(path, target / path.name)

    def _write_sources(self) -> None:
        """``everything`` follows updates and security too; ``release`` is what debootstrap installs from."""
        listing = self.runner.run(
            ["apt-get", "indextargets", "--format", INDEX_FORMAT, "Created-By: Packages", "Origin: Debian"],
            cwd=self.directory,
            timeout=TIMEOUT_SECONDS,
            advice=ADVICE,
        )
        lines = sources_lines(listing, self.release)
        if not lines["release"]:
            raise BuildError(
                f"{self.runner.component}: this machine's apt knows no Debian {self.release} main archive. "
                "What to do: build bundles on Debian 12, and run `apt-get update` there once."
            )
        for name, text in lines.items():
            (self.directory / f"{name}.list").write_text("".join(f"{line}\n" for line in text), encoding="utf-8")

    def _apt(self, sources: str, *command: str, cwd: Path | None = None) -> str:
        directory = self.directory
        options = {
            "Dir::Etc::sourcelist": directory / f"{sources}.list",
            "Dir::Etc::sourceparts": directory / "parts",
            "Dir::State::lists": directory / "lists",
            "Dir::State::status": directory / "status",
            "Dir::Cache": directory,
            "Dir::Cache::archives": directory / "archives",
            "APT::Install-Recommends": "false",
            "APT::Get::List-Cleanup": "false",
            "APT::Sandbox::User": "",
            "Debug::NoLocking": "true",
        }
        flags = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return self.runner.run(
            [command[0], *flags, *command[1:]], cwd=cwd or directory, timeout=TIMEOUT_SECONDS, advice=ADVICE
        )


def build_packages(source: DebianSource, work: Path, files: Path, runner: Runner) -> None:
    """Fetch a package set: its packages and what they need on top of what the machine already has."""
    apt = AptFolder(work / "apt", source.release, runner)
    if source.on_top_of:
        apt.assume_installed(list(source.on_top_of))
    wanted = apt.resolve(list(source.packages))
    if not source.dependencies:
        wanted = {package for package in wanted if package.name in source.packages}
    apt.download(wanted, files)


def sources_lines(listing: str, release: str) -> dict[str, list[str]]:
    """One-line sources for the release itself and for it with its updates."""
    rows = [line.split() for line in listing.splitlines()]
    rows = [row for row in rows if len(row) == 3 and row[2] == "main"]
    suites = {release, f"{release}-updates", f"{release}-security"}
    lines = {suite: sorted({f"deb {uri} {code} main" for uri, code, _ in rows if code == suite}) for suite in suites}
    return {"release": lines[release], "everything": [line for suite in sorted(suites) for line in lines[suite]]}


def parse_uris(output: str) -> set[Package]:
    """Read ``apt-get --print-uris``: 'URI' name_version_architecture.deb size hash."""
    names = re.findall(r"^'\S+' (\S+)_([^_\s]+)_[^_\s]+\.deb ", output, re.MULTILINE)
    return {Package(name, version.replace("%3a", ":")) for name, version in names}


def installed_status(records: str) -> str:
    """Turn package index records into a dpkg status file that has them installed."""
    blocks = [block.strip("\n") for block in records.split("\n\n") if block.strip()]
    return "".join(f"{block}\nStatus: install ok installed\n\n" for block in blocks)


def required_packages(dump: str) -> list[str]:
    """Names of the packages of priority ``required`` in a dump of the package index."""
    blocks = (block for block in dump.split("\n\n") if "\nPriority: required\n" in f"\n{block}\n")
    return sorted({match.group(1) for block in blocks if (match := re.match(r"Package: (\S+)", block))})
