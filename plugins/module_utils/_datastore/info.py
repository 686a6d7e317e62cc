# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""What a PostgreSQL server holds for hosted clusters: sizes and connections. Only reads."""

from __future__ import annotations

import typing as t

from .._core.errors import HcpError
from .psql import Connection, Psql
from .server_facts import with_machine_facts

#: One JSON object a row, as :meth:`Psql.rows` wants it. Back ends of other databases are counted in ``server`` only.
_QUESTIONS = """
SELECT json_build_object(
  'version', current_setting('server_version'),
  'max_connections', current_setting('max_connections')::int,
  'in_recovery', pg_is_in_recovery(), 'data_directory', current_setting('data_directory'),
  'ca_file', current_setting('ssl_ca_file'),
  'reserved_connections', current_setting('superuser_reserved_connections')::int
    + coalesce(current_setting('reserved_connections', true)::int, 0),
  'connections', (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'));
SELECT json_build_object(
  'name', d.datname, 'size', pg_database_size(d.datname), 'connection_limit', r.rolconnlimit,
  'closed', coalesce(shobj_description(d.oid, 'pg_database'), '') LIKE 'mothership.hcp closed%',
  'connections', (SELECT count(*) FROM pg_stat_activity a WHERE a.datname = d.datname))
FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname LIKE 'hcp\\_%' ORDER BY d.datname;
"""


def connection_from(params: t.Mapping[str, t.Any]) -> Connection:
    """Where to connect, from a module's options."""
    return Connection.as_os_user(params["os_user"], params["socket_directory"], params["port"])


def gather(psql: Psql) -> dict[str, t.Any]:
    """``{"running": bool, "problem": text or None, "server": {...}, "databases": [...]}``; sizes in bytes.

    A server that does not run is an answer here, not an error.
    """
    try:
        server, *databases = psql.rows(_QUESTIONS, timeout=20)
    except HcpError as error:
        return {"running": False, "problem": str(error), "role": "unknown", "server": {}, "databases": []}
    role = {True: "replica", False: "primary"}.get(server.get("in_recovery"), "unknown")
    server = with_machine_facts(server)
    return {"running": True, "problem": None, "role": role, "server": server, "databases": databases}
