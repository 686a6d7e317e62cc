# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Verdicts: is it ready, and if not, what is missing?

A verdict takes the watched objects and returns ``None`` when nothing is missing, else a short text.
"""

from __future__ import annotations

import typing as t

Object = dict[str, t.Any]
Verdict = t.Callable[[list[Object]], t.Optional[str]]


def each(judge: t.Callable[[Object], str | None]) -> Verdict:
    """A verdict on one or more objects: all must please ``judge``, and there must be at least one."""

    def verdict(objects: list[Object]) -> str | None:
        if not objects:
            return "not created yet"
        missing = [(obj, text) for obj in objects if (text := judge(obj))]
        if not missing:
            return None
        if len(objects) == 1:
            return missing[0][1]
        name = missing[0][0]["metadata"]["name"]
        return f"{len(objects) - len(missing)} of {len(objects)} ready; {name}: {missing[0][1]}"

    return verdict


def deployment_ready() -> Verdict:
    """The newest specification is observed, all its replicas are available, no pod of an older one is left."""
    return each(_deployment)


def daemonset_ready() -> Verdict:
    """The newest specification is observed and its pod is available on every machine that shall have one."""
    return each(_daemonset)


def statefulset_ready() -> Verdict:
    """The newest specification is observed and all its replicas are updated and available."""
    return each(_statefulset)


def job_complete() -> Verdict:
    """The job succeeded; a failed job never becomes ready."""
    return each(_job)


def pod_ready() -> Verdict:
    """The pod runs and its readiness probes succeed."""
    return each(lambda obj: None if _phase(obj) == "Succeeded" else _condition(obj, "Ready"))


def node_ready(name: str | None = None) -> Verdict:
    """The node ``name`` (or every watched node) reports Ready, and its network is set up."""

    def verdict(objects: list[Object]) -> str | None:
        nodes = [obj for obj in objects if name is None or obj["metadata"]["name"] == name]
        return "not registered yet" if not nodes else each(lambda obj: _condition(obj, "Ready"))(nodes)

    return verdict


def crd_established() -> Verdict:
    """The API server serves the custom resource."""
    return each(lambda obj: _condition(obj, "NamesAccepted") or _condition(obj, "Established"))


def condition_true(condition_type: str) -> Verdict:
    """The condition of this type is True."""
    return each(lambda obj: _condition(obj, condition_type))


def gone() -> Verdict:
    """Nothing that is watched exists any more."""

    def verdict(objects: list[Object]) -> str | None:
        if not objects:
            return None
        names = ", ".join(sorted(obj["metadata"]["name"] for obj in objects)[:3])
        return f"{len(objects)} still there: {names}"

    return verdict


def no_pod_terminating() -> Verdict:
    """No watched pod is on its way out."""

    def verdict(objects: list[Object]) -> str | None:
        leaving = [obj for obj in objects if obj["metadata"].get("deletionTimestamp")]
        return f"{len(leaving)} old pods still terminating" if leaving else None

    return verdict


#: How the readiness of a kind is judged; kinds that are not here are ready when they exist.
BY_KIND: dict[tuple[str, str], t.Callable[[], Verdict]] = {
    ("apps/v1", "Deployment"): deployment_ready,
    ("apps/v1", "DaemonSet"): daemonset_ready,
    ("apps/v1", "StatefulSet"): statefulset_ready,
    ("batch/v1", "Job"): job_complete,
    ("v1", "Pod"): pod_ready,
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): crd_established,
    ("apiregistration.k8s.io/v1", "APIService"): lambda: condition_true("Available"),
}


def _observed(obj: Object) -> str | None:
    generation = int(obj["metadata"].get("generation") or 0)
    if int((obj.get("status") or {}).get("observedGeneration") or 0) < generation:
        return "the newest specification is not observed yet"
    return None


def _replicas(obj: Object) -> int:
    replicas = (obj.get("spec") or {}).get("replicas")
    return 1 if replicas is None else int(replicas)


def _count(obj: Object, field: str) -> int:
    return int((obj.get("status") or {}).get(field) or 0)


def _deployment(obj: Object) -> str | None:
    wanted, updated = _replicas(obj), _count(obj, "updatedReplicas")
    if text := _observed(obj):
        return text
    if updated < wanted:
        return f"{updated} of {wanted} replicas updated"
    if _count(obj, "replicas") > updated:
        return f"{_count(obj, 'replicas') - updated} old replicas still there"
    if _count(obj, "availableReplicas") < wanted:
        return f"{_count(obj, 'availableReplicas')} of {wanted} replicas available"
    # Servers that do not count terminating pods leave the field out.
    if _count(obj, "terminatingReplicas"):
        return f"{_count(obj, 'terminatingReplicas')} old replicas still terminating"
    return None


def _daemonset(obj: Object) -> str | None:
    wanted = _count(obj, "desiredNumberScheduled")
    if text := _observed(obj):
        return text
    if _count(obj, "updatedNumberScheduled") < wanted:
        return f"{_count(obj, 'updatedNumberScheduled')} of {wanted} pods updated"
    if _count(obj, "numberAvailable") < wanted:
        return f"{_count(obj, 'numberAvailable')} of {wanted} pods available"
    if _count(obj, "numberMisscheduled"):
        return f"{_count(obj, 'numberMisscheduled')} pods still where they do not belong"
    return None


def _statefulset(obj: Object) -> str | None:
    wanted, status = _replicas(obj), obj.get("status") or {}
    if text := _observed(obj):
        return text
    if _count(obj, "updatedReplicas") < wanted or status.get("updateRevision") != status.get("currentRevision"):
        return f"{_count(obj, 'updatedReplicas')} of {wanted} replicas updated"
    if _count(obj, "replicas") > wanted:
        return f"{_count(obj, 'replicas') - wanted} old replicas still there"
    if _count(obj, "availableReplicas") < wanted:
        return f"{_count(obj, 'availableReplicas')} of {wanted} replicas available"
    return None


def _job(obj: Object) -> str | None:
    if _condition(obj, "Failed") is None:
        return "failed: " + (condition_of(obj, "Failed").get("message") or "no message")
    return _condition(obj, "Complete")


def condition_of(obj: t.Mapping[str, t.Any], condition_type: str) -> Object:
    """The condition of this type, or an empty mapping."""
    for condition in (obj.get("status") or {}).get("conditions") or []:
        if condition.get("type") == condition_type:
            return dict(condition)
    return {}


def _condition(obj: Object, condition_type: str) -> str | None:
    condition = condition_of(obj, condition_type)
    if condition.get("status") == "True":
        return None
    why = condition.get("message") or condition.get("reason")
    return f"not {condition_type} yet" + (f": {why}" if why else "")


def _phase(obj: Object) -> str | None:
    return (obj.get("status") or {}).get("phase")
