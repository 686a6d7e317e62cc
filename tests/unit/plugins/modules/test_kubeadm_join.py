# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Completed

from tests.unit.plugins.module_utils._host.module_frame import run_module
from tests.unit.plugins.module_utils._host.test_kubeadm_join import SETTINGS, TOKEN, virgin

OPTIONS = {"node_name": "w1", "server": SETTINGS.server, "ca_certificate": "Y2E=", "token": TOKEN}


def test_check_mode_makes_no_mutating_call() -> None:
    machine = virgin()
    planned = run_module("kubeadm_join", machine, OPTIONS, check_mode=True)
    assert planned["changed"]
    assert machine.mutations == []
    done = run_module("kubeadm_join", machine, OPTIONS)
    assert done["plan"] == planned["plan"]
    assert machine.mutations


def test_no_token_in_a_result() -> None:
    machine = virgin()
    assert TOKEN not in json.dumps(run_module("kubeadm_join", machine, OPTIONS))
    broken = virgin()
    broken.answer("kubeadm join", Completed(1, "", f"error: token {TOKEN} is not accepted"))
    failed = run_module("kubeadm_join", broken, OPTIONS)
    assert "is not accepted" in failed["msg"]
    assert TOKEN not in json.dumps(failed)
