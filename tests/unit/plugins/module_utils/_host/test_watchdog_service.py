# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ast
import dataclasses
import json
import pathlib
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed
from ansible_collections.mothership.hcp.plugins.module_utils._host import watchdog_service
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Completed
from ansible_collections.mothership.hcp.plugins.module_utils._host.watchdog.decision import Limits
from ansible_collections.mothership.hcp.plugins.module_utils._host.watchdog_service import (
    PROGRAM_FOLDER,
    UNIT,
    Settings,
)

from tests.unit.plugins.module_utils._host.fake_machine import FakeMachine

SETTINGS = Settings(
    "ms1", "127.0.0.1", 6443, "kubernetes", "CA", "token", "mothership-hcp", 5.0, 9479, True, {}, "/usr/bin/python3"
)


def virgin() -> FakeMachine:
    machine = FakeMachine()
    state: dict[str, str] = {"load": "not-found", "active": "inactive", "enabled": ""}

    def show(_argv: t.Sequence[str]) -> Completed:
        lines = (f"LoadState={state['load']}", f"ActiveState={state['active']}", f"UnitFileState={state['enabled']}")
        return Completed(0, "\n".join(lines), "")

    machine.answer("systemctl show", show)
    machine.effect("systemctl enable", lambda: state.update(load="loaded", enabled="enabled"))
    machine.effect("systemctl start", lambda: state.update(active="active"))
    machine.effect("systemctl disable --now", lambda: state.update(active="inactive", enabled="", load="not-found"))
    return machine


def run(machine: FakeMachine, **changed: t.Any) -> dict[str, t.Any]:
    return watchdog_service.run(machine, dataclasses.replace(SETTINGS, **changed), check_mode=False)


def systemctl(machine: FakeMachine) -> list[str]:
    return [line.removeprefix("run systemctl ") for line in machine.mutations if "systemctl" in line]


def test_a_first_run_starts_it_and_a_second_does_nothing() -> None:
    machine = virgin()
    assert run(machine)["changed"]
    assert systemctl(machine) == ["daemon-reload", f"enable {UNIT}.service", f"start {UNIT}.service"]
    machine.mutations.clear()
    assert not run(machine)["changed"]
    assert machine.mutations == []


@pytest.mark.parametrize("changed", [{"interval": 7.0}, {"token": "another"}])
def test_a_changed_setting_restarts_it(changed: dict[str, t.Any]) -> None:
    machine = virgin()
    run(machine)
    machine.mutations.clear()
    result = run(machine, **changed)
    assert result["restarts"] == [UNIT]
    assert systemctl(machine)[-1] == f"restart {UNIT}.service"


def test_a_start_that_fails_shows_the_log() -> None:
    machine = virgin()
    machine.answer("systemctl start", Completed(1, "", "Job failed."))
    machine.answer("journalctl", Completed(0, "KeyError: 'address'", ""))
    with pytest.raises(CommandFailed, match="KeyError: 'address'"):
        run(machine)
    # The next run tries again.
    machine.answer("systemctl start", Completed(0, "", ""))
    machine.mutations.clear()
    assert run(machine)["changed"]


def test_the_program_needs_the_standard_library_only() -> None:
    for file in watchdog_service.desired_files(SETTINGS):
        if not file.path.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(file.text, feature_version=(3, 9))):
            if isinstance(node, ast.ImportFrom):
                own = node.level == 1 or (node.module or "").startswith("watchdog")
                assert own or (node.module or "").split(".")[0] in sys.stdlib_module_names, file.path
            if isinstance(node, ast.Import):
                assert {name.name.split(".")[0] for name in node.names} <= sys.stdlib_module_names, file.path


def test_what_is_installed_runs(tmp_path: pathlib.Path) -> None:
    """It begins, and says what is wrong with a configuration that it cannot use."""
    for file in watchdog_service.desired_files(SETTINGS):
        if file.path.startswith(PROGRAM_FOLDER):
            path = tmp_path / file.path.removeprefix(PROGRAM_FOLDER + "/")
            path.parent.mkdir(exist_ok=True)
            path.write_text(file.text)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "token").write_text("t")
    command = [sys.executable, "-I", "-B", str(tmp_path), str(tmp_path / "config.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert "KeyError" in done.stderr
    assert "watchdog/program.py" in done.stderr


def test_the_configuration_fits_the_program() -> None:
    settings = dataclasses.replace(SETTINGS, limits={"slow_seconds": 1.0, "start_seconds": 2.0, "backoff_seconds": 3.0})
    files = {file.path: file.text for file in watchdog_service.desired_files(settings)}
    config = json.loads(files["/etc/mothership-hcp/replica-watchdog/config.json"])
    assert "token" not in config
    assert Limits(**config["limits"]).start_seconds == 2.0
