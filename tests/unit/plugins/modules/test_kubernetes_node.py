# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from tests.unit.plugins.module_utils._host.module_frame import run_module
from tests.unit.plugins.module_utils._host.test_kubernetes_node import PAUSE, machine_with_programs

OPTIONS = {
    "sandbox_image": PAUSE.reference,
    "images": [{"reference": PAUSE.reference, "digest": PAUSE.digest, "file": PAUSE.file}],
    "timeout": 1,
}


def test_check_mode_makes_no_mutating_call() -> None:
    machine = machine_with_programs()
    planned = run_module("kubernetes_node", machine, OPTIONS, check_mode=True)
    assert planned["changed"]
    assert machine.mutations == []
    done = run_module("kubernetes_node", machine, OPTIONS)
    assert done["plan"] == planned["plan"]
    assert machine.mutations


def test_a_failure_is_readable() -> None:
    machine = machine_with_programs()
    machine.remove("/usr/local/bin/kubelet")
    failed = run_module("kubernetes_node", machine, OPTIONS)
    assert failed["failed"]
    assert "/usr/local/bin/kubelet" in failed["msg"]
    assert "To fix:" in failed["msg"]
