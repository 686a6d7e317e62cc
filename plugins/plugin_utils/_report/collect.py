# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Collects a report from the results that tasks of all hosts registered in this run."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mothership.hcp.plugins.plugin_utils._phases import phase_marks
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.groups import (
    CONTROL_PLANE,
    MOTHERSHIP_WORKERS,
    POSTGRESQL,
    workers_group,
)
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.variables import PREFIXES
from ansible_collections.mothership.hcp.plugins.plugin_utils._report.model import (
    Backup,
    Cluster,
    Done,
    Mothership,
    Phase,
    Report,
)

Variables = t.Mapping[str, t.Any]

#: Phases in the order of a run.
_ORDER = ("preflight", "machines", "hosted_control_plane", "workers", "velero")
#: Seconds; a phase that is shorter had nothing to do.
_SHORTEST = 0.3


@dataclasses.dataclass(frozen=True)
class Source:
    """Where a report comes from.

    :param hosts: host (machines and localhost) -> its variables, registered results among them.
    :param site: variables of the site, without those of roles' defaults.
    :param default: the default that a role documents for a variable.
    """

    hosts: t.Mapping[str, Variables]
    groups: t.Mapping[str, t.Sequence[str]]
    site: Variables
    default: t.Callable[[str], t.Any]
    artifacts: str

    def get(self, name: str, fallback: t.Any = None) -> t.Any:
        """A variable of the site as text or data; its documented default, then ``fallback``, when it is not set."""
        value = self.site[name] if name in self.site else self.default(name)
        return fallback if value is None or value == "" or (isinstance(value, str) and "{{" in value) else value

    def is_true(self, name: str, fallback: bool) -> bool:
        """A switch of the site; from ``-e name=value`` it comes as text."""
        return str(self.get(name, fallback)).lower() not in ("false", "no", "off", "0")


def collect(source: Source, *, now: float, generated: str, collection_version: str, check_mode: bool) -> Report:
    """The report of the run so far."""
    results = {host: list(_results(variables)) for host, variables in source.hosts.items()}
    phases, began = _phases(source.hosts)
    if not source.is_true("velero_enabled", True):
        phases = tuple(phase for phase in phases if phase.name != "velero")
    changes, restarts = _changes(results)
    return Report(
        mothership=_mothership(source),
        clusters=tuple(_clusters(source, results)),
        databases=tuple(source.groups.get(POSTGRESQL, ())),
        database_address=_database_address(source),
        backup=_backup(source, results),
        phases=phases,
        total_seconds=round(now - began, 1) if began else 0.0,
        changes=changes,
        restarts=restarts,
        notes=tuple(dict.fromkeys(note for entries in results.values() for entry in entries for note in _notes(entry))),
        failed=_failed(source.hosts, results),
        generated=generated,
        collection_version=collection_version,
        check_mode=check_mode,
    )


def _results(variables: Variables) -> t.Iterator[dict[str, t.Any]]:
    """Results of our modules among registered variables, those of loops one by one.

    Only names that our roles and playbooks use are looked at: reading a variable templates it.
    """
    for name in variables:
        if not str(name).startswith(("__", *PREFIXES)):
            continue
        value = variables[name]
        entries = value.get("results", [value]) if isinstance(value, dict) else []
        yield from (entry for entry in entries if isinstance(entry, dict) and "changed" in entry)


def _changes(results: t.Mapping[str, t.Sequence[Variables]]) -> tuple[tuple[Done, ...], tuple[str, ...]]:
    """Everything planned or done."""
    changes: list[Done] = []
    restarts: list[str] = []
    for host, entries in results.items():
        for entry in entries:
            if not entry.get("changed"):
                continue
            plan = [step for step in entry.get("plan") or [] if isinstance(step, dict)]
            changes += [Done(host, str(step.get("action")), str(step.get("target"))) for step in plan]
            place = "" if host == "localhost" else f"{host}: "
            restarts += [f"{place}{name}" for name in entry.get("restarts") or []]
    return tuple(changes), tuple(dict.fromkeys(restarts))


def _phases(hosts: t.Mapping[str, Variables]) -> tuple[tuple[Phase, ...], float | None]:
    """Length of each phase from its first start to its last end, and when the first one began."""
    started: dict[str, dict[str, float]] = {}
    done: dict[str, dict[str, float]] = {}
    for host, variables in hosts.items():
        for mark in phase_marks(variables):
            (started if mark["state"] == "started" else done).setdefault(mark["name"], {})[host] = mark["time"]
    phases = []
    for name in (*_ORDER, *(name for name in started if name not in _ORDER)):
        ends = done.get(name)
        if not ends or name not in started:
            continue
        first = min(started[name].values())
        slowest = max(ends, key=lambda host: ends[host])
        shown = slowest if len(set(ends.values())) > 1 else ""
        seconds = round(max(ends.values()) - first, 1)
        if seconds >= _SHORTEST:
            phases.append(Phase(name, seconds, shown))
    return tuple(phases), min((time for times in started.values() for time in times.values()), default=None)


