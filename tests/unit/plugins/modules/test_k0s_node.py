# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from tests.unit.plugins.module_utils._host.k0s_frame import VERSION
from tests.unit.plugins.module_utils._host.module_frame import run_module
from tests.unit.plugins.module_utils._host.test_k0s_node import IMAGE, LINK, prepared

OPTIONS = {"version": VERSION, "images": [vars(IMAGE)]}


def test_check_mode_makes_no_mutating_call() -> None:
    machine = prepared()
    planned = run_module("k0s_node", machine, OPTIONS, check_mode=True)
    assert planned["changed"]
    assert machine.mutations == []
    done = run_module("k0s_node", machine, OPTIONS)
    assert done["plan"] == planned["plan"]
    assert machine.mutations
    assert machine.links[LINK] == IMAGE.file
