# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
import threading
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed, HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import latency
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import ServerDown
from ansible_collections.mothership.hcp.plugins.module_utils._pki.authority import new_authority


class FakePsql:
    """Answers whether it is a standby, then the times of commits."""

    def __init__(self, *answers: t.Any) -> None:
        self.answers = list(answers)
        self.scripts: list[str] = []

    def rows(self, script: str, **_options: t.Any) -> list[t.Any]:
        self.scripts.append(script)
        answer = self.answers.pop(0)
        if isinstance(answer, HcpError):
            raise answer
        return [answer]


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency.shutil, "which", lambda name: f"/usr/bin/{name}")


def server(*answers: bytes) -> int:
    """A server that answers each connection's first bytes with one of ``answers``."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener:
            for answer in answers:
                connection, _address = listener.accept()
                with connection:
                    assert connection.recv(8) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
                    connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return int(listener.getsockname()[1])


def test_the_way_there_and_back_is_measured_without_a_login() -> None:
    measured, problem = latency.round_trips("127.0.0.1", server(b"N", b"S", b"N"), 3, sleep=lambda seconds: None)
    assert problem is None
    assert measured is not None
    assert measured["samples"] == 3


@pytest.mark.parametrize(("answer", "said"), [(b"H", "is not PostgreSQL"), (b"", "the connection was closed")])
def test_another_program_at_the_port(answer: bytes, said: str) -> None:
    measured, problem = latency.round_trips("127.0.0.1", server(answer), 1, sleep=lambda seconds: None)
    assert measured is None
    assert said in str(problem)


def test_a_server_without_tls_is_not_the_one_that_was_meant() -> None:
    authority = new_authority("database").certificate_pem
    _measured, problem = latency.round_trips("127.0.0.1", server(b"N"), 1, authority, sleep=lambda seconds: None)
    assert "does not speak TLS" in str(problem)


@pytest.mark.parametrize("text", ["/etc/ssl/ca.crt", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----", "ä"])
def test_what_is_no_certificate_is_the_options_fault_and_not_the_servers(text: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        latency.round_trips("127.0.0.1", 1, 1, text, sleep=lambda seconds: None)
    assert raised.value.where == "ca_certificate"
    assert "is no certificate" in raised.value.message


def test_nobody_there_is_an_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = latency.measure("127.0.0.1", port, None)
    assert result["round_trip"] is None
    assert result["problems"] == [f"127.0.0.1:{port} does not answer: Connection refused"]


def test_commits_are_measured_without_a_table() -> None:
    psql = FakePsql(False, [0.001, 0.002])
    result = latency.measure(None, 5432, psql, commit_samples=30)  # type: ignore[arg-type]
    assert result == {"round_trip": None, "commit": {"p50": 1.0, "p99": 2.0, "samples": 2}, "problems": []}
    assert "1..30" in psql.scripts[1]
    assert "CREATE" not in psql.scripts[1]
    assert "statement_timeout = '5s'" in psql.scripts[1]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (True, "the server of this machine is a standby"),
        (ServerDown("no socket"), "PostgreSQL does not run here yet"),
        (CommandFailed("the program runuser is not on this machine"), "the program runuser is not on this machine"),
    ],
)
def test_where_commits_cannot_be_measured(answer: t.Any, said: str) -> None:
    result = latency.measure(None, 5432, FakePsql(answer))  # type: ignore[arg-type]
    assert (result["commit"], result["problems"]) == (None, [said])


def test_before_postgresql_is_installed_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency.shutil, "which", lambda name: None)
    psql = FakePsql()
    result = latency.measure(None, 5432, psql)  # type: ignore[arg-type]
    assert (result["problems"], psql.scripts) == (["PostgreSQL does not run here yet"], [])
