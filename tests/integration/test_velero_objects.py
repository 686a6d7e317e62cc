# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Velero's objects on a real kube-apiserver, with the definitions that the real Velero brings."""

from __future__ import annotations

import datetime
import subprocess
import threading
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._backup.backup import CONTENT_LABEL, Request, run_backup
from ansible_collections.mothership.hcp.plugins.module_utils._backup.cluster import KubeCluster
from ansible_collections.mothership.hcp.plugins.module_utils._backup.s3 import S3Settings
from ansible_collections.mothership.hcp.plugins.module_utils._backup.scope import Scope
from ansible_collections.mothership.hcp.plugins.module_utils._backup.server import Desired, ensure_server
from ansible_collections.mothership.hcp.plugins.module_utils._backup.server_objects import ServerSettings, core_objects
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline, Progress, Timings

from tests.integration import processes

NOW = datetime.datetime(2026, 11, 22, 14, 45, tzinfo=datetime.timezone.utc)


def settings(namespace: str, url: str = "https://s3.example.com:9000") -> ServerSettings:
    return ServerSettings(
        namespace=namespace,
        image="docker.io/velero/velero:v1.18.3",
        plugin_image="docker.io/velero/velero-plugin-for-aws:v1.14.3",
        s3=S3Settings(url, "backups", "mothership", "us-east-1", "velero", "a-secret-key"),
        resources={"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
    )


def pod_template(namespace: str) -> dict[str, t.Any]:
    deployment = next(one for one in core_objects(settings(namespace)) if one["kind"] == "Deployment")
    return t.cast("dict[str, t.Any]", deployment["spec"]["template"])


@pytest.fixture(scope="module")
def velero() -> str:
    try:
        return processes.binary("velero")
    except processes.CannotStart as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def definitions(velero: str, kubeconfig: t.Any) -> None:
    """What the pod's first init container does, with the very arguments it has."""
    first = pod_template("velero")["spec"]["initContainers"][0]
    command = [velero, *first["args"], f"--kubeconfig={kubeconfig}"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


@pytest.fixture
def cluster(client: t.Any) -> KubeCluster:
    return KubeCluster(client, Progress())


def ensure(cluster: KubeCluster, desired: Desired, *, check_mode: bool = False) -> list[tuple[str, str]]:
    plan, _location = ensure_server(
        cluster, desired, absent_api=False, check_mode=check_mode, wait=False, deadline=Deadline(60)
    )
    return [(change.action, change.target.split("/")[0]) for change in plan.changes]


def test_arguments_of_the_server_exist(velero: str) -> None:
    arguments = pod_template("velero")["spec"]["containers"][0]["args"]
    done = subprocess.run([velero, *arguments, "--help"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("definitions")
def test_objects_are_accepted_and_applied_once(cluster: KubeCluster, client: t.Any, namespace: str) -> None:
    desired = Desired(settings(namespace), Scope.of(["hcp-a"], ["pods"], "24h", "default"), "0 1 * * *")
    planned = ensure(cluster, desired, check_mode=True)
    assert cluster.get("v1", "Namespace", namespace) is None
    made = ensure(cluster, desired)
    assert made == planned
    assert {kind for _action, kind in made} >= {"Deployment", "BackupStorageLocation", "Schedule"}
    client.requests.clear()
    assert ensure(cluster, desired) == []
    assert sum(client.requests.values()) <= 20
    assert set(client.requests) == {"GET"}
    changed = Desired(settings(namespace, "https://other.example.com"), desired.scope, desired.schedule)
    assert ensure(cluster, changed) == [("update", "BackupStorageLocation")]
    assert ensure(cluster, Desired(changed.server)) == [("delete", "Schedule")]


@pytest.mark.usefixtures("definitions")
def test_the_pod_passes_pod_security_restricted(cluster: KubeCluster, namespace: str) -> None:
    ensure(cluster, Desired(settings(namespace)))
    template = pod_template(namespace)
    cluster.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**template["metadata"], "name": "velero", "namespace": namespace},
            "spec": template["spec"],
        }
    )


def complete_backups(client: t.Any, namespace: str, stop: threading.Event) -> None:
    """A Velero that ends every backup at once."""
    path = f"/apis/velero.io/v1/namespaces/{namespace}/backups"
    while not stop.wait(0.2):
        for backup in client.request("GET", path)["items"]:
            if not backup.get("status"):
                status = {"phase": "Completed", "completionTimestamp": NOW.strftime("%Y-%m-%dT%H:%M:%SZ")}
                client.request(
                    "PATCH",
                    f"{path}/{backup['metadata']['name']}",
                    body={"status": status},
                    content_type="application/merge-patch+json",
                )


@pytest.mark.usefixtures("definitions")
def test_backup_is_accepted_waited_for_and_not_repeated(
    cluster: KubeCluster, api_server: t.Any, namespace: str
) -> None:
    ensure(cluster, Desired(settings(namespace)))
    client = api_server.client()
    client.request(
        "PATCH",
        f"/apis/velero.io/v1/namespaces/{namespace}/backupstoragelocations/default",
        body={"status": {"phase": "Available", "lastValidationTime": "2026-11-22T14:00:00Z"}},
        content_type="application/merge-patch+json",
    )
    request = Request(namespace, Scope.of([namespace], ["pods"], "24h", "default"))
    stop = threading.Event()
    thread = threading.Thread(target=complete_backups, args=(client, namespace, stop), daemon=True)
    thread.start()
    try:
        runs = [
            run_backup(
                cluster,
                request,
                absent_api=False,
                check_mode=False,
                deadline=Deadline(60),
                timings=Timings(),
                now=NOW + datetime.timedelta(minutes=minute),
            )
            for minute in range(2)
        ]
    finally:
        stop.set()
        thread.join(timeout=5)
    assert [bool(plan) for plan, _facts in runs] == [True, False]
    made = cluster.get("velero.io/v1", "Backup", runs[0][1]["name"], namespace)
    assert made is not None
    assert CONTENT_LABEL in made["metadata"]["labels"]
    assert runs[1][1]["name"] == runs[0][1]["name"]
