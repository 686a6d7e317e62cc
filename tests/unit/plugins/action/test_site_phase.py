# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.mothership.hcp.plugins.action.site_phase import ActionModule

from .frame import run
from .recorded import Recorded

SETUP = "ansible.builtin.setup"

STARTED = {"__site_x": {"mothership_phase": {"name": "machines", "state": "started", "time": 1.0}}}


def test_it_returns_the_time_and_no_change() -> None:
    before = time.time()
    result = run(ActionModule, {"name": "machines", "state": "started"}, {})
    assert result["changed"] is False
    assert result["mothership_phase"]["name"] == "machines"
    assert before - 1 <= result["mothership_phase"]["time"] <= time.time() + 1


@pytest.mark.parametrize("check_mode", [True, False])
def test_it_only_reads(check_mode: bool) -> None:
    recorded = Recorded(ActionModule, {"name": "machines", "state": "started"}, {SETUP: {}}, check_mode=check_mode)
    assert recorded.run()["changed"] is False
    assert (recorded.modules, recorded.sent) == ([], [])
    # The recording is able to see a call.
    recorded.action._execute_module(module_name=SETUP, module_args={})
    assert len(recorded.modules) == 1


def test_a_phase_whose_ground_is_missing_does_not_start() -> None:
    arguments: dict[str, Any] = {"name": "velero", "state": "started", "requires": "machines", "machines": ["ms1"]}
    with pytest.raises(AnsibleActionFail, match="ms1 did not get through phase machines"):
        run(ActionModule, arguments, {"hostvars": {"ms1": STARTED}})
    assert run(ActionModule, arguments, {"hostvars": {"ms1": {}}})["changed"] is False


def test_states_are_checked() -> None:
    with pytest.raises(AnsibleActionFail):
        run(ActionModule, {"name": "x", "state": "maybe"}, {})
