# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from tests.unit.plugins.module_utils._host.fake_machine import FakeMachine
from tests.unit.plugins.module_utils._host.module_frame import run_module
from tests.unit.plugins.module_utils._host.test_reset import used_machine


def test_it_only_reads() -> None:
    machine = FakeMachine()
    for check_mode in (True, False):
        result = run_module("machine_facts", machine, {}, check_mode=check_mode)
        assert not result["changed"]
        assert result["machine"]["cpus"] > 0
    assert machine.mutations == []
    # The recording is able to see a mutating call.
    other = used_machine()
    run_module("machine_reset", other, {})
    assert other.mutations
