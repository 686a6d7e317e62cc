# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module that supports check mode has a test that it changes nothing there, with a negative control.

Most run one function with and without check mode, and see a mutating call in the second case only. Those that only
read are run in both modes and make no mutating call in either.
"""

from __future__ import annotations

import ast
import importlib
import pathlib

import pytest
import yaml

PLUGINS = pathlib.Path(__file__).parents[1]
REPOSITORY = pathlib.Path(__file__).parents[4]
READ_ONLY = "test_it_only_reads"
#: Where the test is when it is not in the module's own file, and what it is called when not as most are.
ELSEWHERE = {
    "controller_join": ("action", "test_check_mode_makes_no_mutating_call"),
    "kubeconfig_fetch": ("action", "test_check_mode_writes_nothing"),
    "preflight": ("action", READ_ONLY),
    "report": ("action", "test_check_mode_writes_nothing"),
    "site_phase": ("action", READ_ONLY),
    "status": ("action", READ_ONLY),
    "worker_join": ("action", "test_check_mode_makes_no_mutating_call"),
    "latency_gate": ("action", READ_ONLY),
    "database_latency": ("modules", READ_ONLY),
    "disk_latency": ("modules", READ_ONLY),
    "kine_database_info": ("modules", READ_ONLY),
    "machine_facts": ("modules", READ_ONLY),
    "postgresql_info": ("modules", READ_ONLY),
    "kine_sessions": ("modules", READ_ONLY),
    # The modules' own tests have no API server; those of the room have.
    "velero_backup": ("module_utils/_backup/test_backup.py", "test_check_mode_makes_no_mutating_call"),
    "velero_server": ("module_utils/_backup/test_server.py", "test_check_mode_makes_no_mutating_call"),
}
CONTROL = "test_without_check_mode_it_does"


def with_check_mode() -> list[str]:
    """Names of the modules whose documentation promises check mode."""
    names = sorted(path.stem for path in (REPOSITORY / "plugins/modules").glob("*.py") if path.stem != "__init__")
    return [name for name in names if supports_check_mode(name)]


def supports_check_mode(name: str) -> bool:
    module = importlib.import_module(f"ansible_collections.mothership.hcp.plugins.modules.{name}")
    support: str = yaml.safe_load(module.DOCUMENTATION)["attributes"]["check_mode"]["support"]
    return support != "none"


def functions(path: pathlib.Path) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def calls(function: ast.FunctionDef, *, check_mode: bool) -> set[str]:
    """Names of what is called with (or without) check mode."""
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            text = ast.unparse(node)
            asked = "check_mode=True" in text or "'_ansible_check_mode': True" in text
            if asked == check_mode:
                found.add(ast.unparse(node.func))
    return found


def test_there_are_modules() -> None:
    assert {"hcp_apply", "worker_join", "status"} <= set(with_check_mode())


@pytest.mark.parametrize("name", with_check_mode())
def test_check_mode_is_tested_with_a_negative_control(name: str) -> None:
    place, wanted = ELSEWHERE.get(name, ("modules", "test_check_mode_makes_no_mutating_call"))
    path = PLUGINS / place if place.endswith(".py") else PLUGINS / place / f"test_{name}.py"
    there = functions(path)
    assert wanted in there, f"{path.name} has no {wanted}"
    test = there[wanted]
    if wanted == READ_ONLY:
        modes = ast.unparse(test)
        assert "check_mode" in modes
        assert "[True, False]" in modes or "(True, False)" in modes
        return
    control = there.get(CONTROL, test)
    both = calls(test, check_mode=True) & calls(control, check_mode=False)
    assert both, f"{path.name}: nothing is run with check mode in {wanted} and without it in {control.name}"
