# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers for integration tests: PostgreSQL, kine and kube-apiserver on free ports of the loopback interface."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import glob
import json
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import typing as t
import urllib.error
import urllib.request

from tests.integration.certificates import Certificates

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]

#: A root process may not run PostgreSQL: it is started as the first of these that exists.
_POSTGRESQL_USERS = ("postgres", "nobody")
_START_SECONDS = 90.0

_PR_SET_PDEATHSIG = 1


class CannotStart(Exception):
    """A server's program is missing, or it did not become ready; the text says which and shows its log."""


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def binary(name: str) -> str:
    """The path of a program of the bundle: ``$LAB_BUNDLE``, else ``.lab/bundle``, else ``/tmp/bin``."""
    bundle = os.environ.get("LAB_BUNDLE") or str(REPOSITORY / ".lab" / "bundle")
    places = [os.path.join(bundle, "bin", name), os.path.join("/tmp/bin", name)]
    for path in places:
        if os.access(path, os.X_OK):
            return path
    raise CannotStart(f"{name} is missing; looked for {' and '.join(places)}. Build the bundle: see lab/README.md")


def postgresql_binary(name: str) -> str:
    """The path of one of PostgreSQL's programs, the newest installed version first."""

    def version(path: str) -> float:
        text = pathlib.Path(path).parent.parent.name
        return float(text) if text.replace(".", "", 1).isdigit() else 0.0

    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=version, reverse=True)
    path = found[0] if found else shutil.which(name)
    if path is None:
        raise CannotStart(f"{name} is missing; install PostgreSQL (Debian: apt-get install postgresql)")
    return path


@dataclasses.dataclass
class Server:
    """A process that runs until :func:`running` is left."""

    name: str
    process: subprocess.Popen[bytes]
    log: pathlib.Path

    def stop(self) -> None:
        """End it, the hard way when it does not end by itself."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(timeout=5)

    def wait_until(self, is_ready: t.Callable[[], bool], seconds: float = _START_SECONDS) -> None:
        """Wait until it answers."""
        ends = time.monotonic() + seconds
        while not is_ready():
            ended = self.process.poll() is not None
            if ended or time.monotonic() > ends:
                tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
                what = f"ended with code {self.process.returncode}" if ended else f"is not ready after {seconds} s"
                raise CannotStart(f"{self.name} {what}:\n{tail}")
            time.sleep(0.1)


def start(name: str, command: t.Sequence[str], folder: pathlib.Path, *, user: str | None = None) -> Server:
    """Start a process with its log in ``folder``. It ends with the *thread* that started it."""
    log = folder / f"{name}.log"
    with open(log, "ab") as file:
        process = subprocess.Popen(
            list(command),
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            preexec_fn=_end_with_parent,
            **_as_user(user),
        )
    return Server(name, process, log)


@contextlib.contextmanager
def running(
    name: str, command: t.Sequence[str], folder: pathlib.Path, *, user: str | None = None
) -> t.Iterator[Server]:
    """A process with its log in ``folder``; stopped at the end."""
    server = start(name, command, folder, user=user)
    try:
        yield server
    finally:
        server.stop()


def _end_with_parent() -> None:
    # A test run that is killed cannot stop its servers: Linux does, when the parent ends.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _as_user(user: str | None) -> dict[str, t.Any]:
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _postgresql_user() -> str | None:
    """Whom PostgreSQL runs as; ``None`` means as this process."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for user in _POSTGRESQL_USERS:
        if user in known:
            return user
    raise CannotStart(f"none of the users {', '.join(_POSTGRESQL_USERS)} exists; PostgreSQL refuses to run as root")


