# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Molecule's scenarios as tests, so that the run of everything ends in one summary. They use the real lab."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Scenario -> environment variable without which it is skipped, and what the scenario needs.
NEEDS = {"k0s": ("LAB_K0S", "a k0s binary, see docs/lab.md")}


@pytest.mark.parametrize("scenario", ["default", "k0s", "postgresql_ha"])
def test_scenario(scenario: str) -> None:
    variable, need = NEEDS.get(scenario, ("", ""))
    if variable and not os.environ.get(variable):
        pytest.skip(f"{variable} is not set: the scenario needs {need}")
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "NO_COLOR": "1", "PY_COLORS": "0"}
    done = subprocess.run(["molecule", "test", "-s", scenario], cwd=ROOT, env=environment, timeout=3000)
    assert done.returncode == 0
