# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The primary of three database machines is lost under writes: another one leads, and nothing acknowledged is gone.

How long that takes is printed and no condition: it depends on the machine that runs the lab.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("fault", ["switchover", "kill"])
def test_no_acknowledged_write_is_lost(fault: str) -> None:
    command = [sys.executable, "-m", "tests.bench.failover", "--fault", fault, "--seconds", "30", "--rate", "20"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".collections")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    found = json.loads(done.stdout)
    assert found["primary_after"] not in (None, found["primary_before"])
    assert found["acknowledged"] > 0
    assert found["lost"] == 0
