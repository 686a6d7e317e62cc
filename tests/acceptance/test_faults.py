# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that polls five times a second sees at most one failed request of a deleted pod or a killed kine."""

from __future__ import annotations

import subprocess
import threading
import time

from .lab_clusters import KUBECTL, MOTHERSHIP, NAMESPACE, TENANT, Cluster, eventually, on_machine


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
    pids = on_machine("ms1", "pgrep -x kine").split()
    assert len(pids) == len(replicas)
    with Poller() as poller:
        on_machine("ms1", f"kill -9 {pids[0]}")
        eventually(lambda: len(on_machine("ms1", "pgrep -x kine").split()) == len(replicas), seconds=60)
        eventually(lambda: replicas_ready(mothership), seconds=120)
        time.sleep(10)
    print(f"\nkine killed: {len(poller.failures)} of {poller.requests} requests failed {poller.failures}")
    assert len(poller.failures) <= 1


def replicas_ready(mothership: Cluster) -> bool:
    assert MOTHERSHIP.exists()
    status = mothership.get("deployment", "tenant-a", "-n", NAMESPACE)["status"]
    return status.get("readyReplicas") == 2 and status.get("replicas") == 2
