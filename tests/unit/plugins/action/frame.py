# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs an action plugin in this process."""

from __future__ import annotations

from typing import Any
from unittest import mock

from ansible.plugins.action import ActionBase


def run(
    plugin: type[ActionBase], arguments: dict[str, Any], task_vars: dict[str, Any], *, check_mode: bool = False
) -> dict[str, Any]:
    """The result of the plugin; what it displays goes to the test's captured output."""
    task = mock.MagicMock(args=arguments, check_mode=check_mode, async_val=0, environment=None)
    action = plugin(task, mock.MagicMock(), mock.MagicMock(check_mode=check_mode), None, None)
    return dict(action.run(task_vars=task_vars))
