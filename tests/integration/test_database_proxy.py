# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real HAProxy between a client and two servers, of which one says that it leads."""

from __future__ import annotations

import contextlib
import http.server
import pathlib
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core import balancing
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import authority_work, command
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.authority import Authority
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.files import TextFile
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.proxy_config import (
    STATES,
    Settings,
    haproxy_config,
)
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.proxy_machine import ProxyMachine

from tests.integration import processes

MACHINES = {"db1": "127.0.0.21", "db2": "127.0.0.22"}
PORTS = {"port": processes.free_port(), "database_port": processes.free_port(), "health_port": processes.free_port()}


class Leader:
    """Who leads; what Patroni and PostgreSQL are here."""

    name = "db1"
    #: Before Patroni answers.
    seconds = 0.0


def threaded(server: socketserver.BaseServer) -> socketserver.BaseServer:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def patroni(name: str, leader: Leader, tls: pathlib.Path) -> socketserver.BaseServer:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(leader.seconds)
            leads = self.path == "/primary" and leader.name == name
            self.send_response(200 if leads else 503)
            self.end_headers()

        def log_message(self, *_anything: t.Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer((MACHINES[name], PORTS["health_port"]), Answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / "server.crt", tls / "server.key")
    context.load_verify_locations(tls / "ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return threaded(server)


def postgresql(name: str) -> socketserver.BaseServer:
    """Says its name, then waits."""

    class Answer(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(name.encode())
            self.request.recv(1)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    return threaded(Server((MACHINES[name], PORTS["database_port"]), Answer))


@pytest.fixture
def tls(tmp_path: pathlib.Path) -> pathlib.Path:
    authority = Authority(command.run, str(tmp_path / "ca"))
    authority.make()
    made = authority_work.AuthorityMachine(command.run, authority, str(tmp_path / "tls")).tls(30)
    made.make_server("mothership-database", ["localhost", *MACHINES.values()])
    folder = tmp_path / "tls"
    shutil.copy(authority.certificate, folder / "ca.crt")
    (folder / "haproxy.pem").write_text((folder / "server.crt").read_text() + (folder / "server.key").read_text())
    return folder


def configuration(certificates: str, tls_folder: str, *networks: str) -> str:
    options = {"virtual_address": "", "keepalived": True, "virtual_router_id": 52, "interface": ""}
    more = {"allowed_networks": list(networks), "max_connections": 100, "tls_folder": tls_folder}
    settings = Settings.from_options({"name": "db1", "machines": MACHINES, **PORTS, **options, **more})
    return haproxy_config(settings, certificates)


class Proxy:
    """HAProxy as on a database machine, with the paths of its files in a folder of its own."""

    def __init__(self, root: pathlib.Path, tls: pathlib.Path) -> None:
        if shutil.which("haproxy") is None:
            pytest.fail("haproxy is missing; install it (Debian: apt-get install haproxy)")
        self.machine = ProxyMachine(command.run, Progress(), str(root))
        self._root, self._tls = root, tls
        self._processes: list[subprocess.Popen[bytes]] = []
        for path in (balancing.HAPROXY_SOCKET, STATES):
            (root / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        self.machine.write(TextFile(STATES, "1\n"))

    def load(self, certificates: str) -> None:
        """Start it, or let another one take its place: what a reload does."""
        text, path = configuration(certificates, str(self._tls), "127.0.0.0/8"), self._root / "haproxy.cfg"
        for own in (balancing.HAPROXY_SOCKET, STATES):
            text = text.replace(own, f"{self._root}{own}")
        path.write_text(text)
        predecessor = ["-sf", str(self._processes[-1].pid)] if self._processes else []
        argv = ["haproxy", "-db", "-f", str(path), *predecessor]
        self._processes.append(subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        self.machine.wait_until_loaded(text, 20)

    def end(self) -> None:
        for process in self._processes:
            process.terminate()
            process.wait(20)


@pytest.fixture
def leader(tls: pathlib.Path) -> t.Iterator[Leader]:
    """Both machines."""
    leader = Leader()
    servers = [serve for name in MACHINES for serve in (patroni(name, leader, tls), postgresql(name))]
    yield leader
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def proxy(tls: pathlib.Path, leader: Leader, tmp_path: pathlib.Path) -> t.Iterator[Proxy]:
    """HAProxy before them."""
    made = Proxy(tmp_path, tls)
    try:
        made.load("sha256:0")
        yield made
    finally:
        made.end()


def connected(seconds: float) -> tuple[socket.socket, str]:
    """A connection through HAProxy, and who is at its other end."""
    until = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            connection = socket.create_connection(("127.0.0.1", PORTS["port"]), timeout=5)
            name = connection.recv(10).decode()
            if name:
                return connection, name
        assert time.monotonic() < until, "nobody answers"
        time.sleep(0.1)


@pytest.mark.usefixtures("proxy")
def test_connections_go_to_who_leads_and_end_when_it_does_not(leader: Leader) -> None:
    first, name = connected(10)
    assert name == "db1"
    leader.name = "db2"
    began = time.monotonic()
    first.settimeout(10)
    with contextlib.suppress(ConnectionResetError):
        assert first.recv(10) == b""
    second, name = connected(10)
    assert name == "db2"
    assert time.monotonic() - began < 8
    leader.name = "nobody"
    second.settimeout(10)
    with contextlib.suppress(ConnectionResetError):
        assert second.recv(10) == b""
    with socket.create_connection(("127.0.0.1", PORTS["port"]), timeout=5) as third:
        with contextlib.suppress(ConnectionResetError):
            assert third.recv(10) == b""


@pytest.mark.parametrize("kept", [True, False])
def test_a_reload_leads_nobody_to_a_standby(proxy: Proxy, leader: Leader, kept: bool) -> None:
    """The negative control: without what the predecessor knew, clients do end up there."""
    connected(10)[0].close()
    # Until both were asked.
    time.sleep(3)
    # A busy machine lets HAProxy ask both before the first client is there; a slow answer keeps the moment open.
    leader.seconds = 1.5
    if kept:
        proxy.machine.keep_states(STATES)
    proxy.load("sha256:1")
    names = set()
    until = time.monotonic() + 2
    while time.monotonic() < until:
        connection, name = connected(10)
        names.add(name)
        connection.close()
    assert ("db2" in names) is not kept


def test_the_configuration_has_an_identity() -> None:
    texts = [configuration(certificates, "/x") for certificates in ("sha256:1", "sha256:2")]
    assert len({balancing.identity(text) for text in texts}) == 2
