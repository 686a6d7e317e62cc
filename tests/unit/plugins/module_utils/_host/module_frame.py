# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host modules as Ansible runs them, each on a machine in memory."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import typing as t

from ansible.module_utils.testing import patch_module_args

from tests.unit.plugins.module_utils._host.fake_machine import FakeMachine

_MODULES = "ansible_collections.mothership.hcp.plugins.modules."


def run_module(
    name: str, machine: FakeMachine, options: dict[str, t.Any], *, check_mode: bool = False
) -> dict[str, t.Any]:
    """The module's result; ``failed`` is among its keys when it failed."""
    module = importlib.import_module(_MODULES + name)
    real, module.Machine = module.Machine, lambda: machine  # type: ignore[attr-defined]
    said = io.StringIO()
    try:
        with (
            patch_module_args({**options, "_ansible_check_mode": check_mode, "_ansible_diff": True}),
            contextlib.redirect_stdout(said),
            contextlib.suppress(SystemExit),
        ):
            module.main()
    finally:
        module.Machine = real  # type: ignore[attr-defined]
    result: dict[str, t.Any] = json.loads(said.getvalue())
    return result
