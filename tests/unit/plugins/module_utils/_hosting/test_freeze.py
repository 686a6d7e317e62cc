# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._hosting import freeze

from tests.unit.plugins.module_utils._kube.fake_api import FakeApi

Object = dict[str, t.Any]
SPACE = "hcp-tenant-a"
WORKLOAD = f"/apis/apps/v1/namespaces/{SPACE}/deployments/tenant-a"
KINE = f"{WORKLOAD}-kine"
MARK = f"/api/v1/namespaces/{SPACE}/configmaps/kine-revision"


def encoded(**texts: str) -> dict[str, str]:
    return {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}


def plain(kind: str, name: str, **content: t.Any) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": SPACE}, **content}


def deployment(name: str, replicas: int) -> Object:
    labels = {"app.kubernetes.io/instance": name}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}}
    status = {"replicas": replicas, "updatedReplicas": replicas, "availableReplicas": replicas}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": SPACE, "generation": 1},
        "spec": spec,
        "status": {**status, "readyReplicas": replicas, "observedGeneration": 1},
    }


def pod(name: str, instance: str = "tenant-a") -> Object:
    found = plain("Pod", name)
    found["metadata"]["labels"] = {"app.kubernetes.io/instance": instance}
    return found


class Cluster(FakeApi):
    """A mothership whose controllers end pods when a workload is scaled to nothing, unless they are told not to."""

    stubborn = False

    def _patch(self, path: str, query: dict[str, t.Any], body: Object) -> Object:
        found = self.stored[path]
        if body["kind"] == "ConfigMap":
            found["data"] = {**(found.get("data") or {}), **body["data"]}
            return found
        replicas, kept = body["spec"]["replicas"], body["metadata"]["annotations"][freeze.KEPT]
        found["spec"]["replicas"] = replicas
        found["metadata"]["annotations"] = {} if kept is None else {freeze.KEPT: kept}
        found["status"].update(dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), replicas))
        instance = found["metadata"]["name"]
        if not replicas and not self.stubborn:
            for at, item in list(self.stored.items()):
                if item["kind"] == "Pod" and item["metadata"]["labels"]["app.kubernetes.io/instance"] == instance:
                    del self.stored[at]
        return found


@pytest.fixture
def api() -> Cluster:
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}}
    space["metadata"] = {"name": SPACE, "labels": {"mothership.hcp/database-server": "main"}}
    return Cluster(
        space,
        deployment("tenant-a", 2),
        deployment("tenant-a-kine", 1),
        pod("one"),
        pod("two"),
        pod("kine", "tenant-a-kine"),
        plain("ConfigMap", "kine-revision", data={"high_water": "500", "time": "2026-11-22T20:14:07Z"}),
        plain("Secret", "kine-credentials", data=encoded(username="hcp_tenant_a_b", password="p")),
        plain("Secret", "kine-datastore", data=encoded(pgpass="fd00\\:\\:1:5000:hcp_tenant_a:hcp_tenant_a_b:p\\:w\n")),
    )


def run(api: Cluster, state: str, *, check_mode: bool = False, mark: int = 0, timeout: float = 5) -> dict[str, t.Any]:
    return freeze.ensure(
        t.cast(t.Any, api),
        ["tenant-a"],
        state,
        marks={"tenant-a": mark},
        check_mode=check_mode,
        timeout=timeout,
        progress=Progress(),
    )


def test_it_tells_where_the_database_is_and_what_the_mark_says(api: Cluster) -> None:
    told = run(api, "described")["clusters"]["tenant-a"]
    assert told["workloads"] == {"Deployment/tenant-a": 2, "Deployment/tenant-a-kine": 1}
    assert (told["database_host"], told["database"], told["logins"]) == ("fd00::1", "hcp_tenant_a", ["hcp_tenant_a_b"])
    assert (told["database_server"], told["high_water"], told["stopped"]) == ("main", 500, False)
    assert api.mutating == []


def test_it_stops_and_starts_with_as_many_replicas_as_before(api: Cluster) -> None:
    stopped = run(api, "stopped")
    assert stopped["clusters"]["tenant-a"]["stopped"]
    assert stopped["clusters"]["tenant-a"]["workloads"] == {"Deployment/tenant-a": 0, "Deployment/tenant-a-kine": 0}
    assert not any(item["kind"] == "Pod" for item in api.stored.values())
    assert not run(api, "stopped")["changed"]
    started = run(api, "started", mark=12000)
    assert started["clusters"]["tenant-a"]["workloads"] == {"Deployment/tenant-a": 2, "Deployment/tenant-a-kine": 1}
    assert not started["clusters"]["tenant-a"]["stopped"]
    assert api.stored[MARK]["data"]["high_water"] == "12000"
    # The mark first, then a kine that the replicas share, then they.
    targets = [change["target"] for change in started["plan"]]
    assert targets == [
        f"ConfigMap/{SPACE}/kine-revision",
        f"Deployment/{SPACE}/tenant-a-kine",
        f"Deployment/{SPACE}/tenant-a",
    ]
    assert not run(api, "started", mark=12000)["changed"]


def test_a_run_that_was_killed_in_between_is_finished(api: Cluster) -> None:
    api.stored[WORKLOAD]["spec"]["replicas"] = 0
    api.stored[WORKLOAD]["metadata"]["annotations"] = {freeze.KEPT: "2"}
    for name in ("one", "two"):
        del api.stored[f"/api/v1/namespaces/{SPACE}/pods/{name}"]
    assert run(api, "described")["clusters"]["tenant-a"]["stopped"]
    run(api, "stopped")
    assert run(api, "started")["clusters"]["tenant-a"]["workloads"] == {
        "Deployment/tenant-a": 2,
        "Deployment/tenant-a-kine": 1,
    }


def test_a_pod_that_does_not_go_is_waited_for_in_vain_and_named(api: Cluster) -> None:
    api.stubborn = True
    with pytest.raises(TimedOut, match="one") as error:
        run(api, "stopped", timeout=0.2)
    assert "--force" in str(error.value)


def test_the_mark_never_goes_back(api: Cluster) -> None:
    assert not run(api, "started", mark=499)["changed"]
    assert api.stored[MARK]["data"]["high_water"] == "500"


def test_check_mode_only_reads(api: Cluster) -> None:
    assert run(api, "stopped", check_mode=True)["changed"]
    assert api.mutating == []


def test_an_unknown_cluster_is_said(api: Cluster) -> None:
    del api.stored[WORKLOAD], api.stored[KINE]
    with pytest.raises(HcpError, match="no such control plane"):
        run(api, "described")


def test_a_mothership_that_does_not_exist_yet_has_no_clusters() -> None:
    result = freeze.ensure(None, ["a"], "described", marks={}, check_mode=True, timeout=1, progress=Progress())
    assert result["clusters"] == {}
