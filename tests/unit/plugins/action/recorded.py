# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugins with a connection and modules that only note what they are asked for."""

from __future__ import annotations

import typing as t
from unittest import mock

from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.template import Templar


class Recorded:
    """What an action plugin did.

    :ivar modules: name and arguments of each module it ran, and whether displaying was off meanwhile.
    :ivar sent: source and destination of each file it sent.
    """

    def __init__(
        self, plugin: t.Any, args: dict[str, t.Any], answers: t.Mapping[str, t.Any], *, check_mode: bool
    ) -> None:
        self.modules: list[tuple[str, dict[str, t.Any], bool]] = []
        self.sent: list[tuple[str, str]] = []
        self._answers = answers
        context = PlayContext()
        connection = mock.Mock(_play_context=context)
        connection.put_file = lambda source, destination: self.sent.append((source, destination))
        loader = DataLoader()
        task = Task()
        task.action, task.args, task.check_mode = "mothership.hcp.tested", args, check_mode
        self.action = plugin(task, connection, context, loader, Templar(loader=loader), None)
        self.action._execute_module = self._execute
        self.action._get_remote_user = lambda: "admin"
        self._context = context

    def run(self) -> dict[str, t.Any]:
        result: dict[str, t.Any] = self.action.run(task_vars={"inventory_hostname": "W1", "mothership_progress": False})
        return result

    def _execute(self, module_name: str, module_args: dict[str, t.Any], task_vars: t.Any = None) -> dict[str, t.Any]:
        self.modules.append((module_name, module_args, bool(self._context.no_log)))
        answer = self._answers[module_name]
        return dict(answer(module_args) if callable(answer) else answer)
