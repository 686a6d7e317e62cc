# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._backup.archive import archive_key
from ansible_collections.mothership.hcp.plugins.module_utils._backup.backup import (
    CONTENT_LABEL,
    Request,
    backup_name,
    backup_state,
    run_backup,
)
from ansible_collections.mothership.hcp.plugins.module_utils._backup.scope import Scope
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline, Timings

from tests.unit.plugins.module_utils._backup.fakes import (
    FakeCluster,
    FakeStore,
    archive,
    definitions,
    location,
    namespace,
    results,
    secret,
)

NOW = datetime.datetime(2026, 11, 22, 14, 45, tzinfo=datetime.timezone.utc)
NAME = "site-20261122t144500z"
REQUEST = Request("velero", Scope.of(["hcp-a"], [], "24h", "default"))


def velero(phase: str = "Completed", **status: t.Any) -> t.Any:
    """A Velero that ends every backup at once."""

    def act(kind: t.Any, cluster: t.Any) -> None:
        for backup in cluster.list_objects("", "Backup", "velero"):
            backup.setdefault(
                "status",
                {
                    "phase": phase,
                    "completionTimestamp": "2026-11-22T14:45:01Z",
                    "expiration": "2026-12-22T14:45:00Z",
                    "progress": {"itemsBackedUp": 7, "totalItems": 7},
                    **status,
                },
            )

    return act


@pytest.fixture
def cluster() -> t.Any:
    found = FakeCluster(*definitions(), location(), namespace("hcp-a"), secret("hcp-a", "ca"))
    found.on_wait = velero()
    return found


def run(
    cluster: t.Any, request: t.Any = REQUEST, *, now: t.Any = NOW, absent_api: bool = False, check_mode: bool = False
) -> t.Any:
    return run_backup(
        cluster,
        request,
        absent_api=absent_api,
        check_mode=check_mode,
        deadline=Deadline(5),
        timings=Timings(),
        now=now,
    )


def later(**span: t.Any) -> t.Any:
    return NOW + datetime.timedelta(**span)


def test_backup_is_made_and_reported(cluster: t.Any) -> None:
    plan, facts = run(cluster)
    assert [(change.action, change.target) for change in plan.changes] == [("create", f"Backup/velero/{NAME}")]
    assert (facts["name"], facts["phase"], facts["item_count"], facts["reason"]) == (NAME, "Completed", 7, "made now")


def test_names_differ_from_those_of_the_schedule() -> None:
    # Velero appends 20261122144500 to the Schedule's name "site".
    assert backup_name(NOW) == NAME


def test_equal_content_needs_no_second_backup(cluster: t.Any) -> None:
    run(cluster)
    cluster.mutations.clear()
    plan, facts = run(cluster, now=later(hours=1))
    assert (bool(plan), cluster.mutations, facts["name"]) == (False, [], NAME)


@pytest.mark.parametrize(
    "change",
    [
        lambda cluster: cluster.add(secret("hcp-a", "ca", "rotated")),
        lambda cluster: cluster.add(secret("hcp-a", "new")),
        lambda cluster: cluster.list_objects("", "Backup", "velero")[0]["status"].update(phase="Deleting"),
        lambda cluster: cluster.list_objects("", "Backup", "velero")[0]["status"].update(
            expiration="2026-11-22T15:00:00Z"
        ),
        lambda cluster: cluster.objects.pop(("Backup", "velero", NAME)),
    ],
)
def test_what_makes_a_second_backup_necessary(cluster: t.Any, change: t.Any) -> None:
    run(cluster)
    change(cluster)
    assert run(cluster, now=later(hours=1))[0]


def test_an_old_backup_does_not_stand(cluster: t.Any) -> None:
    run(cluster)
    assert run(cluster, now=later(hours=25))[0]


