# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database in memory for the tests of transfers: a list of rows, open or closed."""

from __future__ import annotations

import hashlib
import json
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import fence, transfer
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.transfer_rows import COLUMNS

NAME = "hcp_a"


class FakeServer:
    """Psql and Files of one server with one database.

    :ivar changes: what was done that changes something.
    """

    def __init__(self, rows: t.Sequence[str] | None = ("one", "two"), **table: t.Any) -> None:
        self.rows_there = None if rows is None else list(rows)
        self.kept: str | None = None
        self.table = table
        self.changes: list[str] = []
        self.files: dict[str, list[str]] = {}

    @property
    def tools(self) -> transfer.Tools:
        return transfer.Tools(t.cast("t.Any", self), t.cast("t.Any", self), Progress())

    def rows(self, script: str, **_options: t.Any) -> list[t.Any]:
        if "pg_terminate_backend" in script:
            self.changes.append("end sessions")
            return [{"ended": 0}]
        if self.rows_there is None:
            return []
        if "datconnlimit" in script:
            logins, limit = (["hcp_a_a"], 63) if self.kept is None else ([], 0)
            return [{"comment": self.kept or "", "limit": limit, "logins": logins, "sessions": 0}]
        if "reloptions" in script:
            return [self._table()]
        if "string_agg" in script:
            return [[0, len(self.rows_there), _hash(self.rows_there)]] if self.rows_there else []
        return [[len(self.rows_there), len(self.rows_there)]]

    def execute(self, script: str, **_options: t.Any) -> str:
        if "TRUNCATE" in script:
            self.changes.append("truncate")
            self.rows_there = []
        elif "COMMENT ON DATABASE" in script:
            closing = "IS NULL" not in script
            self.changes.append("close" if closing else "open")
            kept = {"logins": ["hcp_a_a"], "connection_limit": 63, "reason": "move"}
            self.kept = fence.MARK + json.dumps(kept) if closing else None
        else:
            self.changes.append("settings" if "ALTER TABLE" in script else "analyze")
        return ""

    def dump(self, database: str, path: str) -> int:
        self.changes.append(f"dump {database}")
        self.files[path] = list(self.rows_there or [])
        return 17

    def restore(self, database: str, path: str) -> None:
        self.changes.append(f"restore {database}")
        self.rows_there = list(self.files[path])

    def _table(self) -> dict[str, t.Any]:
        last = len(self.rows_there or [])
        table = {"columns": list(COLUMNS), "settings": {"fillfactor": "90"}, "indexes": [], "others": []}
        return {**table, "max_id": last, "sequence": last, "version": "15.14", **self.table}


def _hash(rows: t.Sequence[str]) -> str:
    return hashlib.sha256("|".join(rows).encode()).hexdigest()