def _mothership(source: Source) -> Mothership:
    control_plane = tuple(source.groups.get(CONTROL_PLANE, ()))
    name = str(source.get("mothership_name", "mothership"))
    return Mothership(
        name=name,
        version=str(source.get("mothership_version", "")),
        endpoint=f"https://{_endpoint_host(source)}:{source.get('mothership_port', 6443)}",
        kubeconfig=str(source.get("mothership_kubeconfig", f"{source.artifacts}/{name}/kubeconfig")),
        control_plane=control_plane,
        workers=tuple(source.groups.get(MOTHERSHIP_WORKERS, ())),
    )


def _endpoint_host(source: Source) -> str:
    given = source.get("mothership_endpoint")
    return str(given) if given else _address(source, source.groups.get(CONTROL_PLANE, ()))


def _address(source: Source, hosts: t.Sequence[str]) -> str:
    """Address of the first host; empty without hosts."""
    if not hosts:
        return ""
    known = source.hosts.get(hosts[0]) or {}
    return str(known["ansible_host"] if "ansible_host" in known else hosts[0])


def _database_address(source: Source) -> str:
    machines = source.groups.get(POSTGRESQL, ())
    if len(machines) > 1 and source.get("postgresql_virtual_address"):
        return f"{source.get('postgresql_virtual_address')}:{source.get('postgresql_proxy_port', 5000)}"
    host = source.get("postgresql_address") or _address(source, machines)
    return f"{host}:{source.get('postgresql_port', 5432)}" if host else ""


def _clusters(source: Source, results: t.Mapping[str, t.Sequence[Variables]]) -> t.Iterator[Cluster]:
    """The clusters as defined, with what the module of the hosted control planes returned about them."""
    returned: dict[str, Variables] = {}
    for entry in (entry for entries in results.values() for entry in entries):
        returned.update(_by_name(entry.get("clusters")))
    for definition in source.get("hosted_clusters", []):
        name = str(definition["name"])
        known = returned.get(name, {})
        yield Cluster(
            name=name,
            version=str(known.get("version") or definition.get("version") or source.get("mothership_version", "")),
            replicas=int(known.get("replicas") or definition.get("replicas") or 2),
            endpoint=str(known.get("server") or ""),
            kubeconfig=str(known.get("kubeconfig") or f"{source.artifacts}/{name}/kubeconfig"),
            database="hcp_" + name.replace("-", "_"),
            workers=tuple(source.groups.get(workers_group(name), ())),
        )


def _by_name(clusters: t.Any) -> dict[str, Variables]:
    """Clusters of a result, which are a list with names or a mapping by name."""
    if isinstance(clusters, dict):
        return {str(name): entry for name, entry in clusters.items() if isinstance(entry, dict)}
    entries = clusters if isinstance(clusters, list) else []
    return {str(entry["name"]): entry for entry in entries if isinstance(entry, dict) and entry.get("server")}


def _backup(source: Source, results: t.Mapping[str, t.Sequence[Variables]]) -> Backup | None:
    bucket = source.get("velero_s3_bucket")
    if not bucket or not source.is_true("velero_enabled", True):
        return None
    url = source.get("velero_s3_url", "AWS S3")
    place = f"{url}/{bucket}"
    for entry in (entry for entries in results.values() for entry in entries):
        made = entry.get("backup")
        if isinstance(made, dict) and made.get("name"):
            count = made.get("item_count")
            completed = str(made.get("completed") or "")
            return Backup(
                place,
                str(made["name"]),
                str(made.get("phase") or ""),
                completed,
                count if isinstance(count, int) else None,
            )
    return Backup(place)


def _notes(entry: Variables) -> list[str]:
    return [str(note) for note in entry.get("notes") or []]


def _failed(hosts: t.Mapping[str, Variables], results: t.Mapping[str, t.Sequence[Variables]]) -> tuple[str, ...]:
    """Hosts with a failed result, or with a phase that was begun and not ended."""
    failed = [host for host, entries in results.items() if any(entry.get("failed") for entry in entries)]
    for host, variables in hosts.items():
        states: dict[str, set[str]] = {}
        for mark in phase_marks(variables):
            states.setdefault(mark["name"], set()).add(mark["state"])
        # Preflight ends on all machines at once, in a task that runs once.
        if any(seen == {"started"} for name, seen in states.items() if name != "preflight"):
            failed.append(host)
    return tuple(dict.fromkeys(failed))
