# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Requests to a Kubernetes API server: plain JSON over a pool of connections, safe to use from many threads."""

from __future__ import annotations

import json
import threading
import time
import typing as t
from urllib.parse import urlencode

from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, Unreachable

from .credentials import Access, access_from_file, access_from_text, default_path
from .errors import ApiError, error_from_answer

__all__ = ["APPLY", "ApiError", "KubeClient", "Unreachable"]

#: Content type of a server-side apply; JSON is YAML too.
APPLY = "application/apply-patch+yaml"

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_CONNECT_SECONDS = 5.0
_USER_AGENT = "mothership.hcp"


class KubeClient:
    """A connection to one API server.

    :ivar server: its URL.
    :ivar requests: how many requests were sent so far, by HTTP method.
    :ivar discovered: what :mod:`discovery` learnt from this server.
    """

    def __init__(self, access: Access) -> None:
        self.server = access.server
        self.requests: dict[str, int] = {}
        self.discovered: dict[tuple[str, str], t.Any] = {}
        self._access = access
        self._lock = threading.Lock()

    @classmethod
    def from_kubeconfig(cls, path: str | None, context: str | None = None) -> KubeClient:
        """Use a kubeconfig file; ``None`` means the one that ``kubectl`` would use."""
        return cls(access_from_file(path or default_path(), context))

    @classmethod
    def from_kubeconfig_text(cls, text: str) -> KubeClient:
        """Use the content of a kubeconfig; it is not written to a file that stays."""
        return cls(access_from_text(text))

    def request(
        self,
        method: str,
        path: str,
        *,
        query: t.Mapping[str, t.Any] | None = None,
        body: t.Any = None,
        content_type: str = "application/json",
        timeout: float = 30,
    ) -> dict[str, t.Any]:
        """Send one request and return the decoded answer; an answer that is not JSON becomes ``{"text": ...}``.

        A request that may be repeated without harm is sent again when the connection broke, or when the server
        was overloaded (429, 503), with growing pauses.

        :param timeout: seconds for everything, repetitions included.
        :raises ApiError: the server refused.
        :raises Unreachable: the server did not answer.
        """
        ends = time.monotonic() + timeout
        pause = _FIRST_PAUSE
        while True:
            left = ends - time.monotonic()
            try:
                return self._send(method, path, query, body, content_type, max(left, 0.1))
            except ApiError as error:
                repeatable = error.status == 429 or (error.status == 503 and _is_idempotent(method))
                if not repeatable or left <= pause:
                    raise
            except _BrokenConnection as error:
                if not _is_idempotent(method) or left <= pause:
                    raise Unreachable(str(error.message), where=self.server, remedy=error.remedy) from error
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def stream(
        self, path: str, *, query: t.Mapping[str, t.Any] | None = None, timeout: float = 30
    ) -> t.Iterator[dict[str, t.Any]]:
        """The events of a watch, as they come, until the server ends it.

        :param timeout: seconds of silence after which the connection counts as broken.
        """
        response = self._open("GET", path, query, None, "application/json", timeout, stream=True)
        try:
            if response.status >= 300:
                raise error_from_answer(response.status, _decoded(response.read()), method="GET", path=path)
            yield from _json_lines(self._chunks(response))
        finally:
            # The rest of an unfinished watch must not be read by the next request on this connection.
            response.close()

    def _chunks(self, response: t.Any) -> t.Iterator[bytes]:
        chunks = response.stream(65536, decode_content=True)
        while True:
            try:
                chunk = next(chunks, None)
            except Exception as error:
                raise _translated(error, self.server) from error
            if chunk is None:
                return
            yield chunk

    def _send(
        self,
        method: str,
        path: str,
        query: t.Mapping[str, t.Any] | None,
        body: t.Any,
        content_type: str,
        timeout: float,
    ) -> dict[str, t.Any]:
        response = self._open(method, path, query, body, content_type, timeout, stream=False)
        answer = _decoded(response.data)
        if response.status >= 300:
            raise error_from_answer(response.status, answer, method=method, path=path)
        return answer

    def _open(
        self,
        method: str,
        path: str,
        query: t.Mapping[str, t.Any] | None,
        body: t.Any,
        content_type: str,
        timeout: float,
        *,
        stream: bool,
    ) -> t.Any:
        import urllib3

        headers = {"Accept": "application/json, */*;q=0.5", "User-Agent": _USER_AGENT, **self._access.headers()}
        data = None
        if body is not None:
            headers["Content-Type"] = content_type
            data = json.dumps(body, separators=(",", ":")).encode("utf-8")
        with self._lock:
            self.requests[method] = self.requests.get(method, 0) + 1
        try:
            return self._access.pool.request(
                method,
                self.server + path + (f"?{urlencode(query)}" if query else ""),
                body=data,
                headers=headers,
                timeout=urllib3.Timeout(connect=min(timeout, _CONNECT_SECONDS), read=timeout),
                preload_content=not stream,
                redirect=False,
            )
        except Exception as error:
            raise _translated(error, self.server) from error


class _BrokenConnection(Unreachable):
    """The connection broke after the request was, perhaps, received."""


def _is_idempotent(method: str) -> bool:
    return method != "POST"


def _translated(error: Exception, server: str) -> Exception:
    """What a failure of the transport means to a caller."""
    from urllib3 import exceptions

    if isinstance(error, HcpError):
        return error
    if isinstance(error, exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return HcpError(
            f"the API server's certificate is not trusted: {error}",
            where=server,
            remedy="check the server and certificate-authority-data entries of the kubeconfig",
        )
    remedy = "check that the API server runs and that this machine reaches it"
    if isinstance(error, (exceptions.ProtocolError, exceptions.SSLError)):
        return _BrokenConnection(f"the connection broke: {error}", where=server, remedy=remedy)
    if isinstance(error, exceptions.HTTPError):
        return Unreachable(f"the API server does not answer: {error}", where=server, remedy=remedy)
    return error


def _decoded(data: bytes) -> dict[str, t.Any]:
    if not data:
        return {}
    try:
        answer = json.loads(data)
    except ValueError:
        return {"text": data.decode("utf-8", "replace")}
    return answer if isinstance(answer, dict) else {"text": data.decode("utf-8", "replace")}


def _json_lines(chunks: t.Iterable[bytes]) -> t.Iterator[dict[str, t.Any]]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield json.loads(line)
