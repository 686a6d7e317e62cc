# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The report as at most 15 lines of text."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.mothership.hcp.plugins.plugin_utils._report.model import Phase, Report

LARGEST = 15
#: Clusters that are listed; more are counted.
_CLUSTERS = 4


def lines(report: Report, *, written: t.Sequence[str] = ()) -> list[str]:
    """:param written: paths of the report files, shown at the end."""
    if report.check_mode:
        return _plan(report)
    shown = [_mothership(report), *_clusters(report), *_stores(report), _times(report), _changes(report)]
    if report.failed:
        shown.append(f"failed      {', '.join(report.failed)}: mend what is shown above and run the same command again")
    if written:
        shown.append(f"report      {', '.join(_short(path) for path in written)}")
    return [*shown, *_next(report)][:LARGEST]


def _mothership(report: Report) -> str:
    mothership = report.mothership
    return (
        f"mothership  {mothership.name}  Kubernetes {mothership.version}  {mothership.endpoint}"
        f"  kubeconfig {_short(mothership.kubeconfig)}"
    )


def _clusters(report: Report) -> list[str]:
    shown = []
    for cluster in report.clusters[:_CLUSTERS]:
        replicas = f"{cluster.replicas} replica{'s' if cluster.replicas != 1 else ''}"
        workers = f"workers {', '.join(cluster.workers)}" if cluster.workers else "no workers"
        endpoint = cluster.endpoint or "no endpoint yet"
        shown.append(
            f"  {cluster.name}  Kubernetes {cluster.version}  {endpoint}  {replicas}  {workers}"
            f"  kubeconfig {_short(cluster.kubeconfig)}"
        )
    rest = len(report.clusters) - _CLUSTERS
    return [*shown, f"  and {rest} more hosted clusters"] if rest > 0 else shown


def _stores(report: Report) -> list[str]:
    shown = []
    if report.database_address:
        shown.append(f"database    PostgreSQL {report.database_address}")
    if report.backup:
        backup = report.backup
        objects = f", {backup.objects} objects" if backup.objects is not None else ""
        state = f"{backup.name} ({backup.phase}{objects})" if backup.name else "none yet"
        shown.append(f"backup      {state} in {backup.bucket}")
    return shown


def _times(report: Report) -> str:
    return f"time        {' · '.join(_phase(phase) for phase in report.phases)} · total {report.total_seconds:.0f} s"


def _phase(phase: Phase) -> str:
    slowest = f" ({phase.slowest})" if phase.slowest else ""
    return f"{phase.name.replace('_', ' ')} {phase.seconds:.0f} s{slowest}"


def counts(report: Report) -> str:
    """``+ create 14  ~ change 3  - delete 0  ! restart 1 (w1: kubelet)``."""
    number = report.summary
    restarts = (
        f" ({', '.join(report.restarts[:3])}{', …' if len(report.restarts) > 3 else ''})" if report.restarts else ""
    )
    return (
        f"+ create {number['create']}  ~ change {number['change']}  - delete {number['delete']}"
        f"  ! restart {number['restart']}{restarts}"
    )


def _changes(report: Report) -> str:
    return f"changed     {counts(report)}" if report.changes or report.restarts else "changed     nothing"


def _next(report: Report) -> list[str]:
    kubeconfig = report.clusters[0].kubeconfig if report.clusters else report.mothership.kubeconfig
    return [
        f"next        kubectl --kubeconfig {_short(kubeconfig)} get nodes",
        "            ansible-playbook mothership.hcp.status",
    ]


def _plan(report: Report) -> list[str]:
    """What a run without ``--check`` would do."""
    machines = {*report.mothership.control_plane, *report.mothership.workers, *report.databases}
    machines |= {worker for cluster in report.clusters for worker in cluster.workers}
    clusters = f"{len(report.clusters)} hosted cluster{'s' if len(report.clusters) != 1 else ''}"
    shown = [
        f'PLAN  mothership "{report.mothership.name}"  ({len(machines)} machines, {clusters})',
        f"  {counts(report)}",
    ]
    symbols = {"create": "+", "update": "~", "run": "~", "delete": "-", "restart": "!"}
    for host in dict.fromkeys(change.host for change in report.changes):
        own = [change for change in report.changes if change.host == host]
        first = ", ".join(f"{symbols.get(change.action, '~')} {change.target}" for change in own[:3])
        place = "mothership" if host == "localhost" else host
        shown.append(f"  {place}: {first}{f' and {len(own) - 3} more' if len(own) > 3 else ''}")
    if len(shown) > LARGEST - 1:
        shown = [*shown[: LARGEST - 2], "  …"]
    if report.failed:
        return [*shown, f"  incomplete: {', '.join(report.failed)} failed, see above"]
    if not report.changes:
        return [*shown, "Nothing would be changed."]
    return [*shown, "Run without --check to apply; --diff shows the contents."]


def _short(path: str) -> str:
    """Relative to the working directory when it is below it."""
    folder = os.getcwd()
    return os.path.relpath(path, folder) if path.startswith(folder + os.sep) else path
