# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import TimedOut, Unreachable
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline, Progress
from ansible_collections.mothership.hcp.plugins.module_utils._kube import wait as wait_file
from ansible_collections.mothership.hcp.plugins.module_utils._kube.client import ApiError
from ansible_collections.mothership.hcp.plugins.module_utils._kube.rollout import wait_gone, wait_ready, wait_rolled_out
from ansible_collections.mothership.hcp.plugins.module_utils._kube.wait import Watched, deployment_ready, wait_until

from tests.unit.plugins.module_utils._kube.fake_api import FakeApi, config_map


class Said(Progress):
    def __init__(self) -> None:
        super().__init__("")
        self.lines: list[str] = []

    def say(self, subject: str, text: str) -> None:
        self.lines.append(f"{subject}: {text}")


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait_file, "_PAUSE", 0.01)


def deployment(name: str = "web", ready: int = 0, **metadata: t.Any) -> dict[str, t.Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "generation": 1, **metadata},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}}},
        "status": {
            "observedGeneration": 1,
            "replicas": 2,
            "updatedReplicas": 2,
            "availableReplicas": ready,
            "conditions": [{"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable"}],
        },
    }


def event_of(event_type: str, obj: dict[str, t.Any], version: str = "7") -> dict[str, t.Any]:
    return {"type": event_type, "object": {**obj, "metadata": {**obj["metadata"], "resourceVersion": version}}}


def wait(api: FakeApi, seconds: float = 5, progress: Progress | None = None, **more: t.Any) -> list[dict[str, t.Any]]:
    return wait_until(
        t.cast(t.Any, api),
        Watched("apps/v1", "Deployment", "shop", "web"),
        deployment_ready(),
        deadline=Deadline(seconds),
        progress=progress or Said(),
        subject="control plane a",
        hint="kubectl describe deployment web",
        **more,
    )


def test_what_is_ready_needs_one_request() -> None:
    api = FakeApi(deployment(ready=2))
    assert wait(api)[0]["metadata"]["name"] == "web"
    assert [method for method, _path, _query in api.sent] == ["GET"]


def test_a_watch_continues_where_the_list_ended() -> None:
    api = FakeApi(deployment())
    api.watches = [[event_of("MODIFIED", deployment(ready=1)), event_of("MODIFIED", deployment(ready=2))]]
    said = Said()
    wait(api, progress=said)
    method, path, query = api.sent[1]
    assert (method, path) == ("WATCH", "/apis/apps/v1/namespaces/shop/deployments")
    assert query["resourceVersion"] == "1"
    assert query["fieldSelector"] == "metadata.name=web"
    assert said.lines == [
        "control plane a: still waiting: 0 of 2 replicas available (0 s of 5 s)",
        "control plane a: still waiting: 1 of 2 replicas available (0 s of 5 s)",
    ]


def test_a_watch_that_ends_is_continued_and_says_so() -> None:
    api = FakeApi(deployment())
    api.watches = [
        [{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "41"}}}],
        [event_of("MODIFIED", deployment(ready=2))],
    ]
    wait(api)
    assert [query.get("resourceVersion") for method, _path, query in api.sent if method == "WATCH"] == ["1", "41"]


@pytest.mark.parametrize(
    "trouble",
    [
        {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}},
        {"type": "ERROR", "object": {"kind": "Status", "code": 500, "message": "etcdserver: leader changed"}},
        ApiError(410, "Expired", "too old"),
        ApiError(503, "Unavailable", "shutting down"),
        Unreachable("reset"),
    ],
)
def test_after_trouble_everything_is_listed_again(trouble: t.Any) -> None:
    api = FakeApi(deployment())
    api.watches = [[trouble], [event_of("MODIFIED", deployment(ready=2))]]
    wait(api)
    assert [method for method, _path, _query in api.sent] == ["GET", "WATCH", "GET", "WATCH"]


