# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client sees that polls five times a second, while something happens to the control plane.

At most one failed request of a deleted pod, at most two of a changed argument of the API server, and of a killed kine
as many as :class:`Plane` says.
"""

from __future__ import annotations

import copy
import json
import subprocess
import threading
import time

from .lab_clusters import (
    KUBECTL,
    MOTHERSHIP,
    NAME,
    NAMESPACE,
    ROOT,
    TENANT,
    Cluster,
    eventually,
    on_machine,
    plane,
    processes_of_pods,
    site_variables,
)


class Poller:
    """Asks the endpoint for the nodes five times a second, over a new connection each time."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.requests = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._calls: list[threading.Thread] = []

    def __enter__(self) -> Poller:
        self._thread.start()
        time.sleep(2)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        self._thread.join(timeout=5)
        for call in self._calls:
            call.join(timeout=15)

    def _run(self) -> None:
        while not self._stop.wait(0.2):
            call = threading.Thread(target=self._ask, daemon=True)
            self._calls.append(call)
            call.start()

    def _ask(self) -> None:
        command = [
            str(KUBECTL),
            "--kubeconfig",
            str(TENANT),
            "--request-timeout=5s",
            "get",
            "--raw",
            "/api/v1/namespaces/default",
        ]
        self.requests += 1
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=10)
        except subprocess.TimeoutExpired:
            self.failures.append("timed out")
            return
        if done.returncode != 0:
            self.failures.append(done.stderr.strip())


def test_one_pod_deleted(mothership: Cluster, replicas: list[str]) -> None:
    with Poller() as poller:
        mothership.kubectl("delete", "pod", "-n", NAMESPACE, replicas[0], "--wait=true", timeout=120)
        eventually(lambda: replicas_ready(mothership), seconds=120)
        time.sleep(5)
    print(f"\npod deleted: {len(poller.failures)} of {poller.requests} requests failed {poller.failures}")
    assert len(poller.failures) <= 1


def test_kine_of_one_replica_killed(mothership: Cluster, replicas: list[str]) -> None:
    pids = processes_of_pods("ms1", "kine")
    assert len(pids) == len(replicas)
    with Poller() as poller:
        on_machine("ms1", f"kill -9 {pids[0]}")
        eventually(lambda: len(set(processes_of_pods("ms1", "kine")) - {pids[0]}) == len(replicas), seconds=60)
        eventually(lambda: replicas_ready(mothership), seconds=120)
        time.sleep(10)
    print(f"\nkine killed: {len(poller.failures)} of {poller.requests} requests failed {poller.failures}")
    assert len(poller.failures) <= plane().failures_of_a_killed_kine
    with Poller() as afterwards:
        time.sleep(5)
    assert afterwards.failures == []


def test_one_argument_of_the_api_server_changes(mothership: Cluster, replicas: list[str]) -> None:
    """Only the planes concerned roll, and back again: a run that was asked for the argument, and one that was not."""
    before = pods(mothership)
    changed = _site_with_argument(mothership, "event-ttl", "50m0s")
    during = pods(mothership)
    reverted = _site_with_argument(mothership, None, None)
    for poller in (changed, reverted):
        print(f"\nargument changed: {len(poller.failures)} of {poller.requests} requests failed {poller.failures}")
        assert len(poller.failures) <= 2
    assert during.keys().isdisjoint(before)
    assert during.keys().isdisjoint(pods(mothership))
    assert len(during) == len(replicas)


def pods(mothership: Cluster) -> dict[str, str]:
    """The plane's pods that stay: unique identifier -> name."""
    items = mothership.get("pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=hosted-control-plane")["items"]
    staying = [item["metadata"] for item in items if "deletionTimestamp" not in item["metadata"]]
    return {metadata["uid"]: metadata["name"] for metadata in staying}


def _site_with_argument(mothership: Cluster, flag: str | None, value: str | None) -> Poller:
    """Run ``site`` with the clusters of the inventory, one of them with an argument more."""
    command = ["ansible-playbook", "mothership.hcp.site", "-e", "velero_backup_on_site=false"]
    if flag:
        clusters = copy.deepcopy(site_variables()["hosted_clusters"])
        for cluster in clusters:
            if cluster["name"] == NAME:
                cluster["api_server_extra_args"] = {**cluster.get("api_server_extra_args", {}), flag: value}
        command += ["-e", json.dumps({"hosted_clusters": clusters})]
    with Poller() as poller:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400)
        assert done.returncode == 0, done.stdout[-2000:]
        eventually(lambda: replicas_ready(mothership), seconds=120)
        time.sleep(5)
    # The brackets keep the pattern from finding the shell that searches for it.
    search = "pgrep -f 'kube-apiserver .*--event-ttl=50[m]0s'"
    wanted = len(pods(mothership)) if flag else 0
    eventually(lambda: len(on_machine("ms1", search).split()) == wanted, seconds=60)
    return poller


def replicas_ready(mothership: Cluster) -> bool:
    assert MOTHERSHIP.exists()
    status = mothership.get(plane().kind, NAME, "-n", NAMESPACE)["status"]
    return status.get("readyReplicas") == 2 and status.get("replicas") == 2
