# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kine harness asks API servers with: bare requests without repetition, watches, and steady writers."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import http.client
import json
import ssl
import threading
import time
import typing as t

NAMESPACE = "default"
CONFIG_MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


class NoAnswer(Exception):
    """The connection failed, broke or stayed silent."""


class Answer(t.NamedTuple):
    """Status and decoded body; what is not JSON becomes ``{"text": ...}``."""

    status: int
    body: dict[str, t.Any]

    @property
    def revision(self) -> int:
        """Of an object or a list.

        :raises NoAnswer: the server refused.
        """
        if self.status >= 300:
            raise NoAnswer(f"status {self.status}: {self.body.get('message')}")
        return int(self.body["metadata"]["resourceVersion"])


class Api:
    """One API server. Every thread has a connection of its own."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._port, self._context = port, context
        self._local = threading.local()

    def request(self, method: str, path: str, body: t.Any = None, *, timeout: float = 30) -> Answer:
        """One request, sent once.

        :raises NoAnswer: nobody knows whether it was carried out.
        """
        connection = self._connection(timeout)
        try:
            connection.request(
                method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"}
            )
            response = connection.getresponse()
            return Answer(response.status, _decoded(response.read()))
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise NoAnswer(str(error) or type(error).__name__) from error

    def watch(self, path: str, *, silence: float) -> t.Iterator[dict[str, t.Any]]:
        """The events of a watch until the server ends it.

        :raises NoAnswer: it broke, or nothing came for ``silence`` seconds.
        """
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=silence, context=self._context)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            if response.status != 200:
                raise NoAnswer(f"{response.status}: {response.read(500)!r}")
            while line := response.readline():
                yield json.loads(line)
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(str(error) or type(error).__name__) from error
        finally:
            connection.close()

    def _connection(self, timeout: float) -> http.client.HTTPSConnection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=timeout, context=self._context)
            self._local.connection = connection
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        return t.cast("http.client.HTTPSConnection", connection)


def _decoded(data: bytes) -> dict[str, t.Any]:
    try:
        found = json.loads(data)
    except ValueError:
        return {"text": data.decode(errors="replace")}
    return found if isinstance(found, dict) else {"text": found}


def config_map(name: str, value: int, revision: str | None = None) -> dict[str, t.Any]:
    """A small object that carries a number."""
    metadata = {"name": name, **({"resourceVersion": revision} if revision else {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"value": str(value)}}


def create(api: Api, name: str, value: int = 0, *, timeout: float = 30) -> Answer:
    return api.request("POST", CONFIG_MAPS, config_map(name, value), timeout=timeout)


def replace(api: Api, name: str, value: int, revision: str | None = None, *, timeout: float = 30) -> Answer:
    """Without a revision the API server takes whatever is there."""
    return api.request("PUT", f"{CONFIG_MAPS}/{name}", config_map(name, value, revision), timeout=timeout)


def names(api: Api) -> set[str]:
    """All objects of the namespace, read page by page as a client does that wants no old ones."""
    found: set[str] = set()
    more = ""
    while True:
        answer = api.request("GET", f"{CONFIG_MAPS}?limit=500{more}", timeout=60)
        if answer.status != 200:
            raise NoAnswer(f"list: {answer.status}")
        found |= {item["metadata"]["name"] for item in answer.body["items"]}
        following = answer.body["metadata"].get("continue")
        if not following:
            return found
        more = f"&continue={following}"


def cached_names(api: Api) -> set[str]:
    """What the API server has in its cache at the moment, however old that may be."""
    answer = api.request("GET", f"{CONFIG_MAPS}?resourceVersion=0", timeout=60)
    return {item["metadata"]["name"] for item in answer.body.get("items", [])}


@dataclasses.dataclass(frozen=True)
class Write:
    """An acknowledged write."""

    name: str
    revision: int
    at: float


class Writers:
    """Threads that write at a steady rate through several API servers and remember what was acknowledged.

    :param rate: writes a second of all threads together; 0 means as many as they can.
    :param fresh: each write makes a new object; otherwise each thread replaces ten objects of its own in turn.
    """

    def __init__(
        self, apis: t.Sequence[Api], rate: float, *, threads: int = 8, fresh: bool = False, timeout: float = 15
    ) -> None:
        self.acknowledged: list[Write] = []
        self.failures: collections.Counter[str] = collections.Counter()
        self._apis, self._rate, self._fresh, self._timeout = apis, rate, fresh, timeout
        self._stop = threading.Event()
        self._began = time.monotonic()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(threads)]

    def __enter__(self) -> Writers:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(self._timeout + 5)

    def per_second(self) -> float:
        """Acknowledged writes a second until now."""
        return len(self.acknowledged) / max(time.monotonic() - self._began, 0.001)

    def first_after(self, moment: float) -> float | None:
        """When the first write was acknowledged after ``moment``."""
        return min((write.at for write in list(self.acknowledged) if write.at > moment), default=None)

    def _run(self, number: int) -> None:
        api = self._apis[number % len(self._apis)]
        interval = len(self._threads) / self._rate if self._rate else 0.0
        due = time.monotonic() + interval * number / len(self._threads)
        count = 0
        while not self._stop.wait(max(due - time.monotonic(), 0.0)):
            # A thread that is late does not catch up: the rate is a limit.
            due = max(due + interval, time.monotonic() - interval)
            self._write(api, number, count)
            count += 1

    def _write(self, api: Api, number: int, count: int) -> None:
        name = f"load-{number}-{count if self._fresh else count % 10}"
        try:
            if self._fresh or count < 10:
                answer = create(api, name, count, timeout=self._timeout)
            else:
                answer = replace(api, name, count, timeout=self._timeout)
        except NoAnswer as error:
            self._failed(f"no answer: {error}")
            return
        if answer.status in (200, 201):
            self.acknowledged.append(Write(name, answer.revision, time.monotonic()))
        else:
            self._failed(f"status {answer.status}")

    def _failed(self, text: str) -> None:
        self.failures[text] += 1
        # An API server that refuses at once must not be asked a thousand times a second.
        self._stop.wait(0.05)


class Watcher:
    """Watches the namespace from now on and remembers every event's revision, also across watches that broke."""

    def __init__(self, api: Api) -> None:
        self.revisions: list[int] = []
        self.restarts = 0
        self._api = api
        answer = api.request("GET", CONFIG_MAPS)
        self._from = answer.revision
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()

    def wait_for(self, revision: int, seconds: float) -> bool:
        """Wait until an event of this revision or a later one has come."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if self.revisions and self.revisions[-1] >= revision:
                return True
            time.sleep(0.05)
        return False

    def _run(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(NoAnswer):
                path = f"{CONFIG_MAPS}?watch=1&resourceVersion={self._from}&timeoutSeconds=600"
                for event in self._api.watch(path, silence=20):
                    if self._stop.is_set():
                        return
                    if event["type"] == "ERROR":
                        break
                    self._from = int(event["object"]["metadata"]["resourceVersion"])
                    self.revisions.append(self._from)
            self.restarts += 1


def seconds_of_list(api: Api, path: str, limit: float = 10) -> float:
    """How long a LIST takes; ``limit`` when it does not answer."""
    began = time.monotonic()
    with contextlib.suppress(NoAnswer):
        api.request("GET", path, timeout=limit)
        return time.monotonic() - began
    return limit


def watch_list(api: Api, path: str, limit: float) -> list[dict[str, t.Any]] | None:
    """The objects that a WatchList begins with; None when the bookmark after them does not come in time."""
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    found: list[dict[str, t.Any]] = []
    ends = time.monotonic() + limit
    with contextlib.suppress(NoAnswer):
        for event in api.watch(f"{path}?{query}&timeoutSeconds={int(limit) + 5}", silence=limit):
            annotations = event["object"].get("metadata", {}).get("annotations") or {}
            if event["type"] == "BOOKMARK" and annotations.get(INITIAL_EVENTS_END) == "true":
                return found
            found.append(event["object"])
            if time.monotonic() > ends:
                break
    return None
