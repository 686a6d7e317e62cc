# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""What is in a table ``kine``, as figures that two servers can compare: rows, greatest id, sequence, hash of all rows.

Every row is brought to one text form and hashed in the database; the hashes of a range of ids are hashed together, and
those of all ranges here. Nothing of the content leaves the server, and a difference is told by its range of ids.
"""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t

from .._core.errors import HcpError
from .psql import Psql

#: Ranges of ids that one answer has at most, and the smallest range.
_MOST_RANGES = 200
_SMALLEST_RANGE = 10_000

#: The columns of kine; a table with others is not one that this collection can vouch for.
COLUMNS = ("id", "name", "created", "deleted", "create_revision", "prev_revision", "lease", "value", "old_value")

_TABLE = """
SELECT json_build_object(
  'columns', (SELECT json_agg(attname ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
  'settings', (SELECT coalesce(json_object_agg(split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), '{}')
    FROM unnest(c.reloptions) o),
  'indexes', (SELECT coalesce(json_agg(pg_get_indexdef(indexrelid) ORDER BY pg_get_indexdef(indexrelid)), '[]')
    FROM pg_index WHERE indrelid = c.oid AND indisvalid),
  'others', (SELECT coalesce(json_agg(n.nspname || '.' || o.relname ORDER BY 1), '[]')
    FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
    WHERE o.relkind IN ('r', 'p') AND o.oid <> c.oid
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'mothership')),
  'max_id', (SELECT coalesce(max(id), 0) FROM public.kine),
  'sequence', (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM public.kine_id_seq),
  'version', current_setting('server_version'))
FROM pg_class c WHERE c.oid = to_regclass('public.kine');
"""

# Names and values go in as hashes, so that no setting of the session changes how a row is written.
_RANGES = """
SELECT json_build_array(id / {size}, count(*), encode(sha256(string_agg(row_hash, ''::bytea ORDER BY id)), 'hex'))
FROM (SELECT id, sha256(convert_to(concat_ws('|', id,
    coalesce(encode(sha256(convert_to(name, 'UTF8')), 'hex'), 'null'),
    coalesce(created::text, 'null'), coalesce(deleted::text, 'null'), coalesce(create_revision::text, 'null'),
    coalesce(prev_revision::text, 'null'), coalesce(lease::text, 'null'),
    coalesce(encode(sha256(value), 'hex'), 'null'), coalesce(encode(sha256(old_value), 'hex'), 'null')), 'UTF8'))
    AS row_hash FROM public.kine) hashed
GROUP BY id / {size} ORDER BY id / {size};
"""

_SUMS = "SELECT json_build_array(count(*), coalesce(max(id), 0)) FROM public.kine;"


@dataclasses.dataclass(frozen=True)
class Digest:
    """A table's content in figures.

    :param sequence: last id that the sequence gave.
    :param range_size: ids in one range.
    :param ranges: number of the range -> (rows, hash).
    """

    rows: int
    max_id: int
    sequence: int
    sha256: str
    range_size: int
    ranges: t.Mapping[int, tuple[int, str]]

    def as_data(self) -> dict[str, t.Any]:
        """Plain data for a module's result; it holds no content."""
        ranges = [[number, rows, sha256] for number, (rows, sha256) in self.ranges.items()]
        return {**dataclasses.asdict(self), "ranges": ranges}

    @staticmethod
    def from_data(data: t.Mapping[str, t.Any]) -> Digest:
        """What :meth:`as_data` made."""
        ranges = {int(number): (int(rows), str(sha256)) for number, rows, sha256 in data["ranges"]}
        numbers = {key: int(data[key]) for key in ("rows", "max_id", "sequence", "range_size")}
        return Digest(**numbers, sha256=str(data["sha256"]), ranges=ranges)


@dataclasses.dataclass(frozen=True)
class KineTable:
    """The table without its rows.

    :param others: further tables of the database, which kine does not have.
    """

    columns: tuple[str, ...]
    settings: t.Mapping[str, str]
    indexes: tuple[str, ...]
    others: tuple[str, ...]
    max_id: int
    sequence: int
    version: str


def describe(psql: Psql, database: str) -> KineTable:
    """The table ``kine`` of ``database``.

    :raises HcpError: there is none, or it has other columns than kine makes.
    """
    found = psql.rows(_TABLE, database=database)
    if not found:
        raise HcpError(
            "has no table kine", where=f"database {database}", remedy="run mothership.hcp.kine_database, which makes it"
        )
    state = found[0]
    if set(state["columns"]) != set(COLUMNS):
        raise HcpError(
            f"the table kine has the columns {', '.join(state['columns'])}, not {', '.join(COLUMNS)}",
            where=f"database {database}",
            remedy="move it by hand with pg_dump, and tell the authors which kine made it",
        )
    return KineTable(
        tuple(state["columns"]),
        state["settings"],
        tuple(state["indexes"]),
        tuple(state["others"]),
        int(state["max_id"]),
        int(state["sequence"]),
        str(state["version"]),
    )


def digest(psql: Psql, database: str, *, range_size: int = 0, timeout: float = 3600) -> Digest:
    """Rows and hashes of ``database``.

    :param range_size: as in the digest to compare with; by default chosen by the greatest id.
    """
    table = describe(psql, database)
    size = range_size or max(_SMALLEST_RANGE, table.max_id // _MOST_RANGES + 1)
    script = "SET statement_timeout = 0;\n" + _RANGES.format(size=size)
    ranges = {
        int(number): (int(rows), str(sha256))
        for number, rows, sha256 in psql.rows(script, database=database, timeout=timeout)
    }
    total = hashlib.sha256("".join(f"{number}:{one[0]}:{one[1]};" for number, one in ranges.items()).encode())
    rows = sum(one[0] for one in ranges.values())
    return Digest(rows, table.max_id, table.sequence, total.hexdigest(), size, ranges)


def sums(psql: Psql, database: str) -> tuple[int, int]:
    """Rows and greatest id: enough to see that nobody wrote."""
    (answer,) = psql.rows(_SUMS, database=database, timeout=600)
    return int(answer[0]), int(answer[1])


def differences(expected: Digest, found: Digest) -> list[str]:
    """How ``found`` differs, in words; empty when it is the same."""
    told = []
    if found.rows != expected.rows:
        told.append(f"{found.rows} rows instead of {expected.rows}")
    if found.sequence < expected.max_id:
        told.append(f"the sequence stands at {found.sequence}, below the greatest id {expected.max_id}")
    size = expected.range_size
    for number in sorted(set(expected.ranges) | set(found.ranges)):
        if expected.ranges.get(number) != found.ranges.get(number):
            told.append(f"other rows between id {number * size} and {(number + 1) * size - 1}")
    return told
