# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several replicas of one control plane on the loopback interface: PostgreSQL, kines and kube-apiservers.

Each replica is started as in the product's pods: kine on a unix socket, its own pool, the API server's flags. Only
certificates and tunnels differ. Processes are started by the main thread, because they end with the thread that
started them; nothing waits, so that replicas can be started at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import pathlib
import shutil
import tempfile
import time
import typing as t

from tests.integration import processes
from tests.integration.certificates import Certificates
from tests.integration.kine_harness_client import Api, NoAnswer

#: The harness's own sessions have another name.
KINE_SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND application_name = 'kine'"
READY_SECONDS = 60.0
READY_LINE = "database system is ready to accept connections"


@dataclasses.dataclass(frozen=True)
class Pool:
    """kine's connections. The product's values; 0 open ones mean no limit."""

    open: int = 20
    idle: int = 5

    def flags(self) -> list[str]:
        idle = min(self.idle, self.open) if self.open else self.idle
        return [f"--datastore-max-open-connections={self.open}", f"--datastore-max-idle-connections={idle}"]


@dataclasses.dataclass
class Kine:
    """A kine process and where it listens."""

    server: processes.Server
    socket: pathlib.Path

    def listens(self) -> bool:
        return self.socket.exists()


@dataclasses.dataclass
class Replica:
    """One API server and the kine behind it, which another replica may share."""

    name: str
    kine: Kine
    server: processes.Server
    api: Api
    began: float

    def ended(self) -> str | None:
        """Which of its programs ended by itself, with its code."""
        for name, server in (("kine", self.kine.server), ("kube-apiserver", self.server)):
            if server.process.poll() is not None:
                return f"{name} of {self.name} ended with {server.process.returncode}"
        return None

    def is_ready(self) -> bool:
        try:
            return self.api.request("GET", "/readyz", timeout=5).status == 200
        except NoAnswer:
            return False

    def seconds_to_ready(self, limit: float = READY_SECONDS) -> float | None:
        """Seconds from its start to the first 200 of /readyz; None when that did not come or a program ended."""
        while not self.is_ready():
            if self.ended() is not None or time.monotonic() - self.began > limit:
                return None
            time.sleep(0.1)
        return time.monotonic() - self.began

    def stop(self) -> None:
        """End both at once; nobody needs their last words."""
        for server in (self.server, self.kine.server):
            end(server)


def end(server: processes.Server) -> None:
    """SIGKILL: a stop in order takes seconds, and tests make hundreds."""
    if server.process.poll() is None:
        server.process.kill()
    server.process.wait(timeout=10)


class ControlPlane:
    """One database and the replicas on it.

    :param program: path of the kine.
    """

    def __init__(self, server: processes.PostgreSQL, program: str, folder: pathlib.Path) -> None:
        self.server = server
        self.program = program
        self.database = processes.unique("hcp").replace("-", "_")
        self.replicas: list[Replica] = []
        self._kines: list[Kine] = []
        self._folder = folder
        self._certificates = Certificates.in_folder(folder)
        self._context = self._certificates.tls_context()
        self._number = 0
        server.query(f"CREATE DATABASE {self.database} TEMPLATE template0")

    def make_schema(self) -> None:
        """As the product does before the first replica starts."""
        from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
        from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Connection
        from ansible_collections.mothership.hcp.plugins.module_utils._datastore.schema import SchemaMaker

        connection = Connection((), str(self.server.folder), self.server.port, os_user=None)
        SchemaMaker(connection, self.program, Progress()).make(self.database, "postgres")

    def start_kine(self, pool: Pool | None = None) -> Kine:
        folder = self._next_folder("kine")
        socket = folder / "kine.sock"
        dsn = f"{self.server.dsn}{self.database}?sslmode=disable&application_name=kine"
        command = [self.program, f"--listen-address=unix://{socket}", f"--endpoint={dsn}", "--metrics-bind-address=0"]
        kine = Kine(processes.start("kine", [*command, *(pool or Pool()).flags()], folder), socket)
        self._kines.append(kine)
        return kine

    def start_replica(self, pool: Pool | None = None, *, kine: Kine | None = None) -> Replica:
        """Start kine, unless one is given, and the API server at the same moment. Does not wait."""
        began = time.monotonic()
        kine = kine or self.start_kine(pool)
        folder, port = self._next_folder("api"), processes.free_port()
        server = processes.start("kube-apiserver", self._api_server(kine.socket, port), folder)
        replica = Replica(folder.name, kine, server, Api(port, self._context), began)
        self.replicas.append(replica)
        return replica

    def ready_replicas(self, count: int, pool: Pool | None = None, *, shared: bool = False) -> list[Replica]:
        """Replicas that answer; with ``shared`` all on one kine."""
        kine = self.start_kine(pool) if shared else None
        found = [self.start_replica(pool, kine=kine) for _ in range(count)]
        for replica in found:
            if replica.seconds_to_ready() is None:
                raise processes.CannotStart(f"{replica.name} is not ready: {replica.ended() or 'no 200 of /readyz'}")
        return found

    def sessions(self) -> int:
        """How many connections its kines have."""
        return int(self.server.query(KINE_SESSIONS.format(self.database)))

    def stop(self) -> None:
        for replica in self.replicas:
            end(replica.server)
        for kine in self._kines:
            end(kine.server)
        self.server.query(f"DROP DATABASE {self.database} WITH (FORCE)")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _next_folder(self, what: str) -> pathlib.Path:
        self._number += 1
        folder = self._folder / f"{what}-{self._number}"
        folder.mkdir()
        return folder

    def _api_server(self, socket: pathlib.Path, port: int) -> list[str]:
        files = self._certificates
        return [
            processes.binary("kube-apiserver"),
            f"--etcd-servers=unix://{socket}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            f"--secure-port={port}",
            f"--tls-cert-file={files.server_certificate}",
            f"--tls-private-key-file={files.server_key}",
            f"--client-ca-file={files.authority}",
            f"--service-account-key-file={files.server_key}",
            f"--service-account-signing-key-file={files.server_key}",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--enable-bootstrap-token-auth=true",
            "--allow-privileged=true",
            "--profiling=false",
            f"--requestheader-client-ca-file={files.authority}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User",
        ]


class Harness:
    """A PostgreSQL server and, one after the other, the control planes that are tried on it."""

    def __init__(self, server: processes.PostgreSQL, program: str) -> None:
        self.server = server
        self.program = program

    @contextlib.contextmanager
    def control_plane(self, *, schema: bool = True) -> t.Iterator[ControlPlane]:
        """A new database, with kine's schema unless not wanted; all is stopped and dropped at the end."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="mothership-kine-", dir="/tmp"))
        plane = ControlPlane(self.server, self.program, folder)
        try:
            if schema:
                plane.make_schema()
            yield plane
        finally:
            plane.stop()


@contextlib.contextmanager
def harness(program: str | None = None) -> t.Iterator[Harness]:
    """PostgreSQL with the settings that decide the tests as in the product: commits are on disk when acknowledged."""
    settings = {"fsync": "on", "max_connections": "300", "jit": "off", "log_timezone": "UTC"}
    with processes.postgresql(settings=settings) as server:
        yield Harness(server, program or processes.binary("kine"))


def bring_back(server: processes.PostgreSQL) -> float:
    """Start a database that was stopped; returns the moment (monotonic) from which it took connections."""
    server.start()
    log = (server.folder / "postgresql.log").read_text(errors="replace")
    stamp = [line for line in log.splitlines() if READY_LINE in line][-1][:23]
    moment = datetime.datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=datetime.timezone.utc)
    return time.monotonic() - (time.time() - moment.timestamp())
