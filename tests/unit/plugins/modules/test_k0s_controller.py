# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

from ansible_collections.mothership.hcp.plugins.module_utils._host import k0s_binary
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Completed

from tests.unit.plugins.module_utils._host.k0s_frame import VERSION
from tests.unit.plugins.module_utils._host.module_frame import run_module
from tests.unit.plugins.module_utils._host.test_k0s_controller import prepared

SECRETS = {"token": "H4sIAAAAAAAA", "datastore_password": "geheim-geheim"}
OPTIONS = {
    "version": VERSION,
    "node_name": "ms1",
    "config": {"api": {"address": "10.77.0.11"}},
    "timeout": 5,
    **SECRETS,
}


def test_check_mode_makes_no_mutating_call() -> None:
    machine = prepared()
    planned = run_module("k0s_controller", machine, OPTIONS, check_mode=True)
    assert planned["changed"]
    assert machine.mutations == []
    done = run_module("k0s_controller", machine, OPTIONS)
    assert done["plan"] == planned["plan"]
    assert machine.mutations


def test_no_secret_in_a_result() -> None:
    machine = prepared()
    results = [run_module("k0s_controller", machine, OPTIONS)]
    said = Completed(1, "", f"Error: {' '.join(SECRETS.values())} is not accepted")
    machine.answer(f"{k0s_binary.STAGED} config validate", said)
    results.append(run_module("k0s_controller", machine, OPTIONS))
    assert "is not accepted" in results[1]["msg"]
    assert not [secret for secret in SECRETS.values() if secret in json.dumps(results)]
