# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""A database that is not this site's: whether something listens where it should be."""

from __future__ import annotations

import socket
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, Unreachable

_SECONDS = 5.0


def examine(host: str, port: int, connect: t.Callable[..., t.Any] = socket.create_connection) -> list[HcpError]:
    """Open a connection from the controller and close it again."""
    try:
        connect((host, port), timeout=_SECONDS).close()
    except OSError as error:
        reason = (
            f"timed out after {_SECONDS:.0f} s" if isinstance(error, TimeoutError) else str(error.strerror or error)
        )
        return [
            Unreachable(
                f"cannot reach {host}:{port} from this controller ({reason})",
                where="postgresql_address",
                remedy="start the database, open its port, or correct postgresql_address and postgresql_port; for a"
                " database of this site's own, add its machine to group postgresql",
            )
        ]
    return []
