# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""HTTPS to servers that are asked by address and known by a name of their certificate."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import ssl
import tempfile
import typing as t


class NoConnection(OSError):
    """There was no TLS connection, so nothing was asked."""


class Refusal(Exception):
    """The server answered with an error.

    :param status: of HTTP.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status


class _Connection(http.client.HTTPSConnection):
    def __init__(self, address: str, port: int, *, name: str, context: ssl.SSLContext, timeout: float) -> None:
        super().__init__(address, port, timeout=timeout, context=context)
        self._name, self._tls = name, context

    def connect(self) -> None:
        try:
            http.client.HTTPConnection.connect(self)
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)
        except OSError as error:
            raise NoConnection(str(error)) from error


def context_for(ca_certificate: str, certificate: str = "", key: str = "") -> ssl.SSLContext:
    """Trusts one CA, and presents a client certificate if one is given; all are PEM texts."""
    context = ssl.create_default_context(cadata=ca_certificate)
    # Newer Pythons ask more of a certificate than Kubernetes does.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if certificate:
        # The library reads client certificates from files only. This one is there for a moment, for this user alone.
        descriptor, path = tempfile.mkstemp(dir=os.environ.get("RUNTIME_DIRECTORY"))
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(certificate + "\n" + key)
            context.load_cert_chain(path)
        finally:
            os.unlink(path)
    return context


class Server:
    """One server.

    :param name: that its certificate must have.
    """

    def __init__(self, address: str, port: int, name: str, context: ssl.SSLContext, token: str = "") -> None:
        self._address, self._port, self._name, self._context = address, port, name, context
        self._headers = {"User-Agent": "mothership-replica-watchdog", "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    @contextlib.contextmanager
    def connected(self, timeout: float) -> t.Iterator[http.client.HTTPSConnection]:
        """A connection that stands, so that only the answer is timed.

        :raises NoConnection: when there is none.
        """
        made = _Connection(self._address, self._port, name=self._name, context=self._context, timeout=timeout)
        try:
            made.connect()
            yield made
        finally:
            made.close()

    def send(
        self,
        connection: http.client.HTTPSConnection,
        method: str,
        path: str,
        body: t.Any = None,
        *,
        content_type: str = "application/json",
    ) -> http.client.HTTPResponse:
        """Send a request.

        :raises Refusal: the server says no.
        :raises OSError: the connection broke or the time is over.
        """
        headers = {**self._headers, **({"Content-Type": content_type} if body is not None else {})}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        if response.status >= 300:
            raise Refusal(response.status, response.read(500).decode("utf-8", "replace"))
        return response

    def ask(
        self, method: str, path: str, body: t.Any = None, *, timeout: float = 5, content_type: str = "application/json"
    ) -> t.Any:
        """The decoded answer to one request."""
        with self.connected(timeout) as connection:
            try:
                response = self.send(connection, method, path, body, content_type=content_type)
                return json.loads(response.read() or b"{}")
            except (http.client.HTTPException, ValueError) as error:
                raise OSError(f"no readable answer: {error!r}") from error
