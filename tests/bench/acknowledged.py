# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes to a Kubernetes API at a steady rate, and each acknowledged one read back afterwards."""

from __future__ import annotations

import base64
import collections
import concurrent.futures
import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import ssl
import tempfile
import threading
import time
import typing as t
import urllib.parse

import yaml

#: So short that somebody tries several times a second while nothing works.
WRITE_SECONDS = 2.0
READ_SECONDS = 10.0
_CONNECTION_ENDED = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)


class Api:
    """One keep-alive connection; not for several threads."""

    def __init__(self, kubeconfig: pathlib.Path, timeout: float) -> None:
        content = yaml.safe_load(kubeconfig.read_text())
        cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
        address = urllib.parse.urlsplit(cluster["server"])
        self._address = (str(address.hostname), address.port or 443)
        self._context = ssl.create_default_context(cadata=_decoded(cluster["certificate-authority-data"]))
        _load_pair(self._context, user)
        self._timeout = timeout
        self._connection: http.client.HTTPSConnection | None = None
        self.reconnected = 0

    def request(self, method: str, path: str, body: t.Any = None) -> tuple[int, dict[str, t.Any]]:
        """Status and answer.

        A server that leaves ends its idle connections, or says so and when to come again. Such a request is sent again
        on a new connection, once, as client-go does; ``reconnected`` counts these.

        :raises OSError: nobody answered, or not in time; the connection is a new one the next time.
        """
        used = self._connection is not None
        try:
            status, answer = self._once(method, path, body)
            if status != http.HTTPStatus.SERVICE_UNAVAILABLE or "shutting down" not in str(answer.get("message")):
                return status, answer
            self.close()
        except OSError as error:
            if not used or not isinstance(error.__cause__, _CONNECTION_ENDED):
                raise
        self.reconnected += 1
        return self._again(method, path, body)

    def _again(self, method: str, path: str, body: t.Any) -> tuple[int, dict[str, t.Any]]:
        status, answer = self._once(method, path, body)
        if status == http.HTTPStatus.CONFLICT and method == "POST":
            # It was carried out before the connection ended.
            status, answer = self._once("GET", f"{path}/{body['metadata']['name']}", None)
            status = http.HTTPStatus.CREATED if status == http.HTTPStatus.OK else status
        return status, answer

    def _once(self, method: str, path: str, body: t.Any) -> tuple[int, dict[str, t.Any]]:
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(*self._address, context=self._context, timeout=self._timeout)
        text = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, path, text, {"Content-Type": "application/json"})
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise OSError(f"{method} {path}: {error}") from error

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _decoded(data: str) -> str:
    return base64.b64decode(data).decode()


