# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

from tests.unit.plugins.module_utils._host.module_frame import run_module
from tests.unit.plugins.module_utils._host.test_k0s_worker import SETTINGS, TOKEN, prepared

OPTIONS = {"node_name": "w1", "server": SETTINGS.server, "ca_certificate": "Y2E=", "token": TOKEN, "timeout": 1}


def test_check_mode_makes_no_mutating_call() -> None:
    machine = prepared()
    planned = run_module("k0s_worker", machine, OPTIONS, check_mode=True)
    assert planned["changed"]
    assert machine.mutations == []
    done = run_module("k0s_worker", machine, OPTIONS)
    assert done["plan"] == planned["plan"]
    assert machine.mutations


def test_no_token_in_a_result() -> None:
    machine = prepared()
    assert TOKEN not in json.dumps(run_module("k0s_worker", machine, OPTIONS))
    broken = prepared()
    broken.starts("worker", lambda: None)
    broken.answer("journalctl", f"Error: token {TOKEN} is not accepted\n")
    failed = run_module("k0s_worker", broken, OPTIONS)
    assert "is not accepted" in failed["msg"]
    assert TOKEN not in json.dumps(failed)
