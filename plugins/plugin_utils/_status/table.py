# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The status as a table, and the list of what is not healthy."""

from __future__ import annotations

import typing as t

from ansible_collections.mothership.hcp.plugins.plugin_utils._status.gather import (
    ClusterStatus,
    MothershipStatus,
    Node,
)

Databases = t.Mapping[str, t.Mapping[str, t.Any]]

_HEAD = ("HOSTED CLUSTER", "VERSION", "REPLICAS", "API", "DATABASE", "WORKERS")


def lines(name: str, status: MothershipStatus, databases: Databases) -> list[str]:
    """:param databases: machine -> what module ``postgresql_info`` returned there."""
    shown = [f"mothership  {name}  {status.server}  {status.api}"]
    shown += [f"  {_node(node)}" for node in status.nodes]
    known = {entry["name"]: entry for found in databases.values() for entry in found.get("databases") or []}
    if status.clusters:
        rows = [_cluster(cluster, known.get(_database(cluster.name))) for cluster in status.clusters]
        shown += ["", *_columns([_HEAD, *rows])]
    shown.append("")
    for machine, found in databases.items():
        server = found.get("server") or {}
        state = "PostgreSQL does not answer"
        if found.get("running"):
            used = f"{server.get('connections')} of {server.get('max_connections')} connections"
            state = f"PostgreSQL {server.get('version')}, {used}"
        shown.append(f"database    {machine}  {state}")
    if status.backup:
        backup = status.backup
        newest = f"{backup.newest} {backup.phase} {backup.completed}".rstrip() if backup.newest else "no backup yet"
        shown.append(f"backups     location {backup.location}  {newest}")
    return shown


def problems(status: MothershipStatus, databases: Databases, workers: t.Mapping[str, t.Sequence[str]]) -> list[str]:
    """Everything that is not as it should be.

    :param workers: hosted cluster -> the machines of its group, which should be its nodes.
    """
    found = [] if status.api == "ok" else [f"mothership: {status.api}"]
    found += [_unready("mothership", node) for node in status.nodes if not node.ready]
    for cluster in status.clusters:
        found += _cluster_problems(cluster, workers.get(cluster.name, ()))
    for machine, entry in databases.items():
        if not entry.get("running"):
            found.append(f"database on {machine}: {entry.get('problem') or 'does not answer'}")
    if status.backup:
        if status.backup.location != "Available":
            found.append(f"backups: the storage location is {status.backup.location}")
        if status.backup.phase in ("Failed", "PartiallyFailed", "FailedValidation"):
            found.append(f"backups: {status.backup.newest} is {status.backup.phase}")
    return found


def _cluster_problems(cluster: ClusterStatus, machines: t.Sequence[str]) -> list[str]:
    found = []
    if cluster.api != "ok":
        found.append(f"{cluster.name}: API {cluster.api}")
    if cluster.replicas == 0 or cluster.ready_replicas < cluster.replicas:
        found.append(f"{cluster.name}: {cluster.ready_replicas} of {cluster.replicas} replicas are ready")
    found += [_unready(cluster.name, node) for node in cluster.nodes if not node.ready]
    if cluster.api == "ok":
        names = {node.name for node in cluster.nodes}
        missing = [machine for machine in machines if machine.lower() not in names]
        found += [f"{cluster.name}: {machine} is no node" for machine in missing]
    return found


def _unready(where: str, node: Node) -> str:
    return f"{where}: node {node.name} is not Ready: {node.reason}"


def _node(node: Node) -> str:
    return f"{node.name}  {'Ready' if node.ready else 'NotReady'}  {node.version}"


def _database(cluster: str) -> str:
    return "hcp_" + cluster.replace("-", "_")


def _cluster(cluster: ClusterStatus, database: t.Mapping[str, t.Any] | None) -> tuple[str, ...]:
    ready = [node.name for node in cluster.nodes if node.ready]
    unready = [f"{node.name} (NotReady)" for node in cluster.nodes if not node.ready]
    stored = "-"
    if database:
        limit = database["connection_limit"]
        stored = f"{database['size'] / 1024**2:.0f} MiB, {database['connections']} of {limit} connections"
    return (
        cluster.name,
        cluster.version or "-",
        f"{cluster.ready_replicas}/{cluster.replicas}",
        f"{cluster.server} {cluster.api}".strip(),
        stored,
        ", ".join([*ready, *unready]) or "none",
    )


def _columns(rows: t.Sequence[t.Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
