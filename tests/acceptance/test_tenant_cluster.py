# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tenant's cluster works: nodes, workload, network, DNS, and konnectivity through each replica."""

from __future__ import annotations

import functools

import pytest

from .lab_clusters import NAME, NAMESPACE, TENANT, Cluster, Tunnel, eventually, plane


def test_both_workers_are_ready(tenant: Cluster) -> None:
    nodes = tenant.get("nodes")["items"]
    ready = {
        n["metadata"]["name"]: c["status"] for n in nodes for c in n["status"]["conditions"] if c["type"] == "Ready"
    }
    assert ready == {"w1": "True", "w2": "True"}


def test_workload_runs_on_both_workers(workload: dict[str, dict[str, str]]) -> None:
    assert sorted(pod["node"] for pod in workload.values()) == ["w1", "w2"]


def test_each_pod_reaches_the_other_through_the_cluster_ip(
    tenant: Cluster, workload: dict[str, dict[str, str]]
) -> None:
    address = tenant.get("service", "hello")["spec"]["clusterIP"]
    for pod in workload:
        ask = functools.partial(tenant.kubectl, "exec", pod, "--", "/bin/lab-tools", "get", f"http://{address}")
        # kube-proxy learns of the two a moment after they are ready.
        eventually(ask, seconds=30)
        answers = {ask().strip() for _ in range(12)}
        assert answers == set(workload), f"{pod} did not reach both pods"


def test_pods_reach_each_other_directly(tenant: Cluster, workload: dict[str, dict[str, str]]) -> None:
    for pod in workload:
        for other, where in workload.items():
            url = f"http://{where['address']}:8080"
            assert tenant.kubectl("exec", pod, "--", "/bin/lab-tools", "get", url).strip() == other


def test_dns_resolves_the_kubernetes_service(tenant: Cluster, workload: dict[str, dict[str, str]]) -> None:
    expected = tenant.get("service", "kubernetes")["spec"]["clusterIP"]
    for pod in workload:
        resolve = functools.partial(
            tenant.kubectl, "exec", pod, "--", "/bin/lab-tools", "resolve", "kubernetes.default"
        )
        assert eventually(resolve, seconds=30).strip() == expected


@pytest.mark.parametrize("index", [0, 1])
def test_logs_and_exec_go_through_each_replica(
    mothership: Cluster, replicas: list[str], workload: dict[str, dict[str, str]], index: int
) -> None:
    replica = replicas[index]
    port = mothership.get("service", NAME, "-n", NAMESPACE)["spec"]["ports"][0]["port"]
    address = mothership.get("pod", replica, "-n", NAMESPACE)["status"]["podIP"]
    with Tunnel("ms1", address, port) as server:
        one = Cluster(TENANT, server)
        for pod in workload:
            assert "serving on" in one.kubectl("logs", pod), f"logs of {pod} through {replica}"
            assert one.kubectl("exec", pod, "--", "/bin/lab-tools", "hostname").strip() == pod, (
                f"exec in {pod} through {replica}"
            )


def test_each_replica_shows_its_logs_and_runs_a_command(mothership: Cluster, replicas: list[str]) -> None:
    """Through the mothership, by the pod's name: what somebody does who looks after the control planes."""
    made = plane()
    for replica in replicas:
        place = (replica, "-n", NAMESPACE, "-c", made.container)
        assert mothership.kubectl("logs", *place, "--tail=5").strip(), f"logs of {replica}"
        said = mothership.kubectl("exec", *place, "--", *made.version_command)
        assert made.version_says in said, f"exec in {replica}"
