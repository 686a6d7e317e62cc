# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints what a run did and what stands now, and writes it as JSON and HTML. It is not counted as a change."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import time
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.mothership.hcp.plugins.module_utils._core.files import write_whole
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.variables import Specifications
from ansible_collections.mothership.hcp.plugins.plugin_utils._report import page, text
from ansible_collections.mothership.hcp.plugins.plugin_utils._report.collect import Source, collect
from ansible_collections.mothership.hcp.plugins.plugin_utils._site import collection_version, site_hosts

_COLLECTION = pathlib.Path(__file__).resolve().parents[2]


class ActionModule(ActionBase):
    """Runs on the controller only; reads what all hosts registered."""

    _requires_connection = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        del tmp
        variables = task_vars or {}
        _validation, options = self.validate_argument_spec({"directory": {"type": "path", "required": True}})
        hostvars = variables["hostvars"]
        names = [*site_hosts(variables.get("groups") or {}), "localhost"]
        hosts = {name: Readable(hostvars[name]) for name in names}
        source = Source(
            hosts=hosts,
            groups=variables.get("groups") or {},
            site=hosts[names[0]],
            default=Specifications.read(_COLLECTION).default,
            artifacts=options["directory"],
        )
        report = collect(
            source,
            now=time.time(),
            generated=datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC"),
            collection_version=collection_version(_COLLECTION),
            check_mode=self._task.check_mode,
        )
        written: list[str] = []
        if not self._task.check_mode:
            content = {
                "report.json": json.dumps(report.as_json(), indent=2, sort_keys=True) + "\n",
                "report.html": page.page(report),
            }
            written = [write(os.path.join(options["directory"], name), body) for name, body in content.items()]
        lines = text.lines(report, written=written)
        self._display.display("\n".join(["", *lines, ""]))
        result.update(changed=False, files=written, summary=report.summary, lines=lines)
        return result


class Readable(t.Mapping[str, t.Any]):
    """Variables of one host; one that cannot be computed there is ``None``, for a report must not fail on it."""

    def __init__(self, values: t.Mapping[str, t.Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> t.Any:
        try:
            return self._values[name]
        except AnsibleError:
            return None

    def __iter__(self) -> t.Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def write(path: str, content: str) -> str:
    """Write the whole file or nothing; returns the path."""
    write_whole(path, content, mode=0o644)
    return path
