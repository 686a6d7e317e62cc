# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Quoting for SQL text. Statements travel on psql's standard input, so there are no bound parameters."""

from __future__ import annotations

import typing as t


def identifier(name: str) -> str:
    """``name`` as a quoted SQL identifier."""
    if not name or "\0" in name:
        raise ValueError("an SQL identifier is neither empty nor does it hold a zero byte")
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """``value`` as an SQL string constant, right under any setting of standard_conforming_strings."""
    if "\0" in value:
        raise ValueError("an SQL string does not hold a zero byte")
    quoted = value.replace("'", "''")
    return "'" + quoted + "'" if "\\" not in quoted else " E'" + quoted.replace("\\", "\\\\") + "'"


def name_array(names: t.Iterable[str]) -> str:
    """An SQL expression of type ``name[]``."""
    return "ARRAY[" + ", ".join(literal(name) for name in names) + "]::name[]"
