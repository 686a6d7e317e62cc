#!/usr/bin/env python3
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-test sanity.

ansible-test wants a checkout at ``…/ansible_collections/mothership/hcp`` and, for the environments of its tests, a pip
bootstrap script from a server of its own. This makes a copy of the published part of the working tree at such a path,
and gives it Python's own ``ensurepip`` in the script's place.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / ".lab/sanity"
COPY = WORK / "ansible_collections/mothership/hcp"
PUBLISHED = (
    "LICENSE",
    "README.md",
    "changelogs",
    "docs",
    "galaxy.yml",
    "meta",
    "playbooks",
    "plugins",
    "roles",
    "tests/sanity",
)
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def main() -> int:
    _copy_published()
    _offer_pip_bootstrap()
    command = ["ansible-test", "sanity", "--venv", "--python", PYTHON, "--color", "no", "--redact", *sys.argv[1:]]
    return subprocess.run(command, cwd=COPY, timeout=1500).returncode


def _copy_published() -> None:
    if COPY.exists():
        shutil.rmtree(COPY)
    COPY.mkdir(parents=True)
    for name in PUBLISHED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, COPY / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, COPY / name)
    # ansible-test finds its files through git, and must not find its own environment among them.
    (COPY / ".gitignore").write_text("/tests/output/\n", encoding="utf-8")
    for command in (["git", "init", "-q"], ["git", "add", "-A"]):
        subprocess.run(command, cwd=COPY, check=True, timeout=60)


def _offer_pip_bootstrap() -> None:
    """Put a two-line script where ansible-test keeps its downloads, unless it has the real one."""
    requirements = importlib.util.find_spec("ansible_test._internal.python_requirements")
    if requirements is None or requirements.origin is None:
        sys.exit("ansible-test is not installed: make venv")
    source = Path(requirements.origin).read_text("utf-8")
    version = re.search(r"pip='([0-9.]+)'", source)
    if version is None:
        sys.exit("ansible-test no longer says which pip it wants: look for get_venv_packages in its sources")
    cache = Path.home() / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    script = cache / f"get_pip_{version[1].replace('.', '_')}.py"
    if not script.exists():
        script.write_text("import ensurepip\nensurepip.bootstrap()\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
