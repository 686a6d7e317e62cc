# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from tests.unit.plugins.module_utils._host.module_frame import run_module
from tests.unit.plugins.module_utils._host.test_reset import used_machine


def test_check_mode_makes_no_mutating_call() -> None:
    machine = used_machine()
    planned = run_module("machine_reset", machine, {"datastore": True}, check_mode=True)
    assert planned["residue"]
    assert machine.mutations == []
    done = run_module("machine_reset", machine, {"datastore": True})
    assert (done["plan"], done["residue"]) == (planned["plan"], [])
    assert machine.mutations
