# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mothership.hcp.plugins.modules import load_balancer

from tests.unit.plugins.module_utils._host.module_frame import run_module
from tests.unit.plugins.module_utils._host.test_load_balancer import OPTIONS, virgin
from tests.unit.plugins.modules.options import assert_documented


def test_the_options_are_documented() -> None:
    assert_documented(load_balancer.DOCUMENTATION, load_balancer.argument_spec())


def test_check_mode_makes_no_mutating_call() -> None:
    machine = virgin()
    planned = run_module("load_balancer", machine, OPTIONS, check_mode=True)
    assert planned["changed"]
    assert machine.mutations == []
    done = run_module("load_balancer", machine, OPTIONS)
    assert done["plan"] == planned["plan"]
    assert machine.mutations
    assert not run_module("load_balancer", machine, OPTIONS)["changed"]


def test_a_failure_is_readable() -> None:
    failed = run_module("load_balancer", virgin(), {**OPTIONS, "api_port": 30000})
    assert failed["failed"]
    assert "port 30000 is that of api too" in failed["msg"]
    assert "To fix:" in failed["msg"]
