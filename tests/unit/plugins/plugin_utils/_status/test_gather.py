# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, Unreachable
from ansible_collections.mothership.hcp.plugins.plugin_utils._status import gather as status
from ansible_collections.mothership.hcp.plugins.plugin_utils._status.gather import Node, gather


class Api:
    """An API server that answers reads from a table, and nothing else."""

    server = "https://192.0.2.11:6443"

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.methods: set[str] = set()

    def request(self, method: str, path: str, *, timeout: float = 30) -> dict[str, Any]:
        self.methods.add(method)
        answer = self.answers.get(path, {})
        if isinstance(answer, HcpError):
            raise answer
        return dict(answer)


def node(name: str, ready: str) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready, "message": "kubelet stopped"}]
    return {"metadata": {"name": name}, "status": {"conditions": conditions, "nodeInfo": {"kubeletVersion": "v1.36.3"}}}


MOTHERSHIP: dict[str, Any] = {
    "/readyz": {"text": "ok"},
    "Node": [node("ms1", "True")],
    "Deployment/hcp-tenant-a/tenant-a": {"spec": {"replicas": 2}, "status": {"readyReplicas": 1}},
    "BackupStorageLocation": [{"status": {"phase": "Available"}}],
    "Backup": [
        {"metadata": {"name": "old", "creationTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Failed"}},
        {"metadata": {"name": "new", "creationTimestamp": "2026-01-02T00:00:00Z"}, "status": {"phase": "Completed"}},
    ],
}
TENANT: dict[str, Any] = {
    "/readyz": {"text": "ok"},
    "/version": {"gitVersion": "v1.36.3"},
    "Node": [node("w1", "True"), node("w2", "Unknown")],
}


@pytest.fixture(autouse=True)
def reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Object reads come from the same table, by kind or by kind/namespace/name."""

    def found(client: Api, key: str) -> Any:
        answer = client.answers.get(key)
        if isinstance(answer, HcpError):
            raise answer
        return answer

    monkeypatch.setattr(status.objects, "get", lambda c, v, kind, name, ns=None: found(c, f"{kind}/{ns}/{name}"))
    monkeypatch.setattr(status.objects, "list_objects", lambda c, v, kind, ns=None: found(c, kind) or [])


def test_everything_is_asked() -> None:
    found = gather(lambda: Api(MOTHERSHIP), {"tenant-a": lambda: Api(TENANT)}, velero_namespace="velero")
    assert found.nodes == (Node("ms1", True, "1.36.3"),)
    (cluster,) = found.clusters
    assert (cluster.api, cluster.ready_replicas, cluster.replicas, cluster.version) == ("ok", 1, 2, "1.36.3")
    assert cluster.nodes == (Node("w1", True, "1.36.3"), Node("w2", False, "1.36.3", "kubelet stopped"))
    assert found.backup is not None
    assert (found.backup.location, found.backup.newest, found.backup.phase) == ("Available", "new", "Completed")


def test_only_reads_are_sent() -> None:
    apis = [Api(MOTHERSHIP), Api(TENANT)]
    gather(lambda: apis[0], {"tenant-a": lambda: apis[1]}, velero_namespace=None)
    assert apis[0].methods | apis[1].methods == {"GET"}


def test_a_mothership_that_does_not_answer() -> None:
    found = gather(lambda: Api({"/readyz": Unreachable("refused")}), {"a": lambda: Api({})}, velero_namespace="velero")
    assert (found.api, found.clusters[0].api, found.backup) == ("refused", "not asked", None)


def test_no_kubeconfig_yet() -> None:
    def fail() -> Any:
        raise HcpError("there is no kubeconfig")

    assert gather(fail, {}, velero_namespace=None).api == "there is no kubeconfig"


def test_a_cluster_that_is_not_there_or_does_not_answer() -> None:
    silent = {"/readyz": Unreachable("refused")}
    clusters = {"b": lambda: Api(TENANT), "tenant-a": lambda: Api(silent)}
    found = gather(lambda: Api(MOTHERSHIP), clusters, velero_namespace=None)
    assert [(cluster.name, cluster.api) for cluster in found.clusters] == [
        ("b", "does not exist"),
        ("tenant-a", "refused"),
    ]


def test_velero_that_is_not_installed() -> None:
    answers = {**MOTHERSHIP, "BackupStorageLocation": HcpError("not served")}
    found = gather(lambda: Api(answers), {}, velero_namespace="velero")
    assert found.backup is not None
    assert found.backup.location == "unknown: not served"
    bare = {**MOTHERSHIP, "BackupStorageLocation": [], "Backup": []}
    found = gather(lambda: Api(bare), {}, velero_namespace="velero")
    assert found.backup is not None
    assert (found.backup.location, found.backup.newest) == ("absent", "")
