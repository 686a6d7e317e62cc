# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints how the mothership, its hosted clusters, their databases and backups are. Only reads."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.mothership.hcp.plugins.module_utils._kube.client import KubeClient
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.groups import workers_group
from ansible_collections.mothership.hcp.plugins.plugin_utils._status import table
from ansible_collections.mothership.hcp.plugins.plugin_utils._status.gather import gather

_OPTIONS: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "default": "mothership"},
    "kubeconfig": {"type": "path", "required": True},
    "kubeconfig_directory": {"type": "path", "required": True},
    "clusters": {"type": "list", "elements": "str", "default": []},
    "databases": {"type": "dict", "default": {}},
    "velero_namespace": {"type": "str"},
    "strict": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    """Runs on the controller; talks to the API servers from there."""

    _requires_connection = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        del tmp
        _validation, options = self.validate_argument_spec(_OPTIONS)
        groups: t.Mapping[str, list[str]] = (task_vars or {}).get("groups") or {}
        directory = options["kubeconfig_directory"]
        status = gather(
            functools.partial(KubeClient.from_kubeconfig, options["kubeconfig"]),
            {
                name: functools.partial(KubeClient.from_kubeconfig, f"{directory}/{name}/kubeconfig")
                for name in options["clusters"]
            },
            velero_namespace=options["velero_namespace"] or None,
        )
        workers = {name: groups.get(workers_group(name), []) for name in options["clusters"]}
        problems = table.problems(status, options["databases"], workers)
        lines = table.lines(options["name"], status, options["databases"])
        verdict = (
            ["healthy"] if not problems else [f"{len(problems)} not healthy:", *(f"  {text}" for text in problems)]
        )
        self._display.display("\n".join(["", *lines, "", *verdict, ""]))
        result.update(changed=False, healthy=not problems, problems=problems, status=dataclasses.asdict(status))
        if problems and options["strict"]:
            result.update(failed=True, msg="\n".join(["status: not healthy", *(f"  {text}" for text in problems)]))
        return result
