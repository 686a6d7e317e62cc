# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges how long PostgreSQL and etcd's disks take, after a set-up that preflight could not measure before."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import ManyProblems
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import latency
from ansible_collections.mothership.hcp.plugins.plugin_utils._site import is_site_group, site_hosts


class ActionModule(ActionBase):
    """Runs once for the whole site; sees all hosts through ``hostvars``."""

    _requires_connection = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        del tmp
        variables = task_vars or {}
        members = {name: list(hosts) for name, hosts in (variables.get("groups") or {}).items() if is_site_group(name)}
        measured = latency.Measured.of(site_hosts(members), variables["hostvars"])
        judged = latency.judge(measured, latency.Bounds.read(variables.get))
        result.update(changed=False, notes=judged.notes, latency=judged.figures)
        if judged.problems:
            count = f"{len(judged.problems)} problem{'s' if len(judged.problems) != 1 else ''}"
            result.update(failed=True, msg=str(ManyProblems(judged.problems, headline=f"latency: {count}")))
            return result
        for note in judged.notes:
            self._display.display(f"latency: {note}")
        return result
