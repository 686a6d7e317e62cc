# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Patroni's REST API: looking at the machines of a server, changing their settings, restarting one."""

from __future__ import annotations

import dataclasses
import http.client
import json
import os
import ssl
import typing as t

from .._core.errors import CommandFailed, HcpError, Unreachable
from .patroni_config import TlsFiles


@dataclasses.dataclass(frozen=True)
class Member:
    """A machine as the cluster's table has it.

    :param role: ``leader``, ``sync_standby`` or ``replica``.
    :param lag: bytes of WAL behind the leader; ``None`` when unknown.
    """

    name: str
    role: str
    state: str
    timeline: int | None = None
    lag: int | None = None

    @property
    def leads(self) -> bool:
        return self.role == "leader"


class PatroniApi:
    """Asks Patroni, with the certificate of this machine.

    :param port: of the API, the same on all machines.
    """

    def __init__(self, tls: TlsFiles, port: int) -> None:
        self._tls = tls
        self._port = port

    def status(self, host: str) -> dict[str, t.Any]:
        """What the Patroni on ``host`` says of its own PostgreSQL (it says so with 503 too).

        :raises Unreachable: it does not answer.
        """
        return self._asked("GET", host, "/patroni")[1]

    def members(self, host: str) -> list[Member]:
        """The whole cluster, as the machine ``host`` sees it."""
        _status, answer = self._asked("GET", host, "/cluster")
        return [
            Member(
                str(one.get("name")),
                str(one.get("role")),
                str(one.get("state")),
                one.get("timeline"),
                one["lag"] if isinstance(one.get("lag"), int) else None,
            )
            for one in answer.get("members", [])
        ]

    def settings(self, host: str) -> dict[str, t.Any]:
        """The settings that all machines share; empty before there are any."""
        status, answer = self._asked("GET", host, "/config")
        return answer if status == 200 else {}

    def change_settings(self, host: str, patch: t.Mapping[str, t.Any]) -> None:
        """Merge ``patch`` into them; ``None`` takes one away."""
        self._done("PATCH", host, "/config", patch, timeout=30)

    def restart(self, host: str, *, timeout: float) -> None:
        """Restart the PostgreSQL of ``host`` if a setting waits for that; ends when it runs again."""
        self._done("POST", host, "/restart", {"restart_pending": True}, timeout=timeout)

    def _done(self, method: str, host: str, path: str, body: t.Mapping[str, t.Any], *, timeout: float) -> None:
        status, answer = self._asked(method, host, path, body, timeout=timeout)
        if status >= 300:
            raise CommandFailed(
                f"Patroni on {host} refused {method} {path} with {status}: {answer.get('text', '')}",
                where=f"https://{host}:{self._port}{path}",
                remedy="look at 'journalctl -u patroni -n 50' there, then run again",
            )

    def _asked(
        self, method: str, host: str, path: str, body: t.Mapping[str, t.Any] | None = None, *, timeout: float = 10
    ) -> tuple[int, dict[str, t.Any]]:
        where = f"https://{host}:{self._port}{path}"
        connection = http.client.HTTPSConnection(host, self._port, timeout=timeout, context=self._context())
        try:
            headers = {"Content-Type": "application/json"}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            return answer.status, _parsed(text)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"Patroni does not answer: {error}", where=where) from error
        finally:
            connection.close()

    def _context(self) -> ssl.SSLContext:
        if not os.path.exists(self._tls.authority):
            raise Unreachable("there is no certificate of the servers' authority yet", where=self._tls.authority)
        try:
            context = ssl.create_default_context(cafile=self._tls.authority)
            context.load_cert_chain(self._tls.certificate, self._tls.key)
        except OSError as error:
            raise HcpError(
                f"the certificate of this machine cannot be used: {error}", where=self._tls.folder
            ) from error
        return context


def _parsed(text: str) -> dict[str, t.Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {"text": text.strip()[:300]}
    return found if isinstance(found, dict) else {"text": text.strip()[:300]}
