# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``kine: shared``: the arguments and Secrets of the product with real processes, one kine and two API servers."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import ssl
import time
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane import api_server, pki, shared_kine
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.control_plane import ControlPlane, Database
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.kubeadm import Kubeadm
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.manifests import secret_texts
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.ports import Ports
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline, Progress
from ansible_collections.mothership.hcp.plugins.module_utils._kube.apply import apply_objects, remove_objects

from tests.integration import processes

#: Two API servers that share a kine may still lag now and then, by about a tenth of a second.
_FRESH_WITHIN_SECONDS = 1.0
_ROUNDS = 40


class Shared:
    """The objects of a cluster that shares its kine, with the Secrets as files, and its processes on the loopback."""

    def __init__(self, folder: pathlib.Path, dsn: str) -> None:
        spec = ClusterSpec(name="tenant-a", version="1.36.3", endpoint="127.0.0.1", kine="shared")
        material = pki.ensure_pki(spec, "127.0.0.1", {})
        self.plane = ControlPlane(spec, Ports(30001, 30002), "127.0.0.1", Database("db", 5432, "CA", "pw"), material)
        self.folder, self._dsn, self.port = folder, dsn, processes.free_port()
        objects = Kubeadm().mothership_objects(self.plane)
        for item in objects:
            if item["kind"] == "Secret":
                self._write(folder / item["metadata"]["name"], secret_texts(item))
        (deployment,) = [
            item for item in objects if item["kind"] == "Deployment" and item["metadata"]["name"] == "tenant-a-kine"
        ]
        (self._container,) = deployment["spec"]["template"]["spec"]["containers"]

    @staticmethod
    def _write(folder: pathlib.Path, texts: t.Mapping[str, str]) -> None:
        folder.mkdir(mode=0o700)
        for name, text in texts.items():
            (folder / name).write_text(text)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def kine_arguments(self) -> list[str]:
        """Those of the container, with this machine's places."""
        places = {"=/pki/": f"={self.folder / pki.KINE_SERVER}/", "tcp://0.0.0.0:2379": f"tcp://127.0.0.1:{self.port}"}
        replaced = {"endpoint": self._dsn, "metrics-bind-address": "0", "ca-file": None}
        arguments = []
        for text in self._container["args"]:
            name, _equals, _value = text[2:].partition("=")
            if name in replaced:
                arguments += [f"--{name}={replaced[name]}"] if replaced[name] else []
                continue
            for old, new in places.items():
                text = text.replace(old, new)
            arguments.append(text)
        return arguments

    def etcd_arguments(self) -> list[str]:
        """Flags of the product's API server about its store, but the address."""
        place = str(self.folder / pki.KINE_CLIENT)
        flags = [text for text in api_server.arguments(self.plane) if text.startswith("--etcd-")]
        return [text.replace(api_server.KINE_PKI_MOUNT, place) for text in flags if "etcd-servers" not in text]

    @contextlib.contextmanager
    def kine(self) -> t.Iterator[processes.Server]:
        command = [processes.binary("kine"), *self.kine_arguments()]
        with processes.running("shared-kine", command, self.folder) as server:
            server.wait_until(lambda: _listens(self.port))
            yield server

    def answer(self, certificate: tuple[pathlib.Path, pathlib.Path] | None) -> bytes:
        """What the server sends first to a client with this certificate and key."""
        context = ssl.create_default_context(cafile=str(self.folder / pki.KINE_CLIENT / "ca.crt"))
        context.set_alpn_protocols(["h2"])
        if certificate:
            context.load_cert_chain(*certificate)
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname="tenant-a-kine.hcp-tenant-a.svc") as secured:
                secured.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
                return secured.recv(64)


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def shared(postgresql_server: processes.PostgreSQL, tmp_path: pathlib.Path) -> Shared:
    return Shared(tmp_path, f"{postgresql_server.dsn}{processes.unique('shared').replace('-', '_')}?sslmode=disable")


def _client(shared: Shared, folder: pathlib.Path, stack: contextlib.ExitStack) -> t.Any:
    folder.mkdir()
    server = processes.kube_apiserver(shared.url, folder, arguments=shared.etcd_arguments())
    return stack.enter_context(server).client()


def _create(client: t.Any, name: str) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    client.request("POST", "/api/v1/namespaces/default/configmaps", body=body, timeout=10)


