# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import socket
import ssl
import threading
from typing import Any

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._pki.authority import KeyPair, new_authority
from ansible_collections.mothership.hcp.plugins.module_utils._pki.leaf import LeafRequest, issue
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import database


class Connection:
    def close(self) -> None:
        """Nothing is sent."""


def test_a_database_that_listens() -> None:
    assert database.examine("db.example.com", 5432, lambda address, timeout: Connection()) == []


@pytest.mark.parametrize(
    ("error", "said"),
    [(TimeoutError(), "timed out after 5 s"), (OSError(111, "Connection refused"), "Connection refused")],
)
def test_a_database_that_does_not(error: OSError, said: str) -> None:
    def connect(address: Any, timeout: float) -> Connection:
        raise error

    (problem,) = database.examine("db.example.com", 5432, connect)
    assert "cannot reach db.example.com:5432" in str(problem)
    assert said in str(problem)


@pytest.fixture(scope="module")
def authority() -> KeyPair:
    return new_authority("database-ca")


def server(authority: KeyPair, folder: pathlib.Path, *names: str) -> int:
    """A server that speaks TLS as PostgreSQL does, for one connection; without names it has no TLS."""
    listener = socket.create_server(("127.0.0.1", 0))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if names:
        pair = issue(authority, LeafRequest("db", server=True, dns_names=names))
        path = folder / "server.pem"
        path.write_text(pair.certificate_pem + pair.key_pem)
        context.load_cert_chain(path)

    def serve() -> None:
        with listener, listener.accept()[0] as plain:
            plain.recv(8)
            plain.sendall(b"S" if names else b"N")
            if names:
                try:
                    context.wrap_socket(plain, server_side=True).close()
                except OSError:
                    return

    threading.Thread(target=serve, daemon=True).start()
    return int(listener.getsockname()[1])


def examine(port: int, certificate: str, sslmode: str = "verify-full") -> tuple[list[str], list[str]]:
    target = database.Target("postgresql_servers[0]", "localhost", port, sslmode, certificate)

    def connect(address: Any, timeout: float) -> socket.socket:
        return socket.create_connection(("127.0.0.1", address[1]), timeout)

    problems, notes = database.examine_target(target, connect)
    return [str(problem) for problem in problems], notes


def test_a_server_of_somebody_else_with_the_right_certificate(authority: KeyPair, tmp_path: pathlib.Path) -> None:
    port = server(authority, tmp_path, "localhost")
    assert examine(port, authority.certificate_pem) == ([], [])


def test_a_certificate_of_another_authority_or_name(authority: KeyPair, tmp_path: pathlib.Path) -> None:
    other = new_authority("other-ca").certificate_pem
    (text,), _notes = examine(server(authority, tmp_path, "localhost"), other)
    assert text.startswith("postgresql_servers[0]: the certificate of localhost:")
    (text,), _notes = examine(server(authority, tmp_path, "db.example.com"), authority.certificate_pem)
    assert "Hostname mismatch" in text
    assert examine(server(authority, tmp_path, "db.example.com"), authority.certificate_pem, "verify-ca") == ([], [])
    assert examine(server(authority, tmp_path, "db.example.com"), "", "require") == ([], [])


def test_a_server_without_tls(authority: KeyPair, tmp_path: pathlib.Path) -> None:
    (text,), _notes = examine(server(authority, tmp_path), authority.certificate_pem)
    assert "offers no TLS" in text
    assert examine(server(authority, tmp_path), "", "disable") == ([], [])


def test_that_this_controller_does_not_reach_it_is_no_problem() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    problems, (note,) = examine(port, "")
    assert problems == []
    assert "cannot be reached from this controller (Connection refused)" in note
