# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

from ansible_collections.mothership.hcp.plugins.modules import replica_watchdog

from tests.unit.plugins.module_utils._host.fake_machine import FakeMachine
from tests.unit.plugins.module_utils._host.module_frame import run_module
from tests.unit.plugins.module_utils._host.test_watchdog_service import virgin
from tests.unit.plugins.modules.options import assert_documented

TOKEN = "a-token-that-nobody-may-see"
OPTIONS: dict[str, t.Any] = {"identity": "ms1", "token": TOKEN, "ca_certificate": "-----CA-----"}


def run(machine: FakeMachine, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    return run_module("replica_watchdog", machine, {**OPTIONS, **options}, check_mode=check_mode)


def test_the_options_are_documented() -> None:
    assert_documented(replica_watchdog.DOCUMENTATION, replica_watchdog.argument_spec())


def test_check_mode_makes_no_mutating_call() -> None:
    machine = virgin()
    planned = run_module("replica_watchdog", machine, OPTIONS, check_mode=True)
    assert planned["changed"]
    assert machine.mutations == []
    done = run_module("replica_watchdog", machine, OPTIONS)
    assert done["plan"] == planned["plan"]
    assert machine.mutations
    assert not run(machine)["changed"]


def test_the_token_is_nowhere_but_in_its_file() -> None:
    machine = virgin()
    result = run(machine)
    assert TOKEN not in json.dumps({key: value for key, value in result.items() if key != "invocation"})
    holding = [path for path, file in machine.files.items() if TOKEN in file.text]
    assert [(path, machine.files[path].mode) for path in holding] == [
        ("/etc/mothership-hcp/replica-watchdog/token", 0o600)
    ]


def test_it_is_removed_without_a_trace() -> None:
    machine = virgin()
    before = set(machine.files)
    run(machine)
    assert run(machine, state="absent")["changed"]
    assert {path for path in machine.files if "watchdog" in path} == set()
    assert set(machine.files) - before <= {"/var/lib/mothership-hcp/services.json"}
    assert not run(machine, state="absent")["changed"]


def test_without_a_token_check_mode_plans_and_a_run_says_what_is_missing() -> None:
    assert run(virgin(), token=None, check_mode=True)["changed"]
    failed = run(virgin(), token=None)
    assert failed["failed"]
    assert "token: is empty" in failed["msg"]


def test_a_time_of_nothing_is_refused() -> None:
    assert "interval: has to be greater than 0" in run(virgin(), interval=0)["msg"]
