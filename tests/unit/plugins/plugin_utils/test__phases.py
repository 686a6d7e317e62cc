# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.mothership.hcp.plugins.plugin_utils._phases import phase_marks, unfinished


def mark(name: str, state: str) -> dict[str, Any]:
    return {"changed": False, "mothership_phase": {"name": name, "state": state, "time": 1.0}}


STARTED = {"__site_machines_started": mark("machines", "started"), "other": mark("x", "done"), "__site_skipped": {}}
DONE = {**STARTED, "__site_machines_done": mark("machines", "done")}


def test_marks_are_found_among_registered_variables() -> None:
    assert phase_marks(STARTED) == [{"name": "machines", "state": "started", "time": 1.0}]


def test_a_machine_that_started_and_did_not_end_is_unfinished() -> None:
    hosts = {"a": STARTED, "b": DONE, "c": {}}
    assert unfinished("machines", ["a", "b", "c", "a", "d"], hosts) == ["a"]


def test_a_phase_that_was_left_out_is_no_obstacle() -> None:
    assert unfinished("workers", ["a"], {"a": STARTED}) == []
