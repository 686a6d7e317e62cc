# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""A database that is not this site's: whether something listens where it should be."""

from __future__ import annotations

import dataclasses
import socket
import ssl
import struct
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput, Unreachable

_SECONDS = 5.0
#: What a client of PostgreSQL sends that wants TLS; the server answers S or N.
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


@dataclasses.dataclass(frozen=True)
class Target:
    """A PostgreSQL that is not the site's.

    :param where: the option that names it.
    :param ca_certificate: PEM; empty where ``sslmode`` verifies nothing.
    """

    where: str
    host: str
    port: int
    sslmode: str
    ca_certificate: str


def examine_target(
    target: Target, connect: t.Callable[..., t.Any] = socket.create_connection
) -> tuple[list[HcpError], list[str]]:
    """Open a connection, and look whether TLS is as ``sslmode`` demands; problems and notes. No login is tried.

    Only the mothership has to reach it: that this controller does not is no problem.
    """
    at = f"{target.host}:{target.port}"
    try:
        with connect((target.host, target.port), timeout=_SECONDS) as plain:
            if target.sslmode == "disable":
                return [], []
            plain.sendall(_SSL_REQUEST)
            if plain.recv(1) != b"S":
                remedy = "switch TLS on at the server; sslmode: disable would send everything in clear"
                return [InvalidInput(f"{at} offers no TLS", where=target.where, remedy=remedy)], []
            _context(target).wrap_socket(plain, server_hostname=target.host).close()
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or str(error)
        remedy = "give the PEM certificate of the CA that signed the server's, and an address that stands in it"
        message = f"the certificate of {at} is not accepted: {reason}"
        return [InvalidInput(message, where=target.where, remedy=remedy)], []
    except OSError as error:
        note = f"{target.where}: {at} cannot be reached from this controller ({_reason(error)}) and was not examined"
        return [], [f"{note}; the machines of the mothership must reach it"]
    return [], []


def _context(target: Target) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = target.sslmode == "verify-full"
    context.verify_mode = ssl.CERT_REQUIRED if target.sslmode.startswith("verify-") else ssl.CERT_NONE
    if target.ca_certificate:
        context.load_verify_locations(cadata=target.ca_certificate)
    elif context.verify_mode == ssl.CERT_REQUIRED:
        context.load_default_certs()
    return context


def _reason(error: OSError) -> str:
    return f"timed out after {_SECONDS:.0f} s" if isinstance(error, TimeoutError) else str(error.strerror or error)


def examine(host: str, port: int, connect: t.Callable[..., t.Any] = socket.create_connection) -> list[HcpError]:
    """Open a connection from the controller and close it again."""
    try:
        connect((host, port), timeout=_SECONDS).close()
    except OSError as error:
        return [
            Unreachable(
                f"cannot reach {host}:{port} from this controller ({_reason(error)})",
                where="postgresql_address",
                remedy="start the database, open its port, or correct postgresql_address and postgresql_port; for a"
                " database of this site's own, add its machine to group postgresql",
            )
        ]
    return []
