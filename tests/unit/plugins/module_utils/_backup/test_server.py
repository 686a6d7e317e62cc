# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._backup.scope import Scope
from ansible_collections.mothership.hcp.plugins.module_utils._backup.server import (
    Desired,
    ensure_server,
    location_state,
    require_location,
)
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline

from tests.unit.plugins.module_utils._backup.fakes import SERVER, FakeCluster, definitions, location

SCOPE = Scope.of(["hcp-a"], [], "24h", "default")
DESIRED = Desired(SERVER, SCOPE, "0 1 * * *")
ALL = [
    "Namespace/velero",
    "ServiceAccount/velero/velero",
    "ClusterRoleBinding/velero",
    "Secret/velero/cloud-credentials",
    "Deployment/velero/velero",
    "BackupStorageLocation/velero/default",
    "Schedule/velero/site",
]


def ensure(cluster: t.Any, desired: t.Any = DESIRED, **how: t.Any) -> t.Any:
    return ensure_server(
        cluster, desired, **{"absent_api": False, "check_mode": False, "wait": True, "deadline": Deadline(5), **how}
    )


def velero(kind: t.Any, cluster: t.Any) -> None:
    """What happens on a real cluster meanwhile: the pod brings definitions, the server checks its location."""
    if kind == "Deployment":
        for one in definitions():
            cluster.add(one)
    if kind == "BackupStorageLocation":
        cluster.get("", kind, "default", "velero")["status"] = {
            "phase": "Available",
            "lastValidationTime": f"2026-11-22T15:00:{len(cluster.log):02}Z",
        }


@pytest.fixture
def cluster() -> t.Any:
    found = FakeCluster()
    found.on_wait = velero
    return found


def test_first_run_waits_for_what_the_next_step_needs(cluster: t.Any) -> None:
    plan, seen = ensure(cluster)
    assert [change.target for change in plan.changes] == ALL
    assert seen["status"]["phase"] == "Available"
    order = [cluster.log.index(f"apply {kind}") for kind in ("Deployment", "BackupStorageLocation")]
    assert order[0] < cluster.log.index("wait Deployment") < cluster.log.index("wait Schedule") < order[1]
    assert cluster.log[-1] == "wait BackupStorageLocation"


def test_second_run_changes_nothing(cluster: t.Any) -> None:
    ensure(cluster)
    cluster.mutations.clear()
    plan, seen = ensure(cluster)
    assert (bool(plan), cluster.mutations) == (False, [])
    assert seen["status"]["phase"] == "Available"


@pytest.mark.parametrize("installed", [False, True])
def test_check_mode_makes_no_mutating_call(cluster: t.Any, installed: bool) -> None:
    if installed:
        ensure(cluster)
        cluster.get("", "Deployment", "velero", "velero")["spec"] = {}
        cluster.mutations.clear()
    plan, _seen = ensure(cluster, check_mode=True)
    assert cluster.mutations == []
    assert [change.target for change in plan.changes] == (["Deployment/velero/velero"] if installed else ALL)
    # Negative control: the same call without check mode does mutate.
    ensure(cluster)
    assert cluster.mutations


def test_check_mode_without_an_api_plans_everything(cluster: t.Any) -> None:
    plan, _seen = ensure(cluster, check_mode=True, absent_api=True)
    assert [change.target for change in plan.changes] == ALL


def test_schedule_goes_when_there_is_nothing_to_back_up(cluster: t.Any) -> None:
    ensure(cluster)
    nothing = Desired(SERVER)
    plan, _seen = ensure(cluster, nothing, check_mode=True)
    assert [(change.action, change.target) for change in plan.changes] == [("delete", "Schedule/velero/site")]
    assert cluster.get("", "Schedule", "site", "velero")
    ensure(cluster, nothing)
    assert cluster.get("", "Schedule", "site", "velero") is None
    assert not ensure(cluster, nothing)[0]


