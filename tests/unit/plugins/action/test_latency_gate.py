# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mothership.hcp.plugins.action.latency_gate import ActionModule

from .frame import run
from .recorded import Recorded

SETUP = "ansible.builtin.setup"
GROUPS = {"all": ["db1", "ms1"], "mothership_control_plane": ["ms1"], "postgresql": ["db1"]}


def task_vars(commit: float, **more: Any) -> dict[str, Any]:
    times = {"p50": commit, "p99": commit, "samples": 9}
    return {"groups": GROUPS, "hostvars": {"db1": {"__latency_writes": {"commit": times}}, "ms1": {}}, **more}


def test_a_fast_site_passes() -> None:
    result = run(ActionModule, {}, task_vars(4.0))
    assert (result["changed"], result["notes"], result.get("failed")) == (False, [], None)
    assert result["latency"]["database"]["write_p99"] == 4.0


def test_a_slow_one_is_told_and_one_that_is_too_slow_fails() -> None:
    (note,) = run(ActionModule, {}, task_vars(60.0))["notes"]
    assert "a write to PostgreSQL takes 60.0 ms" in note
    result = run(ActionModule, {}, task_vars(600.0))
    assert result["failed"]
    assert result["msg"].startswith("latency: 1 problem\n  1. machine db1: a write to PostgreSQL takes 600.0 ms")


def test_bounds_are_the_sites_variables() -> None:
    assert "failed" in run(ActionModule, {}, task_vars(60.0, mothership_latency_write_limit="40"))
    assert run(ActionModule, {}, task_vars(60.0, mothership_latency_write_warning=70))["notes"] == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_it_only_reads(check_mode: bool) -> None:
    recorded = Recorded(ActionModule, {}, {SETUP: {}}, check_mode=check_mode)
    assert recorded.action.run(task_vars=task_vars(4.0))["changed"] is False
    assert (recorded.modules, recorded.sent) == ([], [])
    # The recording is able to see a call.
    recorded.action._execute_module(module_name=SETUP, module_args={})
    assert len(recorded.modules) == 1
