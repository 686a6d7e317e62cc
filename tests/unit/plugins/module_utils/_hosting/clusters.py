# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mothership in memory whose control planes start at once, and the APIs of the hosted clusters in it."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.port_range import PortRange
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import Unreachable
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.credentials import ensure_credentials
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.hosted_clusters import HostedClusters, Request
from ansible_collections.mothership.hcp.plugins.module_utils._kube.discovery import Resource

from tests.unit.plugins.module_utils._kube.fake_api import FakeApi

NODE: dict[str, t.Any] = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {
        "name": "ms1",
        "labels": {"node-role.kubernetes.io/control-plane": ""},
        "creationTimestamp": "2026-01-01T00:00:00Z",
    },
    "status": {"addresses": [{"type": "Hostname", "address": "ms1"}, {"type": "InternalIP", "address": "10.77.0.11"}]},
}


class Api(FakeApi):
    """An API server that says that it is ready.

    :ivar unanswered: how many requests for readiness find nobody.
    """

    def __init__(self, *objects: dict[str, t.Any], unanswered: int = 0) -> None:
        super().__init__(*objects)
        self.unanswered = unanswered
        self.defaults["Deployment"] = rolled_out
        self.defaults["StatefulSet"] = rolled_out

    def request(self, method: str, path: str, **more: t.Any) -> dict[str, t.Any]:
        if path != "/readyz":
            return super().request(method, path, **more)
        self.sent.append((method, path, {}))
        if self.unanswered:
            self.unanswered -= 1
            raise Unreachable("no answer", where=self.server)
        return {"text": "ok"}


def rolled_out(deployment: dict[str, t.Any]) -> None:
    """What the controllers of a mothership do with a Deployment, at once."""
    replicas = deployment["spec"]["replicas"]
    deployment["metadata"]["generation"] = 1
    deployment["status"] = {
        "observedGeneration": 1,
        "replicas": replicas,
        "updatedReplicas": replicas,
        "availableReplicas": replicas,
        "readyReplicas": replicas,
        "currentRevision": "1",
        "updateRevision": "1",
    }


def hosted_api(unanswered: int = 0, *, k0s: bool = False) -> Api:
    """The API of a hosted cluster that has just started.

    :param k0s: whether k0s has made its own kind there.
    """
    names = ("default", "kube-node-lease", "kube-public", "kube-system")
    made = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names]
    api = Api(*made, unanswered=unanswered)
    if k0s:
        version = "k0s.k0sproject.io/v1beta1"
        resource = Resource(version, "ClusterConfig", "clusterconfigs", True)
        api.discovered[(version, "ClusterConfig")] = resource
        api.serve(resource)
        metadata = {"name": "k0s", "namespace": "kube-system"}
        made_by_k0s = {"apiVersion": version, "kind": "ClusterConfig", "metadata": metadata, "spec": {}}
        api.stored[resource.path("kube-system", "k0s")] = api._stamped(made_by_k0s)
    return api


class Site:
    """A mothership with the hosted clusters of a test.

    :ivar children: API of each hosted cluster, by its server's URL.
    :ivar k0s: whether the hosted clusters are made with k0s.
    :ivar secrets: what was told to be secret.
    """

    def __init__(self, directory: pathlib.Path, *objects: dict[str, t.Any]) -> None:
        self.directory = directory
        self.mothership = Api(NODE, *objects)
        self.children: dict[str, Api] = {}
        self.k0s = False
        self.secrets: list[str] = []
        self.warnings: list[str] = []

    def connect(self, kubeconfig: str) -> t.Any:
        server = next(line.split("server: ")[1] for line in kubeconfig.splitlines() if "server: " in line)
        return self.children.setdefault(server, hosted_api(k0s=self.k0s))

    def credentials(
        self, *specs: ClusterSpec, check_mode: bool = False, client: t.Any = "mothership", step: str = "none"
    ) -> dict[str, t.Any]:
        return ensure_credentials(
            specs,
            self._client(client),
            check_mode=check_mode,
            progress=Progress(""),
            step=step,
            learn_secret=self.secrets.append,
        )

    def host(
        self, *specs: ClusterSpec, check_mode: bool = False, client: t.Any = "mothership", certificate: str = "PEM"
    ) -> dict[str, t.Any]:
        request = Request(specs, PortRange(), "db1.example.com", 5432, certificate, str(self.directory), 5)
        return HostedClusters(
            request,
            self._client(client),
            check_mode=check_mode,
            progress=Progress(""),
            connect=self.connect,
            warn=self.warnings.append,
            learn_secret=self.secrets.append,
        ).run()

    def _client(self, client: t.Any) -> t.Any:
        return self.mothership if client == "mothership" else client

    @property
    def mutating(self) -> list[tuple[str, str]]:
        """Requests to any of the APIs that change something."""
        apis = (self.mothership, *self.children.values())
        return [one for api in apis for one in api.mutating]
