# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of the same name as the task's action and shows its progress while it works.

``meta/runtime.yml`` redirects every module that may wait to this plugin. Modules cannot print; an action plugin can.
"""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.mothership.hcp.plugins.plugin_utils._progress_display import ProgressDisplay


class ActionModule(ActionBase):
    """Executes ``self._task.action`` as a module, with a line of progress at least every 15 seconds."""

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        del tmp
        with ProgressDisplay(self, task_vars or {}):
            result.update(self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val))
        return result