def _load_pair(context: ssl.SSLContext, user: t.Mapping[str, str]) -> None:
    """ssl takes a client's certificate from a file only."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "client.pem")
        with open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(_decoded(user["client-certificate-data"]) + "\n" + _decoded(user["client-key-data"]))
        context.load_cert_chain(path)


@dataclasses.dataclass(frozen=True)
class Acknowledged:
    """A write that the API answered with 201.

    :param at: of the monotonic clock.
    """

    name: str
    uid: str
    at: float


class Load:
    """Creates ConfigMaps in a namespace of its own until it is stopped."""

    def __init__(
        self,
        kubeconfig: pathlib.Path,
        namespace: str,
        rate: float,
        threads: int = 32,
        *,
        timeout: float = WRITE_SECONDS,
    ) -> None:
        self.namespace, self.rate = namespace, rate
        self.acknowledged: list[Acknowledged] = []
        self.failures: collections.Counter[str] = collections.Counter()
        self.reconnected = 0
        self.last_failure = ""
        self._kubeconfig, self._threads, self._timeout = kubeconfig, threads, timeout
        self.slowest = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._next_at, self._number = time.monotonic(), 0

    @contextlib.contextmanager
    def running(self) -> t.Iterator[Load]:
        """Make the namespace and write until the end of the block."""
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        status, answer = Api(self._kubeconfig, READ_SECONDS).request("POST", "/api/v1/namespaces", body)
        if status not in (201, 409):
            raise OSError(f"namespace {self.namespace} cannot be made: {answer.get('message', status)}")
        workers = [threading.Thread(target=self._work, daemon=True) for _number in range(self._threads)]
        self._next_at = time.monotonic()
        for worker in workers:
            worker.start()
        try:
            yield self
        finally:
            self._stop.set()
            for worker in workers:
                worker.join(timeout=self._timeout * 3)

    @property
    def failed(self) -> int:
        return sum(self.failures.values())

    def since(self, moment: float) -> list[Acknowledged]:
        """Acknowledged at or after ``moment``."""
        with self._lock:
            return [one for one in self.acknowledged if one.at >= moment]

    def _work(self) -> None:
        api = Api(self._kubeconfig, self._timeout)
        while (name := self._take()) is not None:
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"name": name}}
            began = time.monotonic()
            try:
                status, answer = api.request("POST", f"/api/v1/namespaces/{self.namespace}/configmaps", body)
            except OSError as error:
                self._note(None, str(error))
                continue
            at = time.monotonic()
            self.slowest = max(self.slowest, at - began)
            if status == 201:
                self._note(Acknowledged(name, str(answer["metadata"]["uid"]), at), "")
            else:
                self._note(None, f"{status} {answer.get('message', '')}")
        api.close()
        with self._lock:
            self.reconnected += api.reconnected

    def _take(self) -> str | None:
        """Wait for the next turn. What nobody could begin in time is left out: a rest is not caught up with."""
        with self._lock:
            now = time.monotonic()
            mine = max(self._next_at, now)
            self._next_at = mine + 1 / self.rate
            self._number += 1
            name = f"write-{self._number:07d}"
        return None if self._stop.wait(max(0.0, mine - now)) else name

    def _note(self, done: Acknowledged | None, failure: str) -> None:
        with self._lock:
            if done is not None:
                self.acknowledged.append(done)
            else:
                self.failures[failure.partition(": ")[2] or failure] += 1
                self.last_failure = failure


def longest_gap(moments: t.Iterable[float], begin: float, end: float) -> float:
    """Longest time without any of ``moments`` between ``begin`` and ``end``."""
    inside = [begin, *sorted(moment for moment in moments if begin <= moment <= end), end]
    return max(later - earlier for earlier, later in zip(inside, inside[1:]))


def lost(kubeconfig: pathlib.Path, namespace: str, writes: t.Sequence[Acknowledged], threads: int = 8) -> list[str]:
    """Names of writes that cannot be read back as they were acknowledged; each is asked for by its name.

    :raises OSError: the API does not answer, so nothing can be said.
    """
    shares = [writes[number::threads] for number in range(threads)]
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        found = pool.map(lambda share: _lost_of(kubeconfig, namespace, share), shares)
        return sorted(name for names in found for name in names)


def _lost_of(kubeconfig: pathlib.Path, namespace: str, writes: t.Sequence[Acknowledged]) -> list[str]:
    api, missing = Api(kubeconfig, READ_SECONDS), []
    for one in writes:
        status, answer = _read(api, f"/api/v1/namespaces/{namespace}/configmaps/{one.name}")
        found = status == 200 and answer["metadata"]["uid"] == one.uid and answer.get("data") == {"name": one.name}
        if not found:
            missing.append(one.name)
    api.close()
    return missing


def _read(api: Api, path: str, attempts: int = 5) -> tuple[int, dict[str, t.Any]]:
    """200 or 404; anything else is asked again."""
    for attempt in range(attempts):
        with contextlib.suppress(OSError):
            status, answer = api.request("GET", path)
            if status in (200, 404):
                return status, answer
        time.sleep(attempt)
    raise OSError(f"no answer for {path} in {attempts} attempts")
