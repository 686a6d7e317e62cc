# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""What a machine is in a PostgreSQL server on several machines, and what its data directory holds. Only reads."""

from __future__ import annotations

import typing as t

from .._core.errors import HcpError
from . import data_folder
from .command import Run
from .patroni_api import PatroniApi


def patroni(api: PatroniApi, name: str) -> dict[str, t.Any]:
    """What the Patroni of this machine says; empty where there is none, or it does not answer.

    :param name: of this machine in the cluster.
    """
    try:
        status, members = api.status("127.0.0.1"), api.members("127.0.0.1")
    except HcpError:
        return {}
    primary = status.get("role") in ("master", "primary")
    own = next((one for one in members if one.name == name), None)
    return {
        "state": str(status.get("state", "unknown")),
        "timeline": status.get("timeline"),
        "lag": 0 if primary else own and own.lag,
        "sync_state": "primary" if primary else ("sync" if status.get("sync_standby") else "async"),
        "pending_restart": bool(status.get("pending_restart")),
        "leader": next((one.name for one in members if one.leads), None),
        "members": {one.name: f"{one.role}, {one.state}" for one in members},
    }


def data(run: Run, version: str) -> dict[str, t.Any]:
    """What the data directory of Debian's cluster C(main) holds; empty when there is none.

    :raises HcpError: there is something that cannot be read.
    """
    folder = f"/var/lib/postgresql/{version}/main"
    return data_folder.as_result(data_folder.read(run, folder, f"/usr/lib/postgresql/{version}/bin"))
