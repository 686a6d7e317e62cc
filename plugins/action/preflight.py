# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists everything that is wrong with input, bundle, controller and machines at once. Changes nothing."""

from __future__ import annotations

import pathlib
import sys
import time
import typing as t

from ansible import __version__ as ansible_version
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase
from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible.utils.vars import load_extra_vars
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput, ManyProblems
from ansible_collections.mothership.hcp.plugins.plugin_utils._phases import phase_marks
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import (
    bucket,
    database,
    environment,
    examination,
    latency,
)
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.sources import Sources
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.variables import Specifications
from ansible_collections.mothership.hcp.plugins.plugin_utils._site import is_site_group, site_hosts

#: The variable into which playbooks/preflight.yml registers each machine's facts.
FACTS_VARIABLE = "__preflight_machine"
_COLLECTION = pathlib.Path(__file__).resolve().parents[2]


class ActionModule(ActionBase):
    """Runs once for the whole site; sees all hosts through ``hostvars``."""

    _requires_connection = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        del tmp
        started = time.time()
        variables = task_vars or {}
        site = read_site(variables, started)
        run = examination.Examination(site)
        verdict = run.run()
        problems = _controller_problems(velero=run.velero_enabled) + verdict.problems
        if run.velero_enabled:
            found, notes = bucket.examine(site.shared, check_mode=self._task.check_mode)
            problems += found
            verdict.notes += notes
        if run.external_database:
            problems += database.examine(*run.external_database)
        for target in verdict.databases_elsewhere:
            found, notes = database.examine_target(target)
            problems += found
            verdict.notes += notes
        if problems:
            result.update(_failure(problems, verdict.notes))
            return result
        for note in verdict.notes:
            self._display.display(f"preflight: {note}")
        result.update(
            changed=False,
            notes=verdict.notes,
            clusters=[
                {"name": spec.name, "version": spec.version, "replicas": spec.replicas} for spec in verdict.clusters
            ],
            machines=sorted(site.machines),
            latency=verdict.latency,
            seconds=round(time.time() - started, 3),
            mothership_phase={"name": "preflight", "state": "done", "time": round(time.time(), 3)},
        )
        return result


class HostVariables:
    """Templated variables of one host; a template that fails is a problem with the variable's name."""

    def __init__(self, values: t.Mapping[str, t.Any]) -> None:
        self._values = values

    def __iter__(self) -> t.Iterator[str]:
        return iter(self._values)

    def get(self, name: str, default: t.Any = None) -> t.Any:
        try:
            return self._values.get(name, default)
        except AnsibleError as error:
            remedy = "mend the expression; a variable that it uses may be missing on this host"
            raise InvalidInput(f"its value cannot be computed: {error}", where=name, remedy=remedy) from error


def read_site(task_vars: t.Mapping[str, t.Any], now: float) -> examination.Site:
    """Everything preflight judges, from a task's variables."""
    all_groups: t.Mapping[str, list[str]] = task_vars.get("groups") or {}
    members = {name: list(hosts) for name, hosts in all_groups.items() if is_site_group(name) or hosts}
    hostvars = task_vars["hostvars"]
    machines = {host: HostVariables(hostvars[host]) for host in site_hosts(members)}
    facts = {host: hostvars[host][FACTS_VARIABLE] for host in machines if FACTS_VARIABLE in hostvars[host]}
    marks = [mark for host in machines for mark in phase_marks(hostvars[host]) if mark["name"] == "preflight"]
    began = min((mark["time"] for mark in marks), default=None)
    current = task_vars.get("inventory_hostname")
    return examination.Site(
        groups=members,
        shared=machines[current] if current in machines else HostVariables(task_vars),
        machines=machines,
        facts=facts,
        asked_between=None if began is None else (began, now),
        specifications=Specifications.read(_COLLECTION),
        sources=Sources(task_vars.get("ansible_inventory_sources") or [], extra=load_extra_vars(DataLoader())),
        collection=_COLLECTION,
        measured=latency.Measured.of(machines, hostvars),
    )


def _controller_problems(*, velero: bool) -> list[HcpError]:
    wanted = {**environment.LIBRARIES, **(environment.VELERO_LIBRARIES if velero else {})}
    copies = environment.collection_copies(AnsibleCollectionConfig.collection_paths)
    return (
        environment.ansible_problems(ansible_version)
        + environment.library_problems(sys.executable, wanted)
        + environment.copy_problems(copies)
    )


def _failure(problems: t.Sequence[HcpError], notes: t.Sequence[str]) -> dict[str, t.Any]:
    count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
    error = ManyProblems(problems, headline=f"preflight: {count} (nothing was changed)")
    return {"failed": True, "changed": False, "msg": str(error), "problem_count": len(problems), "notes": list(notes)}
