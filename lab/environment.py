#!/usr/bin/env python3
# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the Python environment of a clone. Standard library only: it runs before anything is installed.

Usage: environment.py FOLDER REQUIREMENTS. A folder without ``.complete`` is taken for an interrupted try and made anew.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

#: ansible-core 2.19 needs it; Debian 12 has it.
_OLDEST_PYTHON = (3, 11)


def main(folder: Path, requirements: Path) -> int:
    if sys.version_info < _OLDEST_PYTHON:
        wanted = ".".join(map(str, _OLDEST_PYTHON))
        print(
            f"Python {sys.version.split()[0]} is too old; set BASE_PYTHON to Python {wanted} or later", file=sys.stderr
        )
        return 2
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _make_venv(folder)
        subprocess.run([folder / "bin/pip", "install", "--quiet", "-r", requirements], check=True, timeout=900)
    except subprocess.SubprocessError as error:
        print(f"the Python environment could not be made: {error}", file=sys.stderr)
        return 1
    (folder / ".complete").touch()
    return 0


def _make_venv(folder: Path) -> None:
    made = subprocess.run([sys.executable, "-m", "venv", folder], timeout=120, capture_output=True, text=True)
    if made.returncode == 0:
        return
    # Debian ships venv's ensurepip apart; root may install it, others are told.
    print("python3-venv is missing: installing it with apt-get", file=sys.stderr)
    subprocess.run(["apt-get", "update", "-qq"], check=True, timeout=300)
    subprocess.run(["apt-get", "install", "-y", "-qq", "python3-venv"], check=True, timeout=300)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