@pytest.mark.parametrize("absent_api", [False, True])
def test_check_mode_makes_no_mutating_call(cluster: t.Any, absent_api: bool) -> None:
    plan, _facts = run(cluster, check_mode=True, absent_api=absent_api)
    assert [change.target for change in plan.changes] == [f"Backup/velero/{NAME}"]
    assert cluster.mutations == []
    # Negative control: the same call without check mode does mutate.
    run(cluster)
    assert cluster.mutations


def test_check_mode_before_anything_exists() -> None:
    assert run(FakeCluster(), check_mode=True)[0]
    assert run(FakeCluster(*definitions()), check_mode=True)[0]


def test_check_mode_tells_that_nothing_would_be_done(cluster: t.Any) -> None:
    run(cluster)
    assert not run(cluster, now=later(hours=1), check_mode=True)[0]


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (("CustomResourceDefinition", "", "backups.velero.io"), "Velero is not installed"),
        (("Namespace", "", "hcp-a"), "namespaces: hcp-a"),
        (("BackupStorageLocation", "velero", "default"), "does not exist"),
    ],
)
def test_what_is_missing_is_named(cluster: t.Any, missing: t.Any, told: str) -> None:
    del cluster.objects[missing]
    with pytest.raises(HcpError, match=told):
        run(cluster)
    assert cluster.mutations == []


@pytest.mark.parametrize("phase", ["PartiallyFailed", "Failed", "FailedValidation"])
def test_a_backup_that_is_not_completed_is_an_error_and_never_stands(cluster: t.Any, phase: t.Any) -> None:
    cluster.on_wait = velero(phase, errors=1, failureReason="the disk is full", validationErrors=["no location"])
    with pytest.raises(HcpError) as caught:
        run(cluster)
    assert phase in str(caught.value)
    assert "the disk is full" in str(caught.value)
    assert "no location" in str(caught.value)
    cluster.on_wait = velero()
    assert run(cluster, now=later(minutes=1))[0]


def test_reasons_are_read_from_the_bucket(cluster: t.Any) -> None:
    cluster.on_wait = velero("PartiallyFailed", errors=1)
    store = FakeStore()
    store.objects[f"mothership/backups/{NAME}/{NAME}-results.gz"] = results(errors={"velero": ["forbidden"]})
    with pytest.raises(HcpError, match="error: velero: forbidden"):
        run(cluster, Request("velero", REQUEST.scope, store=store))


def test_backup_is_read_and_compared(cluster: t.Any) -> None:
    store = FakeStore()
    store.objects[archive_key(store, NAME)] = archive(secret("hcp-a", "ca"), namespace("hcp-a"))
    facts = run(cluster, Request("velero", REQUEST.scope, store=store))[1]
    assert facts["verified"] == {"objects": 2, "compared": 1}


def test_a_backup_that_cannot_be_read_never_stands(cluster: t.Any) -> None:
    store = FakeStore()
    store.objects[archive_key(store, NAME)] = b"no archive"
    with pytest.raises(HcpError, match="cannot be read"):
        run(cluster, Request("velero", REQUEST.scope, store=store))
    made = cluster.get("", "Backup", NAME, "velero")
    assert CONTENT_LABEL not in made["metadata"].get("labels", {})
    assert run(cluster, now=later(minutes=1))[0]


def test_a_given_name_stands_whatever_its_age(cluster: t.Any) -> None:
    named = Request("velero", REQUEST.scope, name="before-upgrade")
    run(cluster, named)
    assert not run(cluster, named, now=later(days=3))[0]
    cluster.add(secret("hcp-a", "ca", "rotated"))
    with pytest.raises(HcpError, match="a backup of this name exists"):
        run(cluster, named, now=later(days=3))


def test_a_backup_that_never_ends_tells_how_far_it_is(cluster: t.Any) -> None:
    cluster.on_wait = velero("InProgress", progress={"itemsBackedUp": 3, "totalItems": 9})
    with pytest.raises(TimedOut, match="InProgress, 3 of 9 items"):
        run(cluster)


def test_states() -> None:
    assert backup_state([]) == "not created yet"
    assert backup_state([{}]) == "New"
    assert backup_state([{"status": {"phase": "Completed"}}]) is None
