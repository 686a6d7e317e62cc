# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for a lab on which ``site`` has run."""

from __future__ import annotations

import pytest

from .lab_clusters import MOTHERSHIP, NAMESPACE, TENANT, Cluster, eventually

WORKLOAD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: hello, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: hello}}
  template:
    metadata: {labels: {app: hello}}
    spec:
      terminationGracePeriodSeconds: 1
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: kubernetes.io/hostname
        whenUnsatisfiable: DoNotSchedule
        labelSelector: {matchLabels: {app: hello}}
      containers:
      - name: hello
        image: localhost/lab-tools:1
        imagePullPolicy: Never
        args: [serve]
        ports: [{containerPort: 8080}]
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: hello, namespace: default}
spec:
  selector: {app: hello}
  ports: [{port: 80, targetPort: 8080}]
"""


@pytest.fixture(scope="session")
def mothership() -> Cluster:
    return Cluster(MOTHERSHIP)


@pytest.fixture(scope="session")
def tenant() -> Cluster:
    return Cluster(TENANT)


@pytest.fixture(scope="session")
def workload(tenant: Cluster) -> dict[str, dict[str, str]]:
    """Two pods of a Deployment: ``{pod: {"node": …, "address": …}}``."""
    tenant.kubectl("apply", "-f", "-", stdin=WORKLOAD)
    tenant.kubectl("rollout", "status", "deployment/hello", "--timeout=90s", timeout=100)
    pods = tenant.get("pods", "-l", "app=hello")["items"]
    return {
        pod["metadata"]["name"]: {"node": pod["spec"]["nodeName"], "address": pod["status"]["podIP"]} for pod in pods
    }


@pytest.fixture
def replicas(mothership: Cluster) -> list[str]:
    """Names of the control plane's pods, all of them ready."""

    def ready() -> list[str]:
        pods = mothership.get("pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=hosted-control-plane")["items"]
        if any("deletionTimestamp" in pod["metadata"] for pod in pods) or len(pods) != 2:
            return []
        conditions = [
            condition for pod in pods for condition in pod["status"]["conditions"] if condition["type"] == "Ready"
        ]
        return [pod["metadata"]["name"] for pod in pods] if all(c["status"] == "True" for c in conditions) else []

    return list(eventually(ready, seconds=120))
