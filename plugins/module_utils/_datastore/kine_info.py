# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""How the databases of hosted clusters and their server are. Only reads.

Two sessions of psql answer for the server and all databases together. What cannot be told is said with the reason.
"""

from __future__ import annotations

import os
import typing as t

from .._core.errors import HcpError, InvalidInput
from . import kine_metrics
from .kine_info_sql import DATABASE, SERVER, STATEMENTS
from .psql import Psql
from .quota_sql import FREE_SPACE, LIMITS
from .sql import identifier, name_array

#: Statements whose mean time is below this are not listed.
SLOW_MS = 50

FetchMetrics = t.Callable[[str], str]


def gather(
    psql: Psql,
    databases: t.Sequence[str] = (),
    metrics_urls: t.Mapping[str, t.Sequence[str]] | None = None,
    *,
    fetch: FetchMetrics = kine_metrics.fetch,
) -> dict[str, t.Any]:
    """``running``, ``problem``, ``server`` and ``databases``; a server that does not run is an answer.

    :param databases: names to tell about; all by default.
    :raises InvalidInput: one of ``databases`` is not there.
    """
    try:
        server, *rows = psql.rows(SERVER.format(**LIMITS), timeout=30)
        found = {row["name"]: row for row in rows}
        _check_names(databases, found)
        chosen = [row for name, row in found.items() if not databases or name in databases]
        inside = {row["name"]: row for row in psql.rows(_script([row["name"] for row in chosen]), timeout=120)}
        slow = _slow_statements(psql, server, [row["name"] for row in chosen])
    except InvalidInput:
        raise
    except HcpError as error:
        return {"running": False, "problem": str(error), "server": {}, "databases": []}
    urls = metrics_urls or {}
    described = [
        {
            **_database({**row, **inside[row["name"]]}),
            "kine": kine_metrics.gather(urls.get(row["name"], ()), fetch),
            "slow_statements": {**slow, "statements": slow["statements"].get(row["name"], [])},
        }
        for row in chosen
        if row["name"] in inside
    ]
    return {"running": True, "problem": None, "server": _server(server), "databases": described}


def _check_names(names: t.Sequence[str], found: t.Container[str]) -> None:
    unknown = [name for name in names if name not in found]
    if unknown:
        raise InvalidInput(
            f"the server has no database of a hosted cluster called {', '.join(unknown)}",
            where="databases",
            remedy="give names of databases whose owner is a member of hcp_tenants, or none for all",
        )


def _script(names: t.Sequence[str]) -> str:
    return "".join(DATABASE.format(database=identifier(name), free=FREE_SPACE) for name in names)


def _slow_statements(psql: Psql, server: t.Mapping[str, t.Any], names: t.Sequence[str]) -> dict[str, t.Any]:
    if not server["has_statements"]:
        why = "the extension pg_stat_statements is not in database postgres"
        if not server["statements_preloaded"]:
            why = "pg_stat_statements is not in shared_preload_libraries"
        return {"available": False, "problem": why, "statements": {}}
    lists: dict[str, list[dict[str, t.Any]]] = {}
    for row in psql.rows(STATEMENTS.format(least=SLOW_MS, names=name_array(names)), timeout=30):
        lists.setdefault(row.pop("database"), []).append(row)
    return {"available": True, "problem": None, "statements": lists}


def _server(row: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    described = {key: value for key, value in row.items() if key not in ("has_statements", "statements_preloaded")}
    try:
        disk = os.statvfs(row["data_directory"])
    except OSError as error:
        return {**described, "disk_bytes": None, "disk_free_bytes": None, "disk_problem": str(error)}
    size, free = disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize
    return {**described, "disk_bytes": size, "disk_free_bytes": free, "disk_problem": None}


def _database(row: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    described = {key: value for key, value in row.items() if key not in ("guard", "table", "quota", "write_rate")}
    described["connections_total"] = sum(sum(states.values()) for states in row["connections"].values())
    described["quota"] = quota(row)
    if row["problem"] is not None:
        return described
    table = dict(row["table"])
    table["bloat"] = bloat(table)
    table["rows_counted_at_last_analyze"] = max(0, int(table.pop("counted_rows")))
    free_bytes = table.pop("free_bytes")
    table["free_bytes"] = None if free_bytes is None else int(free_bytes)
    return {
        **described,
        "table": table,
        "compaction_lag": row["revision"] - row["compact_revision"],
        "sequence_behind": row["sequence"] < row["revision"],
    }


def quota(row: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The limits of a database and what the guard last said; the guard's part is null where there is no guard."""
    limit, rate = (int(row[key]) if str(row[key]).isdigit() else 0 for key in ("quota", "write_rate"))
    guard = row.get("guard") or {}
    used = guard.get("used")
    unwatched = (limit or rate) and not guard
    return {
        "bytes": limit or None,
        "state": guard.get("state"),
        "reason": guard.get("reason") or None,
        "used_bytes": used,
        "used_percent": round(100 * used / limit, 1) if used is not None and limit else None,
        "measured_at": guard.get("measured_at"),
        "write_bytes_per_second": rate or None,
        "writes_slowed": guard.get("slowed"),
        "problem": "there is a limit and no guard has looked at this database" if unwatched else None,
    }


def bloat(table: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """How much of the files holds nothing: measured where the free space map can be read, else guessed by rows."""
    total = table["bytes"] + table["index_bytes"]
    if table["free_bytes"] is not None:
        empty, method = int(table["free_bytes"]), "free space map, as vacuum left it, of table, TOAST and indexes"
    else:
        rows = (table["live_rows"] or 0) + (table["dead_rows"] or 0)
        empty = int(table["bytes"] * (table["dead_rows"] or 0) / rows) if rows else 0
        method = "size of the table times its share of dead rows"
    expected = int(table["expected_index_bytes"] or 0)
    # Every index has a page of its own for its description, and small ones are mostly empty by nature.
    floor = 65536 * max(1, len(table["indexes"] or {}))
    return {
        "bytes": empty,
        "percent": round(100 * empty / total, 1) if total else 0.0,
        "method": method,
        "index_ratio": round(table["index_bytes"] / max(expected, floor), 2),
        "index_method": "size of the indexes by the size expected of live rows times mean width of the columns",
    }
