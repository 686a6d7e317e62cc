# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._kube import readiness
from ansible_collections.mothership.hcp.plugins.module_utils._kube.diagnosis import conditions, pod_troubles


def workload(status: dict[str, t.Any], replicas: int | None = 2, generation: int = 3) -> dict[str, t.Any]:
    spec = {} if replicas is None else {"replicas": replicas}
    return {"kind": "X", "metadata": {"name": "web", "generation": generation}, "spec": spec, "status": status}


READY = {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({}, None),
        ({"observedGeneration": 2}, "the newest specification is not observed yet"),
        ({"updatedReplicas": 1}, "1 of 2 replicas updated"),
        ({"replicas": 3}, "1 old replicas still there"),
        ({"availableReplicas": 1}, "1 of 2 replicas available"),
        ({"terminatingReplicas": 1}, "1 old replicas still terminating"),
    ],
)
def test_deployment(change: dict[str, int], text: str | None) -> None:
    assert readiness.deployment_ready()([workload({**READY, **change})]) == text


def test_a_deployment_without_replicas_field_wants_one_and_zero_is_possible() -> None:
    assert readiness.deployment_ready()([workload({"observedGeneration": 3}, None)]) == "0 of 1 replicas updated"
    assert readiness.deployment_ready()([workload({"observedGeneration": 3}, 0)]) is None


def test_nothing_there_is_not_ready() -> None:
    assert readiness.deployment_ready()([]) == "not created yet"
    assert readiness.node_ready("a")([]) == "not registered yet"
    assert readiness.gone()([]) is None


def test_several_objects_are_counted() -> None:
    verdict = readiness.deployment_ready()([workload(READY), workload({**READY, "availableReplicas": 0})])
    assert verdict == "1 of 2 ready; web: 0 of 2 replicas available"


DAEMONS = {
    "observedGeneration": 3,
    "desiredNumberScheduled": 2,
    "updatedNumberScheduled": 2,
    "numberAvailable": 2,
    "numberMisscheduled": 0,
}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({}, None),
        ({"observedGeneration": 1}, "the newest specification is not observed yet"),
        ({"updatedNumberScheduled": 1}, "1 of 2 pods updated"),
        ({"numberAvailable": 0}, "0 of 2 pods available"),
        ({"numberMisscheduled": 1}, "1 pods still where they do not belong"),
    ],
)
def test_daemonset(change: dict[str, int], text: str | None) -> None:
    assert readiness.daemonset_ready()([workload({**DAEMONS, **change})]) == text


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({}, None),
        ({"observedGeneration": 2}, "the newest specification is not observed yet"),
        ({"currentRevision": "0"}, "2 of 2 replicas updated"),
        ({"replicas": 3}, "1 old replicas still there"),
        ({"availableReplicas": 0}, "0 of 2 replicas available"),
    ],
)
def test_statefulset(change: dict[str, t.Any], text: str | None) -> None:
    status = {**READY, "currentRevision": "1", "updateRevision": "1", **change}
    assert readiness.statefulset_ready()([workload(status)]) == text


def with_condition(kind: str, status: str, **more: str) -> dict[str, t.Any]:
    return workload({"conditions": [{"type": kind, "status": status, **more}]})


def test_conditions() -> None:
    assert readiness.node_ready("web")([with_condition("Ready", "True")]) is None
    not_ready = with_condition("Ready", "False", message="cni plugin not initialized")
    assert readiness.node_ready()([not_ready]) == "not Ready yet: cni plugin not initialized"
    assert readiness.node_ready("other")([not_ready]) == "not registered yet"
    assert readiness.job_complete()([with_condition("Complete", "True")]) is None
    assert readiness.job_complete()([with_condition("Failed", "True", message="BackoffLimit")]) == (
        "failed: BackoffLimit"
    )
    assert readiness.pod_ready()([workload({"phase": "Succeeded"})]) is None
    assert readiness.pod_ready()([workload({"phase": "Pending"})]) == "not Ready yet"
    both = {"conditions": [{"type": kind, "status": "True"} for kind in ("NamesAccepted", "Established")]}
    assert readiness.crd_established()([workload(both)]) is None
    assert readiness.crd_established()([with_condition("NamesAccepted", "True")]) == "not Established yet"
    assert readiness.condition_true("Available")([with_condition("Available", "True")]) is None


def test_pods_that_leave() -> None:
    leaving = {"metadata": {"name": "a", "deletionTimestamp": "now"}}
    assert readiness.no_pod_terminating()([leaving, {"metadata": {"name": "b"}}]) == "1 old pods still terminating"
    assert readiness.no_pod_terminating()([{"metadata": {"name": "b"}}]) is None
    assert readiness.gone()([leaving]) == "1 still there: a"


def test_troubles_of_pods() -> None:
    def pod(**status: t.Any) -> dict[str, t.Any]:
        return {"kind": "Pod", "metadata": {"name": "p"}, "status": status}

    def container(**state: t.Any) -> dict[str, t.Any]:
        return {"name": "main", "state": state}

    unscheduled = {"type": "PodScheduled", "status": "False", "message": "0/2 nodes are available"}
    assert pod_troubles(pod(conditions=[unscheduled])) == ["p: not scheduled: 0/2 nodes are available"]
    assert pod_troubles(pod(containerStatuses=[container(waiting={"reason": "ImagePullBackOff"})])) == [
        "p/main: ImagePullBackOff"
    ]
    assert pod_troubles(pod(initContainerStatuses=[container(terminated={"exitCode": 2, "reason": "Error"})])) == [
        "p/main: ended with code 2 (Error)"
    ]
    assert pod_troubles(pod(containerStatuses=[container(running={"startedAt": "x"})])) == [
        "p/main: runs, its readiness or startup probe does not succeed yet"
    ]
    assert pod_troubles(pod(containerStatuses=[{**container(running={"startedAt": "x"}), "ready": True}])) == []


def test_long_texts_are_cut() -> None:
    obj = with_condition("Ready", "False", message="x" * 1000)
    assert len(conditions(obj)[0]) == 300
