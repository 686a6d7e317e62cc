# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The address of a database as kine takes it, taken apart."""

from __future__ import annotations

import dataclasses
import typing as t
from urllib.parse import parse_qsl, unquote, urlsplit

from .problems import Findings

#: Parameters that lead somewhere else than the address itself says, or that log in in another way.
_REFUSED = frozenset(
    {"dbname", "host", "hostaddr", "options", "passfile", "password", "port", "search_path", "service", "servicefile"}
    | {"sslcert", "sslkey", "sslpassword", "user"}
)
#: Parameters that are translated, or replaced by an option.
_UNDERSTOOD = frozenset({"sslmode", "sslrootcert"})
_SCHEMES = ("postgres", "postgresql")
#: What kine uses when the address names no database.
_DATABASE = "kubernetes"
_PORT = 5432


@dataclasses.dataclass(frozen=True)
class Dsn:
    """Where the state of a cluster is, and the login.

    :param sslmode: as libpq knows it; empty when the address does not say.
    """

    host: str
    port: int
    database: str
    user: str
    password: str = dataclasses.field(repr=False)
    sslmode: str = ""


def parse_dsn(text: str, where: str, findings: Findings) -> Dsn | None:
    """The parts of an address, percent-encoding removed; ``None`` after a problem."""
    scheme = text.partition("://")[0] if "://" in text else ""
    if scheme not in _SCHEMES:
        findings.refuse(
            f"the database is reached with {scheme or 'a file'}, and mothership.hcp keeps state in PostgreSQL only",
            where,
            "stop the control plane, copy the data of kine into a PostgreSQL database, and give its address here",
        )
        return None
    before = len(findings.problems)
    dsn = _parsed(text, where, findings)
    return dsn if len(findings.problems) == before else None


def _parsed(text: str, where: str, findings: Findings) -> Dsn | None:
    parts = urlsplit(text)
    login, _at, place = parts.netloc.rpartition("@")
    user, _colon, password = login.partition(":")
    host, port = _place(place, where, findings)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    _check_options(options, where, findings)
    for value, what in ((user, "a user"), (password, "a password"), (host, "a host")):
        if not value:
            findings.refuse(
                f"the address of the database has no {what.split()[1]}",
                where,
                f"write {what} into it, as in postgres://user:password@db1.example.com:5432/tenant_a",
            )
    # kine itself writes the name in small letters.
    database = unquote(parts.path.lstrip("/")).lower() or _DATABASE
    return Dsn(host, port, database, unquote(user), unquote(password), options.get("sslmode", ""))


def _place(place: str, where: str, findings: Findings) -> tuple[str, int]:
    if "," in place:
        findings.refuse(
            "the address of the database names several hosts",
            where,
            "give one name or address that always leads to the primary",
        )
        return "several", _PORT
    host, _colon, port = place.rpartition(":") if place.rpartition(":")[2].isdigit() else (place, "", "")
    return unquote(host).strip("[]"), int(port or _PORT)


def _check_options(options: t.Mapping[str, str], where: str, findings: Findings) -> None:
    for name in sorted(options):
        if name in _REFUSED:
            findings.refuse(
                f"the address of the database has the parameter {name}, which mothership.hcp does not keep",
                where,
                "write host, port, database, user and password into the address itself, and leave the parameter out",
            )
        elif name not in _UNDERSTOOD:
            findings.note(f"Parameter {name} of the database's address is not kept.")