def test_an_outage_can_be_an_error() -> None:
    api = FakeApi(deployment())
    api.failures = [("GET", Unreachable("refused"))]
    with pytest.raises(Unreachable):
        wait(api, tolerate_outage=False)


def test_a_refusal_ends_the_wait() -> None:
    api = FakeApi()
    api.failures = [("GET", ApiError(403, "Forbidden", "you may not"))]
    with pytest.raises(ApiError, match="control plane a: you may not"):
        wait(api)


def test_a_time_out_tells_why() -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web"}},
        "status": {
            "containerStatuses": [
                {
                    "name": "main",
                    "restartCount": 3,
                    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
                    "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
                }
            ]
        },
    }
    warnings = [
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"e{number}", "namespace": "shop"},
            "type": "Warning",
            "reason": "BackOff",
            "message": f"number {number}",
            "lastTimestamp": f"2026-01-01T00:00:0{number}Z",
            "involvedObject": {"kind": "Pod", "name": "web-1"},
        }
        for number in range(7)
    ]
    api = FakeApi(deployment(), pod, *warnings)
    with pytest.raises(TimedOut) as caught:
        wait(api, seconds=0.05)
    text = str(caught.value)
    assert "not ready after 0 s: 0 of 2 replicas available" in text
    assert "Deployment/shop/web Available=False MinimumReplicasUnavailable" in text
    assert "web-1/main: CrashLoopBackOff: back-off 40s; restarted 3 times, last one with code 1 (Error)" in text
    assert text.count("BackOff: number") == 5
    assert text.index("number 6") < text.index("number 2")
    assert "number 1" not in text
    assert text.endswith("To fix: kubectl describe deployment web")
    assert caught.value.details["pods"]
    assert caught.value.details["awaited"] == "0 of 2 replicas available"


def test_a_time_out_during_an_outage_says_so() -> None:
    api = FakeApi()
    api.failures = [("GET", Unreachable("refused"))] * 1000
    with pytest.raises(TimedOut, match="the API server does not answer"):
        wait(api, seconds=0.05)


def test_wait_rolled_out_waits_for_old_pods_too() -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "old",
            "namespace": "shop",
            "labels": {"app": "web"},
            "deletionTimestamp": "2026-01-01T00:00:00Z",
        },
    }
    api = FakeApi(deployment(ready=2), pod)
    api.watches = [[event_of("DELETED", pod)]]
    said = Said()
    workload = wait_rolled_out(
        t.cast(t.Any, api), "apps/v1", "Deployment", "web", "shop", deadline=Deadline(5), progress=said
    )
    assert workload["metadata"]["name"] == "web"
    assert "1 old pods still terminating" in said.lines[0]


def test_wait_ready_uses_one_watch_for_each_kind_and_namespace() -> None:
    api = FakeApi(*(deployment(name, ready=2) for name in ("a", "b", "c")), deployment("other"), config_map("m"))
    objects = [deployment("a"), deployment("b"), deployment("c"), config_map("m")]
    wait_ready(t.cast(t.Any, api), objects, deadline=Deadline(5), progress=Said())
    assert len(api.sent) == 1


def test_wait_ready_misses_what_does_not_exist() -> None:
    api = FakeApi(deployment("a", ready=2))
    with pytest.raises(TimedOut, match="1 of 2 created"):
        wait_ready(t.cast(t.Any, api), [deployment("a"), deployment("b")], deadline=Deadline(0.05), progress=Said())


def test_wait_gone() -> None:
    api = FakeApi(config_map("a"), config_map("other"))
    timer = threading.Timer(0.1, lambda: api.stored.pop("/api/v1/namespaces/shop/configmaps/a"))
    api.watches = [[{"type": "ERROR", "object": {"code": 410}}]] * 1000
    timer.start()
    wait_gone(t.cast(t.Any, api), [config_map("a")], deadline=Deadline(5), progress=Said())
    timer.join()
    assert list(api.stored) == ["/api/v1/namespaces/shop/configmaps/other"]