@dataclasses.dataclass
class PostgreSQL:
    """A PostgreSQL server. The superuser ``postgres`` needs no password from the loopback interface."""

    port: int
    folder: pathlib.Path
    command: t.Sequence[str]
    user: str | None
    process: Server | None = None

    def start(self) -> None:
        """Start it, again too, and wait until it answers."""
        self.process = start("postgresql", self.command, self.folder, user=self.user)
        self.process.wait_until(lambda: _answers_sql(self))

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT ends sessions and stops in order, SIGQUIT leaves everything as a crash would."""
        if self.process is not None and self.process.process.poll() is None:
            self.process.process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.process.wait(timeout=30)
            self.process.stop()

    @property
    def dsn(self) -> str:
        """URL without a database name; ends with a slash."""
        return f"postgres://postgres@127.0.0.1:{self.port}/"

    def query(self, statement: str, database: str = "postgres") -> str:
        """Run SQL and return its output, fields separated by ``|``."""
        command = [postgresql_binary("psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
        command += ["--set=ON_ERROR_STOP=1", f"--dbname={self.dsn}{database}", f"--command={statement}"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
        return done.stdout.strip()


@contextlib.contextmanager
def postgresql(*, settings: t.Mapping[str, str] | None = None) -> t.Iterator[PostgreSQL]:
    """A new PostgreSQL server with an empty data folder."""
    user = _postgresql_user()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mothership-postgresql-", dir="/tmp"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        data, port = folder / "data", free_port()
        initdb = [postgresql_binary("initdb"), f"--pgdata={data}", "--username=postgres", "--auth=trust", "--no-sync"]
        done = subprocess.run(initdb, capture_output=True, text=True, timeout=120, cwd=folder, **_as_user(user))
        if done.returncode != 0:
            raise CannotStart(f"initdb failed:\n{done.stdout}{done.stderr}")
        chosen = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": str(folder)}
        chosen |= {"fsync": "off", "max_connections": "200", **(settings or {})}
        command = [postgresql_binary("postgres"), "-D", str(data)]
        command += [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        found = PostgreSQL(port, folder, command, user)
        try:
            found.start()
            yield found
        finally:
            found.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _answers_sql(server: PostgreSQL) -> bool:
    try:
        return server.query("SELECT 1") == "1"
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return False


@contextlib.contextmanager
def kine(dsn: str, folder: pathlib.Path) -> t.Iterator[str]:
    """kine on a database.

    :return: the URL at which it speaks etcd's protocol.
    """
    port = free_port()
    command = [binary("kine"), f"--endpoint={dsn}", f"--listen-address=tcp://127.0.0.1:{port}"]
    command += ["--metrics-bind-address=0"]
    with running("kine", command, folder) as server:
        server.wait_until(lambda: _listens(port))
        yield f"http://127.0.0.1:{port}"


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0


@dataclasses.dataclass(frozen=True)
class ApiServer:
    """A kube-apiserver without controllers: objects stay as they are written.

    :ivar kubeconfig: of the group ``system:masters``, by client certificate.
    :ivar process: to stop and ask it.
    """

    url: str
    kubeconfig: pathlib.Path
    certificates: Certificates
    process: Server

    def client(self) -> t.Any:
        """A :class:`KubeClient` of this server's administrator."""
        from ansible_collections.mothership.hcp.plugins.module_utils._kube.client import KubeClient

        return KubeClient.from_kubeconfig(str(self.kubeconfig))


@contextlib.contextmanager
def kube_apiserver(
    etcd_url: str, folder: pathlib.Path, *, port: int | None = None, arguments: t.Sequence[str] = ()
) -> t.Iterator[ApiServer]:
    """A kube-apiserver whose state is behind ``etcd_url``.

    :param folder: for its certificates, kubeconfig and log; certificates of an earlier start are used again.
    """
    port = port or free_port()
    certificates = Certificates.in_folder(folder)
    url = f"https://127.0.0.1:{port}"
    command = [
        binary("kube-apiserver"),
        f"--etcd-servers={etcd_url}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--secure-port={port}",
        f"--tls-cert-file={certificates.server_certificate}",
        f"--tls-private-key-file={certificates.server_key}",
        f"--client-ca-file={certificates.authority}",
        f"--service-account-key-file={certificates.server_key}",
        f"--service-account-signing-key-file={certificates.server_key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--authorization-mode=RBAC",
        "--allow-privileged=true",
        "--disable-admission-plugins=ServiceAccount",
        *arguments,
    ]
    kubeconfig = _write_kubeconfig(folder / "kubeconfig", url, certificates)
    with running("kube-apiserver", command, folder) as server:
        server.wait_until(lambda: _is_ready(url, certificates))
        yield ApiServer(url, kubeconfig, certificates, server)


def _is_ready(url: str, certificates: Certificates) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5, context=certificates.tls_context()) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _write_kubeconfig(path: pathlib.Path, url: str, certificates: Certificates) -> pathlib.Path:
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": url, **certificates.kubeconfig_cluster()}}],
        "users": [{"name": "admin", "user": certificates.kubeconfig_user()}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(content))
    return path


def unique(prefix: str) -> str:
    """A DNS label that no other test uses."""
    return f"{prefix}-{secrets.token_hex(3)}"
