# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Shows the progress of a module, or of an action plugin's own work, line by line.

On the controller's own machine the lines come from a file that the module appends to. A module on another machine
cannot be read while it runs: there a sign of life comes every 15 seconds.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
import typing as t

from ansible.utils.display import Display
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import ENVIRONMENT_NAME

if t.TYPE_CHECKING:
    from ansible.plugins.action import ActionBase

#: Longest silence, in seconds (design: 15 s).
_LONGEST_SILENCE = 14.0
_LOOK_EVERY = 0.5


class ProgressDisplay:
    """Context manager: while it is open, progress is shown with the host's name and the minutes passed.

    :param action: the action plugin that runs; its task's environment is given the progress file's name.
    :param task_vars: the task's variables; ``mothership_progress: false`` silences the lines.
    """

    def __init__(self, action: ActionBase, task_vars: t.Mapping[str, t.Any]) -> None:
        self._task = action._task
        self._host = str(task_vars.get("inventory_hostname", "localhost"))
        self._wanted = str(task_vars.get("mothership_progress", True)).lower() not in ("false", "no", "off", "0")
        self._display = Display()
        self._started = time.monotonic()
        self._last_line = self._started
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self.path = ""
        self._offset = 0

    def __enter__(self) -> ProgressDisplay:
        descriptor, self.path = tempfile.mkstemp(prefix="mothership-progress-")
        os.close(descriptor)
        environment = self._task.environment or []
        environment = list(environment) if isinstance(environment, list) else [environment]
        self._task.environment = [*environment, {ENVIRONMENT_NAME: self.path}]
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        self._thread.join(timeout=2)
        self._show_new_lines()
        os.unlink(self.path)

    def _follow(self) -> None:
        while not self._stop.wait(_LOOK_EVERY):
            self._show_new_lines()
            if time.monotonic() - self._last_line > _LONGEST_SILENCE:
                self._show("still at work")

    def _show_new_lines(self) -> None:
        try:
            with open(self.path, encoding="utf-8") as file:
                file.seek(self._offset)
                lines = file.readlines()
                self._offset = file.tell()
        except OSError:
            return
        for line in lines:
            self._show(line.rstrip("\n"))

    def _show(self, text: str) -> None:
        self._last_line = time.monotonic()
        if not self._wanted:
            return
        passed = int(time.monotonic() - self._started)
        self._display.display(f"[{self._host}] {passed // 60:02d}:{passed % 60:02d} {text}")
