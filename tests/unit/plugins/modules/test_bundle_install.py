# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from tests.unit.plugins.module_utils._host.fake_machine import FakeMachine
from tests.unit.plugins.module_utils._host.module_frame import run_module
from tests.unit.plugins.module_utils._host.test_bundle_target import KUBELET, architecture

REQUEST = {"operation": "inspect", "files": [KUBELET], "architecture": architecture(), "upload_user": "admin"}


def test_check_mode_makes_no_mutating_call() -> None:
    machine = FakeMachine()
    options = {"bundle": "/bundle", "request": REQUEST}
    planned = run_module("bundle_install", machine, options, check_mode=True)
    assert planned["missing"] == ["bin/kubelet"]
    assert machine.mutations == []
    done = run_module("bundle_install", machine, options)
    assert done["plan"] == planned["plan"]
    assert machine.mutations


def test_without_the_action_plugin_it_says_so() -> None:
    failed = run_module("bundle_install", FakeMachine(), {"bundle": "/bundle"})
    assert "action plugin" in failed["msg"]
