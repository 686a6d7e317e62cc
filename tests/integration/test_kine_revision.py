# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An old dump under a client that knows newer revisions: with the procedure it ends right, without it wrong.

PostgreSQL, kine and kube-apiserver are real. The client lists once and then follows a watch, as controllers do; it
lists anew when it is told that its revision is gone, and only then.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import pathlib
import subprocess
import threading
import time
import typing as t
import urllib.error
import urllib.request

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import revision
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Connection, Psql
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.revision import Wanted

from tests.integration import processes

MAPS = "/api/v1/namespaces/default/configmaps"


class Client:
    """Requests to an API server that may be away."""

    def __init__(self, server: processes.ApiServer) -> None:
        self.url, self._tls = server.url, server.certificates.tls_context()

    def ask(self, path: str, *, method: str = "GET", body: t.Any = None, timeout: float = 10) -> tuple[int, t.Any]:
        """Status and answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout, context=self._tls) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")

    def write(self, name: str, value: str) -> int:
        """Make or change a ConfigMap; the revision that it got."""
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"value": value}}
        status, answer = self.ask(MAPS, method="POST", body=body)
        if status == 409:
            status, answer = self.ask(f"{MAPS}/{name}", method="PUT", body=body)
        assert status in (200, 201), answer
        return int(answer["metadata"]["resourceVersion"])

    def objects(self) -> dict[str, str]:
        """Hash of each ConfigMap, as the server has it now."""
        status, answer = self.ask(MAPS)
        assert status == 200
        return {item["metadata"]["name"]: hash_of(item) for item in answer["items"]}

    def stream(self, path: str, timeout: float) -> t.Iterator[t.Any]:
        with urllib.request.urlopen(self.url + path, timeout=timeout, context=self._tls) as answer:
            for line in answer:
                yield json.loads(line)


def hash_of(item: t.Mapping[str, t.Any]) -> str:
    content = {"uid": item["metadata"]["uid"], "data": item.get("data")}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class Informer:
    """Lists, follows a watch from there, and lists again only when its revision is gone."""

    def __init__(self, client: Client) -> None:
        self.objects: dict[str, str] = {}
        self.lists = 0
        self._client, self._revision = client, ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
                if not self._revision:
                    self._list()
                self._follow()
            time.sleep(0.2)

    def _list(self) -> None:
        status, answer = self._client.ask(MAPS)
        if status == 200:
            self.objects = {item["metadata"]["name"]: hash_of(item) for item in answer["items"]}
            self._revision = answer["metadata"]["resourceVersion"]
            self.lists += 1

    def _follow(self) -> None:
        path = f"{MAPS}?watch=1&resourceVersion={self._revision}&timeoutSeconds=20"
        try:
            for event in self._client.stream(path, 8):
                if event["type"] == "ERROR":
                    self._revision = "" if event["object"].get("code") == 410 else self._revision
                    return
                self._revision = event["object"]["metadata"]["resourceVersion"]
                name = event["object"]["metadata"]["name"]
                if event["type"] == "DELETED":
                    self.objects.pop(name, None)
                else:
                    self.objects[name] = hash_of(event["object"])
        except urllib.error.HTTPError as error:
            if error.code == 410:
                self._revision = ""


class Site:
    """A hosted cluster's database and its control plane, which can be stopped."""

    def __init__(self, server: processes.PostgreSQL, folder: pathlib.Path) -> None:
        self.server, self.folder, self.port = server, folder, processes.free_port()
        self.name = processes.unique("hcp").replace("-", "_")
        server.query(f"CREATE ROLE {self.name} NOLOGIN")
        server.query(f"CREATE ROLE {self.name}_a LOGIN IN ROLE {self.name}")
        server.query(f"ALTER ROLE {self.name}_a SET role = '{self.name}'")
        server.query(f"CREATE DATABASE {self.name} OWNER {self.name} TEMPLATE template0")
        self.psql = Psql(Connection((), str(server.folder), server.port, os_user=None))

    @contextlib.contextmanager
    def control_plane(self) -> t.Iterator[Client]:
        dsn = f"postgres://{self.name}_a@127.0.0.1:{self.server.port}/{self.name}?sslmode=disable"
        with processes.kine(dsn, self.folder) as url:
            with processes.kube_apiserver(url, self.folder, port=self.port) as server:
                yield Client(server)

    def dump(self) -> pathlib.Path:
        path = self.server.folder / f"{self.name}.dump"
        self._tool("pg_dump", "--format=custom", f"--file={path}", self.server.dsn + self.name)
        return path

    def restore(self, path: pathlib.Path) -> None:
        tables = "DROP TABLE public.kine"
        self.server.query(tables, self.name)
        role = f"--role={self.name}"
        self._tool("pg_restore", "--no-owner", role, f"--dbname={self.server.dsn}{self.name}", str(path))

    def revision(self, state: str, high_water: int = 0) -> dict[str, t.Any]:
        wanted = [Wanted(self.name, high_water)]
        return revision.ensure(wanted, state, self.psql, margin=10000, check_mode=False, progress=Progress())

    @staticmethod
    def _tool(name: str, *arguments: str) -> None:
        command = [processes.postgresql_binary(name), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def site(postgresql_server: processes.PostgreSQL, tmp_path: pathlib.Path) -> Site:
    return Site(postgresql_server, tmp_path)


def fill(client: Client, first: int, last: int, value: str) -> int:
    """Write some; the greatest revision."""
    return max(client.write(f"map-{number:03}", value) for number in range(first, last))


def wait_for(check: t.Callable[[], bool], seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while not check() and time.monotonic() < ends:
        time.sleep(0.1)
    return check()


def test_an_old_dump_leaves_clients_wrong_and_after_the_procedure_they_have_what_it_has(site: Site) -> None:
    with site.control_plane() as client:
        informer = Informer(client)
        dumped = fill(client, 0, 30, "kept")
        kept = client.objects()
        path = site.dump()
        # Changed, new and deleted ones, all of them unknown to the dump.
        fill(client, 20, 60, "lost")
        assert client.ask(f"{MAPS}/map-001", method="DELETE")[0] == 200
        assert wait_for(lambda: informer.objects == client.objects(), 10)
        high_water = int(client.ask(MAPS)[1]["metadata"]["resourceVersion"])
    stays_wrong_without_it(site, path, informer, high_water)
    # Revisions were given between two restores of the same dump.
    site.restore(path)
    raise_revision(site, high_water)
    with site.control_plane() as client:
        # Old revisions are gone, for lists and for watches, whether the dump has them or not.
        for old in (dumped, high_water):
            exact = f"{MAPS}?resourceVersion={old}&resourceVersionMatch=Exact"
            assert client.ask(exact)[0] == 410
            assert gone(client, old)
        assert client.objects() == kept
        assert wait_for(lambda: informer.objects == kept, 15), difference(informer.objects, kept)
        assert informer.lists == 2
        assert client.write("map-001", "new") > high_water + 9000
        assert client.ask(f"{MAPS}/map-002", method="DELETE")[0] == 200
        assert wait_for(lambda: informer.objects == client.objects(), 10)
    informer.stop()


def stays_wrong_without_it(site: Site, path: pathlib.Path, informer: Informer, high_water: int) -> None:
    """The negative control: what the procedure is for, and that the rest of the test is able to see it."""
    site.restore(path)
    with site.control_plane() as client:
        assert fill(client, 70, 75, "after") < high_water
        assert not wait_for(lambda: informer.objects == client.objects(), 6)
    assert informer.lists == 1


def raise_revision(site: Site, high_water: int) -> None:
    """The procedure; each step once more changes nothing."""
    assert site.revision("read", high_water)["databases"][0]["behind"] > 0
    with pytest.raises(HcpError, match="is open"):
        site.revision("raised", high_water)
    for state in ("closed", "raised", "open"):
        assert site.revision(state, high_water)["changed"]
        assert not site.revision(state, high_water)["changed"]
    assert site.revision("read", high_water)["databases"][0]["behind"] == 0


def test_a_closed_database_lets_no_kine_in(site: Site) -> None:
    dsn = f"postgres://{site.name}_a@127.0.0.1:{site.server.port}/{site.name}?sslmode=disable"
    with processes.kine(dsn, site.folder):
        assert site.revision("read")["databases"][0]["sessions"] > 0
        assert site.revision("closed")["databases"][0]["sessions"] == 0
        time.sleep(2)
        assert site.revision("read")["databases"][0]["sessions"] == 0
        assert site.revision("open")["changed"]
        assert wait_for(lambda: site.revision("read")["databases"][0]["sessions"] > 0, 15)


def gone(client: Client, old: int) -> bool:
    """Whether a watch from there is told 410."""
    try:
        for event in client.stream(f"{MAPS}?watch=1&resourceVersion={old}&timeoutSeconds=5", 10):
            return bool(event["type"] == "ERROR" and event["object"].get("code") == 410)
    except urllib.error.HTTPError as error:
        return error.code == 410
    return False


def difference(have: t.Mapping[str, str], wanted: t.Mapping[str, str]) -> dict[str, t.Any]:
    return {
        "missing": sorted(set(wanted) - set(have)),
        "too many": sorted(set(have) - set(wanted)),
        "other": sorted(name for name in set(have) & set(wanted) if have[name] != wanted[name]),
    }
