# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mothership for the replica watchdog: a real API with the real rights, pods that are entries in it, and the program
as it is installed, as a process."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import functools
import json
import pathlib
import sys
import time
import typing as t
import urllib.request

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane import watchdog
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.control_plane import ControlPlane, Database
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.pki import ensure_pki
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.ports import Ports
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.services import namespace
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline, Progress
from ansible_collections.mothership.hcp.plugins.module_utils._host import watchdog_service
from ansible_collections.mothership.hcp.plugins.module_utils._kube.apply import apply_objects
from ansible_collections.mothership.hcp.plugins.module_utils._kube.objects import get, list_objects
from ansible_collections.mothership.hcp.plugins.module_utils._pki.authority import KeyPair

from tests.integration import processes

#: In the certificates of the tests; in the product it is "kubernetes".
SERVER_NAME = "127.0.0.1"
_MERGE = "application/merge-patch+json"


@functools.cache
def _material(name: str) -> t.Any:
    return ensure_pki(ClusterSpec(name=name, version="1.36.3", endpoint="127.0.0.1"), "127.0.0.1", {})


class Scene:
    """One hosted cluster as the mothership sees it.

    :param authority: PEM of the CA of its API servers, and ``client`` a certificate and key that they accept.
    """

    def __init__(self, server: processes.ApiServer, name: str, authority: str, client: tuple[str, str]) -> None:
        self.server, self.client, self.name, self.space = server, server.client(), name, f"hcp-{name}"
        spec = ClusterSpec(name=name, version="1.36.3", endpoint="127.0.0.1")
        made = _material(name)
        leaves = {**made.leaves, "watchdog": KeyPair(*client)}
        material = dataclasses.replace(made, authority=KeyPair(authority, made.authority.key_pem), leaves=leaves)
        database = Database("127.0.0.1", 5432, "CA", "password")
        plane = ControlPlane(spec, Ports(30001, 30002), "127.0.0.1", database, material)
        self.labels = plane.selector
        objects = [*watchdog.watchdog_account(), namespace(spec), *watchdog.watchdog_objects(plane)]
        apply_objects(self.client, objects, check_mode=False, deadline=Deadline(60), progress=Progress())

    def add_pod(self, name: str, port: int, *, ready: bool = True, started: float | None = None) -> None:
        """A pod whose API server is a process on the loopback interface; what a kubelet says is said here."""
        ports = [{"name": "api", "containerPort": port, "protocol": "TCP"}]
        allowed = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        container = {"name": "kube-apiserver", "image": "none", "ports": ports, "securityContext": allowed}
        spec = {
            "containers": [container],
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            # Without a node a deleted pod goes at once.
            "terminationGracePeriodSeconds": 0,
        }
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": self.labels}, "spec": spec}
        self.client.request("POST", f"/api/v1/namespaces/{self.space}/pods", body=body)
        self.set_status(name, ready=ready, started=started)

    def set_status(self, name: str, *, ready: bool, started: float | None = None) -> None:
        moment = datetime.datetime.fromtimestamp(started or time.time(), datetime.timezone.utc)
        state = {"running": {"startedAt": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}}
        container = {"name": "kube-apiserver", "image": "none", "imageID": "", "ready": ready, "restartCount": 0}
        status = {
            "phase": "Running",
            "podIP": "127.0.0.1",
            "podIPs": [{"ip": "127.0.0.1"}],
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [{**container, "state": state}],
        }
        path = f"/api/v1/namespaces/{self.space}/pods/{name}/status"
        self.client.request("PATCH", path, body={"status": status}, content_type=_MERGE)

    def pods(self) -> set[str]:
        return {item["metadata"]["name"] for item in list_objects(self.client, "v1", "Pod", self.space)}

    def events(self) -> list[tuple[str, str]]:
        """Reason and message."""
        return [(one["reason"], one["message"]) for one in list_objects(self.client, "v1", "Event", self.space)]

    def mark(self) -> int:
        found = get(self.client, "v1", "ConfigMap", watchdog.MARK, self.space) or {}
        return int((found.get("data") or {}).get("high_water", "0"))

    @contextlib.contextmanager
    def program(self, folder: pathlib.Path, identity: str, *, interval: float, **limits: float) -> t.Iterator[Program]:
        """The watchdog as :mod:`watchdog_service` installs it, with a token of its ServiceAccount."""
        path = f"/api/v1/namespaces/{watchdog.NAMESPACE}/serviceaccounts/{watchdog.NAME}/token"
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        token = self.client.request("POST", path, body=request)["status"]["token"]
        port = processes.free_port()
        settings = watchdog_service.Settings(
            identity=identity,
            address="127.0.0.1",
            port=int(self.server.url.rpartition(":")[2]),
            server_name=SERVER_NAME,
            ca_certificate=self.server.certificates.authority.read_text(),
            token=token,
            namespace=watchdog.NAMESPACE,
            interval=interval,
            metrics_port=port,
            act=True,
            limits=limits,
            interpreter=sys.executable,
        )
        home = folder / identity
        for file in watchdog_service.desired_files(settings):
            place = home / file.path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(file.text)
        config = home / watchdog_service.SETTINGS_FOLDER.lstrip("/") / "config.json"
        main = home / watchdog_service.PROGRAM_FOLDER.lstrip("/")
        command = [sys.executable, "-I", "-B", str(main), str(config)]
        with processes.running(identity, command, folder) as process:
            yield Program(process, port)


@dataclasses.dataclass
class Program:
    """A running watchdog."""

    process: processes.Server
    port: int

    def figures(self) -> dict[str, float]:
        """Its page; empty while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return {}
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("#")}

    def figure(self, name: str) -> float:
        """The sum over all labels."""
        full = f"mothership_watchdog_{name}"
        return sum(value for key, value in self.figures().items() if key.split("{")[0] == full)

    def log(self) -> list[str]:
        return self.process.log.read_text().splitlines()


def wait_for(check: t.Callable[[], bool], seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while not check() and time.monotonic() < ends:
        time.sleep(0.2)
    return check()


def as_text(path: pathlib.Path) -> str:
    return path.read_text(encoding="ascii")


def dump(data: t.Any) -> bytes:
    return json.dumps(data).encode()