def test_a_check_from_before_the_change_does_not_count(cluster: t.Any) -> None:
    ensure(cluster)
    cluster.get("", "Secret", "cloud-credentials", "velero")["data"] = {}
    cluster.on_wait = lambda kind, cluster: None
    with pytest.raises(TimedOut, match="not checked by Velero yet"):
        ensure(cluster)


def test_a_check_by_the_restarted_server_does_count(cluster: t.Any) -> None:
    ensure(cluster)
    cluster.get("", "Secret", "cloud-credentials", "velero")["data"] = {}

    def restart(kind: t.Any, cluster: t.Any) -> None:
        if kind == "Deployment":
            found = cluster.get("", "BackupStorageLocation", "default", "velero")
            cluster.add({**found, "status": {"phase": "Available", "lastValidationTime": "later"}})

    cluster.on_wait = restart
    assert ensure(cluster)[1]["status"]["lastValidationTime"] == "later"


def test_a_changed_pod_restarts_the_server_and_a_changed_secret_alone_does_not(cluster: t.Any) -> None:
    assert ensure(cluster)[0].restarts == []
    live = cluster.get("", "Deployment", "velero", "velero")
    cluster.add({**live, "spec": {**live["spec"], "template": {}}})
    assert ensure(cluster, check_mode=True)[0].restarts == ["Deployment/velero/velero"]
    cluster.add({**live, "spec": {**live["spec"], "replicas": 2}})
    assert ensure(cluster, check_mode=True)[0].restarts == []


def test_a_second_failed_check_ends_the_wait(cluster: t.Any) -> None:
    ensure(cluster)
    broken = {**SERVER.__dict__, "s3": dataclasses.replace(SERVER.s3, bucket="other")}
    turns = iter(["15:00:00", "15:01:00", "15:02:00"])

    def fail(kind: t.Any, cluster: t.Any) -> None:
        if kind == "BackupStorageLocation":
            found = cluster.get("", kind, "default", "velero")
            cluster.add({**found, "status": location("Unavailable", next(turns))["status"]})

    cluster.on_wait = fail
    with pytest.raises(HcpError, match="cannot use the storage location") as caught:
        ensure(cluster, Desired(type(SERVER)(**broken), SCOPE, "0 1 * * *"))
    assert not isinstance(caught.value, TimedOut)
    assert next(turns) == "15:02:00"


def test_messages_of_velero_lose_their_wrapping() -> None:
    message = (
        'BackupStorageLocation "default" is unavailable: rpc error: code = Unknown desc = operation error S3: '
        "ListObjectsV2, https response error StatusCode: 404, RequestID: E1J, HostID: Bej=, NoSuchBucket: no bucket"
    )
    found = {"status": {"phase": "Unavailable", "lastValidationTime": "15:00:00", "message": message}}
    assert location_state(found, None) == (
        "Unavailable: operation error S3: ListObjectsV2, https response error StatusCode: 404, NoSuchBucket: no bucket"
    )


def test_an_unavailable_location_tells_what_velero_says(cluster: t.Any) -> None:
    ensure(cluster)
    cluster.add(
        {**cluster.get("", "BackupStorageLocation", "default", "velero"), "status": location("Unavailable")["status"]}
    )
    cluster.on_wait = lambda kind, cluster: None
    with pytest.raises(TimedOut, match="Unavailable: no such host"):
        ensure(cluster)


def test_location_state() -> None:
    assert location_state(location(), None) is None
    assert location_state(location(), "2026-11-22T14:00:00Z") == "not checked by Velero yet"
    assert location_state({}, "") == "not checked by Velero yet"


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([], "does not exist"),
        ([location("Unavailable")], "no such host"),
        ([location(accessMode="ReadOnly")], "read-only"),
    ],
)
def test_no_backup_without_a_usable_location(objects: t.Any, told: str) -> None:
    with pytest.raises(HcpError, match=told):
        require_location(FakeCluster(*objects), "velero", "default")
