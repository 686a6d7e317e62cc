# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""How long PostgreSQL takes: the way to it and back, and a commit.

A write of kine waits for both. A commit is measured with a message in the write-ahead log that no reader looks at, so
no table is made and nothing is left; with synchronous replication it waits for the standby as every commit does.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import struct
import time
import typing as t

from .._core.errors import HcpError, InvalidInput
from .._core.percentiles import milliseconds
from .psql import Psql, ServerDown

#: What a client sends that wants TLS; the server answers one byte.
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
#: The server starts a process for a connection: that it has done so shall not be measured.
_SETTLE_SECONDS = 0.01
_CONNECT_SECONDS = 5.0
#: Commits are measured for at most so long, and a single one that hangs is given up.
_COMMIT_SECONDS = 1.0
_GIVE_UP = "5s"
_NOT_YET = "PostgreSQL does not run here yet"

_COMMITS = """
SET statement_timeout = '{give_up}';
SET synchronous_commit = 'on';
DO $probe$
DECLARE
  began timestamptz := clock_timestamp();
  one timestamptz;
  times float8[] := '{{}}';
BEGIN
  FOR number IN 1..{samples} LOOP
    one := clock_timestamp();
    PERFORM pg_logical_emit_message(true, 'mothership.hcp', 'latency');
    COMMIT;
    times := times || extract(epoch FROM clock_timestamp() - one)::float8;
    EXIT WHEN clock_timestamp() - began > interval '{seconds} s';
  END LOOP;
  PERFORM set_config('mothership.latency', array_to_json(times)::text, false);
END
$probe$;
SELECT current_setting('mothership.latency');
"""


def commits(psql: Psql, samples: int) -> tuple[dict[str, float] | None, str | None]:
    """Times of commits on this machine's server; or ``None`` and why they cannot be measured here."""
    try:
        (role,) = psql.rows("SELECT to_json(pg_is_in_recovery());")
        if role:
            return None, "the server of this machine is a standby"
        script = _COMMITS.format(samples=samples, seconds=_COMMIT_SECONDS, give_up=_GIVE_UP)
        (times,) = psql.rows(script, timeout=30)
    except ServerDown:
        return None, _NOT_YET
    except HcpError as error:
        return None, error.message
    return milliseconds(times), None


def round_trips(
    host: str, port: int, samples: int, ca_certificate: str = "", sleep: t.Callable[[float], None] = time.sleep
) -> tuple[dict[str, float] | None, str | None]:
    """Times of one question and its answer of one byte; or ``None`` and why nobody answered.

    :param ca_certificate: PEM of who must have signed the server's certificate for ``host``; empty for no such check.
    :raises InvalidInput: when that is no PEM of a certificate.
    """
    times, context = [], _client_context(ca_certificate)
    for _number in range(samples):
        try:
            times.append(_one(host, port, context, sleep))
        except OSError as error:
            return milliseconds(times), f"{host}:{port} does not answer: {_reason(error)}"
    return milliseconds(times), None


def _client_context(ca_certificate: str) -> ssl.SSLContext:
    """Believes ``ca_certificate``; without it nothing is checked, as nothing is sent and nothing believed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not ca_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        context.load_verify_locations(cadata=ca_certificate)
    # Which of them it is depends on what is wrong with the text, and on the Python.
    except (ssl.SSLError, ValueError, TypeError):
        raise InvalidInput(
            f"{ca_certificate[:40]!r} is no certificate",
            where="ca_certificate",
            remedy="give the PEM of the CA of this PostgreSQL server, the text itself and not the path of a file",
        ) from None
    return context


def _one(host: str, port: int, context: ssl.SSLContext, sleep: t.Callable[[float], None]) -> float:
    with socket.create_connection((host, port), timeout=_CONNECT_SECONDS) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sleep(_SETTLE_SECONDS)
        began = time.perf_counter()
        plain.sendall(_SSL_REQUEST)
        answer = plain.recv(1)
        seconds = time.perf_counter() - began
        if answer == b"S":
            # A client that goes away now would be an error in the server's log. After the handshake it is none.
            _handshake(plain, host, context)
        elif answer == b"N" and context.check_hostname:
            raise OSError("it does not speak TLS")
        elif answer != b"N":
            raise OSError("what answers is not PostgreSQL" if answer else "the connection was closed")
    return seconds


def _handshake(plain: socket.socket, host: str, context: ssl.SSLContext) -> None:
    """:raises OSError: the certificate is not what the CA of ``context``, where there is one, says that it is."""
    if context.check_hostname:
        context.wrap_socket(plain, server_hostname=host).close()
        return
    with contextlib.suppress(ssl.SSLError, OSError):
        context.wrap_socket(plain).close()


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    timed_out = isinstance(error, (TimeoutError, socket.timeout))
    return f"no answer in {_CONNECT_SECONDS:.0f} s" if timed_out else str(error.strerror or error)


def measure(
    host: str | None,
    port: int,
    psql: Psql | None,
    *,
    ca_certificate: str = "",
    round_trip_samples: int = 20,
    commit_samples: int = 100,
) -> dict[str, t.Any]:
    """The module's result: what was asked for, and why something could not be measured."""
    result: dict[str, t.Any] = {"round_trip": None, "commit": None, "problems": []}
    if host:
        result["round_trip"], problem = round_trips(host, port, round_trip_samples, ca_certificate)
        result["problems"] += [problem] if problem else []
    if psql is not None:
        result["commit"], problem = commits(psql, commit_samples) if shutil.which("psql") else (None, _NOT_YET)
        result["problems"] += [problem] if problem else []
    return result
