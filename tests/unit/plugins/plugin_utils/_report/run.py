# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run's registered variables, as tasks leave them."""

from __future__ import annotations

from typing import Any

from ansible_collections.mothership.hcp.plugins.plugin_utils._report.collect import Source, collect
from ansible_collections.mothership.hcp.plugins.plugin_utils._report.model import Report

GROUPS = {
    "mothership_control_plane": ["ms1"],
    "postgresql": ["db1"],
    "workers_tenant_a": ["w1", "w2"],
}
SITE = {
    "ansible_host": "192.0.2.11",
    "hosted_clusters": [{"name": "tenant-a"}],
    "velero_s3_bucket": "backups",
    "velero_s3_url": "https://s3.example.com",
    "velero_s3_secret_key": "secret-canary",
}
DEFAULTS = {"mothership_version": "1.36.3", "mothership_port": 6443, "mothership_endpoint": "{{ template }}"}
CLUSTER = {
    "server": "https://192.0.2.11:30016",
    "version": "1.36.3",
    "replicas": 2,
    "kubeconfig": "a/tenant-a/kubeconfig",
}


def phase(name: str, begin: float, end: float | None) -> dict[str, Any]:
    marks = {f"__site_{name}_started": {"mothership_phase": {"name": name, "state": "started", "time": begin}}}
    if end is not None:
        marks[f"__site_{name}_done"] = {"mothership_phase": {"name": name, "state": "done", "time": end}}
    return marks


def result(*targets: str, **more: Any) -> dict[str, Any]:
    return {"changed": bool(targets), "plan": [{"action": "create", "target": target} for target in targets], **more}


def hosts() -> dict[str, dict[str, Any]]:
    return {
        "ms1": {**SITE, **phase("machines", 10, 40), "__mothership_init": result("cluster", restarts=["kubelet"])},
        "db1": {
            "ansible_host": "192.0.2.21",
            **phase("machines", 10, 30),
            "postgresql_server": result("pg_hba.conf", "postgresql.conf"),
        },
        "w1": {**phase("machines", 10, 20), **phase("workers", 60, 66), "__worker_join": result("node w1")},
        "w2": {
            **phase("machines", 10, 21),
            **phase("workers", 60, 65),
            "__worker_join": {"changed": False, "plan": []},
        },
        "localhost": {
            **phase("hosted_control_plane", 40, 55),
            **phase("velero", 60, 70),
            "hosted_control_plane_result": result("Namespace/hcp-tenant-a", clusters={"tenant-a": CLUSTER}),
            "__velero_backup": result(backup={"name": "site-1", "phase": "Completed", "item_count": 41}),
            "__preflight_result": {
                "changed": False,
                "notes": ["a note"],
                "clusters": [{"name": "tenant-a", "version": "9"}],
            },
        },
    }


def report(changes: dict[str, dict[str, Any]] | None = None, *, check_mode: bool = False) -> Report:
    known = hosts()
    for host, variables in (changes or {}).items():
        known[host] = {**known[host], **variables}
    source = Source(known, GROUPS, known["ms1"], DEFAULTS.get, "/srv/artifacts")
    moment = "2026-11-22 15:00:00 UTC"
    return collect(source, now=71.0, generated=moment, collection_version="0.1.0", check_mode=check_mode)
