# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from .run import phase, report


def test_clusters_and_their_endpoints() -> None:
    found = report()
    (cluster,) = found.clusters
    assert (cluster.name, cluster.endpoint, cluster.workers) == ("tenant-a", "https://192.0.2.11:30016", ("w1", "w2"))
    assert (cluster.database, cluster.replicas, cluster.version) == ("hcp_tenant_a", 2, "1.36.3")
    assert found.mothership.endpoint == "https://192.0.2.11:6443"
    assert found.mothership.kubeconfig == "/srv/artifacts/mothership/kubeconfig"
    assert found.database_address == "192.0.2.21:5432"


def test_phases_are_as_long_as_their_slowest_machine() -> None:
    found = report()
    assert [(entry.name, entry.seconds, entry.slowest) for entry in found.phases] == [
        ("machines", 30, "ms1"),
        ("hosted_control_plane", 15, ""),
        ("workers", 6, "w1"),
        ("velero", 10, ""),
    ]
    assert found.total_seconds == 61.0


def test_changes_of_all_hosts_are_counted() -> None:
    found = report()
    assert found.summary == {"create": 5, "change": 0, "delete": 0, "restart": 1}
    assert found.restarts == ("ms1: kubelet",)
    assert {change.host for change in found.changes} == {"ms1", "db1", "w1", "localhost"}


def test_results_of_loops_are_read_one_by_one() -> None:
    looped = {"changed": True, "results": [{"changed": True, "plan": [{"action": "update", "target": "x"}]}]}
    assert report({"w2": {"__worker_loop": looped}}).summary["change"] == 1


def test_the_newest_backup_and_the_notes() -> None:
    found = report()
    assert found.backup is not None
    assert (found.backup.name, found.backup.objects) == ("site-1", 41)
    assert found.notes == ("a note",)


def test_hosts_that_failed_or_got_stuck_are_told() -> None:
    assert report().failed == ()
    assert report({"w2": {"__worker_join": {"changed": False, "failed": True}}}).failed == ("w2",)
    stuck = {**phase("machines", 10, None), "__site_machines_done": {"skipped": True}}
    assert report({"db1": stuck}).failed == ("db1",)


def test_no_velero_no_backup() -> None:
    found = report({"ms1": {"velero_enabled": "false"}})
    assert found.backup is None
    assert "velero" not in [entry.name for entry in found.phases]


def test_phases_of_an_instant_are_left_out() -> None:
    assert "workers" not in [
        entry.name for entry in report({"w1": phase("workers", 60, 60.1), "w2": {**phase("workers", 60, 60)}}).phases
    ]


def test_what_restarts_on_the_mothership_has_no_host() -> None:
    changed = {"changed": True, "plan": [], "restarts": ["Deployment/hcp-tenant-a/tenant-a"]}
    assert "Deployment/hcp-tenant-a/tenant-a" in report({"localhost": {"__x": changed}}).restarts


def test_no_secret_is_collected() -> None:
    assert "canary" not in repr(report())
    assert "canary" not in str(report().as_json())