def _names(client: t.Any) -> set[str]:
    answer = client.request("GET", "/api/v1/namespaces/default/configmaps", timeout=10)
    return {item["metadata"]["name"] for item in answer["items"]}


def test_a_real_api_takes_the_objects_and_finds_nothing_to_change(client: t.Any, namespace: str) -> None:
    spec = ClusterSpec(
        name=namespace, version="1.36.3", endpoint="127.0.0.1", service_cidr="10.98.0.0/16", kine="shared"
    )
    material = pki.ensure_pki(spec, "127.0.0.1", {})
    database = Database("db", 5432, "CA", "pw")
    objects = Kubeadm().mothership_objects(ControlPlane(spec, Ports(30411, 30412), "127.0.0.1", database, material))
    for expected in (True, False):
        plan = apply_objects(client, objects, check_mode=False, deadline=Deadline(60), progress=Progress(""))
        assert bool(plan) is expected, [change.target for change in plan.changes]
    (kine,) = [item for item in objects if item["kind"] == "Deployment" and item["metadata"]["name"].endswith("-kine")]
    # The namespace enforces Pod Security: it would refuse the pod here.
    template = kine["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": {**template["metadata"], "name": "kine"}}
    made = client.request("POST", f"/api/v1/namespaces/{spec.namespace}/pods", query={"dryRun": "All"}, body=pod)
    assert made["spec"]["priority"] == 2000000000
    assert {item["tolerationSeconds"] for item in made["spec"]["tolerations"]} == {5}
    plan = remove_objects(
        client, shared_kine.leftovers(spec), check_mode=False, deadline=Deadline(60), progress=Progress("")
    )
    assert len(plan.changes) == len(shared_kine.leftovers(spec))


def test_kine_serves_nobody_without_a_certificate_of_its_own_authority(shared: Shared) -> None:
    place = shared.folder / pki.KINE_CLIENT
    kubelet = shared.folder / pki.API_SERVER
    with shared.kine():
        assert shared.answer((place / "tls.crt", place / "tls.key"))[3:4] == b"\x04"  # SETTINGS of HTTP/2
        for certificate in (None, (kubelet / "apiserver-kubelet-client.crt", kubelet / "apiserver-kubelet-client.key")):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                shared.answer(certificate)


def test_two_api_servers_see_each_others_writes_and_outlive_their_kine(shared: Shared, tmp_path: pathlib.Path) -> None:
    with contextlib.ExitStack() as stack:
        first_kine = stack.enter_context(shared.kine())
        clients = [_client(shared, tmp_path / name, stack) for name in ("first", "second")]
        lags = [_lag(clients[number % 2], clients[1 - number % 2], f"fresh-{number}") for number in range(_ROUNDS)]
        late = [round(lag, 3) for lag in lags if lag > 0]
        print(f"lists through the other API server that lacked a write: {len(late)} of {len(lags)} {late}")
        assert max(lags) < _FRESH_WITHIN_SECONDS
        first_kine.stop()
        began = time.monotonic()
        stack.enter_context(shared.kine())
        for number, client in enumerate(clients):
            _retry(lambda client=client, number=number: _create(client, f"after-{number}"), 30)  # type: ignore[misc]
        print(f"writes through both API servers again after {time.monotonic() - began:.2f} s")
        wanted = {f"fresh-{number}" for number in range(_ROUNDS)} | {"after-0", "after-1"}
        for client in clients:
            _retry(lambda client=client: _has(client, wanted), 10)  # type: ignore[misc]


def _lag(writer: t.Any, reader: t.Any, name: str) -> float:
    """Seconds by which the first LIST after an acknowledged write was too old."""
    _create(writer, name)
    began = time.monotonic()
    if name in _names(reader):
        return 0.0
    while name not in _names(reader):
        if time.monotonic() - began > 10:
            pytest.fail(f"{name} is in no list after 10 s")
    return time.monotonic() - began


def _has(client: t.Any, wanted: set[str]) -> None:
    missing = wanted - _names(client)
    if missing:
        raise HcpError(f"{sorted(missing)} are missing")


def _retry(action: t.Callable[[], None], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while True:
        try:
            return action()
        except HcpError as error:
            # A write whose answer was lost may have been done.
            if getattr(error, "status", None) == 409:
                return None
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
