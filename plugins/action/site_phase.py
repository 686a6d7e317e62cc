# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes when a phase of the site playbook starts and ends on a host; refuses to start one whose ground is missing."""

from __future__ import annotations

import time
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.mothership.hcp.plugins.plugin_utils._phases import unfinished


class ActionModule(ActionBase):
    """Runs on the controller only; needs no connection."""

    _requires_connection = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        del tmp
        _validation, options = self.validate_argument_spec(
            {
                "name": {"type": "str", "required": True},
                "state": {"type": "str", "required": True, "choices": ["started", "done"]},
                "requires": {"type": "str"},
                "machines": {"type": "list", "elements": "str", "default": []},
            },
            required_by={"requires": "machines"},
        )
        if options["requires"]:
            stuck = unfinished(options["requires"], options["machines"], (task_vars or {}).get("hostvars") or {})
            if stuck:
                raise AnsibleActionFail(
                    f"Phase {options['name']} cannot start: {', '.join(stuck)} did not get through phase"
                    f" {options['requires']}. To fix: mend the failure shown above for {stuck[0]}, then run the same"
                    " command again; what is done already is kept."
                )
        result.update(
            changed=False,
            mothership_phase={"name": options["name"], "state": options["state"], "time": round(time.time(), 3)},
        )
        return result
