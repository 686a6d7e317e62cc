# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from typing import Any

from ansible_collections.mothership.hcp.plugins.plugin_utils._status import table
from ansible_collections.mothership.hcp.plugins.plugin_utils._status.gather import (
    BackupStatus,
    ClusterStatus,
    MothershipStatus,
    Node,
)

GOOD = MothershipStatus(
    "https://192.0.2.11:6443",
    "ok",
    (Node("ms1", True, "1.36.3"),),
    (ClusterStatus("tenant-a", "https://192.0.2.11:30016", "ok", 2, 2, "1.36.3", (Node("w1", True, "1.36.3"),)),),
    BackupStatus("Available", "site-1", "Completed", "2026-11-22T14:45:02Z"),
)
DATABASES: dict[str, dict[str, Any]] = {
    "db1": {
        "running": True,
        "server": {"version": "15.14", "connections": 14, "max_connections": 200},
        "databases": [{"name": "hcp_tenant_a", "size": 9 * 1024**2, "connections": 12, "connection_limit": 63}],
    }
}
WORKERS = {"tenant-a": ["W1"]}


def changed(**cluster: Any) -> list[str]:
    clusters = (dataclasses.replace(GOOD.clusters[0], **cluster),)
    return table.problems(dataclasses.replace(GOOD, clusters=clusters), DATABASES, WORKERS)


def test_a_healthy_site() -> None:
    assert table.problems(GOOD, DATABASES, WORKERS) == []
    shown = "\n".join(table.lines("mothership", GOOD, DATABASES))
    for said in (
        "ms1  Ready  1.36.3",
        "2/2",
        "30016 ok",
        "9 MiB, 12 of 63 connections",
        "14 of 200",
        "site-1 Completed",
    ):
        assert said in shown


def test_what_is_not_healthy_is_named() -> None:
    assert changed(ready_replicas=1) == ["tenant-a: 1 of 2 replicas are ready"]
    assert changed(api="refused") == ["tenant-a: API refused"]
    assert changed(nodes=()) == ["tenant-a: W1 is no node"]
    node = Node("w1", False, "1.36.3", "kubelet stopped")
    assert changed(nodes=(node,)) == ["tenant-a: node w1 is not Ready: kubelet stopped"]


def test_a_mothership_database_and_backup_that_are_not_healthy() -> None:
    status = MothershipStatus("", "refused", (), (), BackupStatus("Unavailable", "b", "Failed"))
    databases: dict[str, dict[str, Any]] = {
        "db1": {"running": False, "problem": "it is down"},
        "db2": {"unreachable": True},
    }
    assert table.problems(status, databases, {}) == [
        "mothership: refused",
        "database on db1: it is down",
        "database on db2: does not answer",
        "backups: the storage location is Unavailable",
        "backups: b is Failed",
    ]
    assert "database    db1  PostgreSQL does not answer" in table.lines("m", status, databases)


def test_no_backup_yet_is_no_problem() -> None:
    status = dataclasses.replace(GOOD, backup=BackupStatus("Available"))
    assert table.problems(status, DATABASES, WORKERS) == []
    assert "no backup yet" in "\n".join(table.lines("m", status, DATABASES))
