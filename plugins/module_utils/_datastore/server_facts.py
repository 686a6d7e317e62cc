# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What a PostgreSQL server does not say by SQL: room on its disk, and the certificate authority that clients check."""

from __future__ import annotations

import os
import typing as t

from . import files

#: Where the role puts the authority's certificate, for servers that are not told of it themselves.
_CERTIFICATES = ("/etc/mothership-hcp/postgresql-tls/ca.crt", "/etc/mothership-hcp/postgresql-ca/ca.crt")


def with_machine_facts(server: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """``server`` with ``free_bytes`` (null when not known) and ``ca_certificate`` (PEM, empty when not known)."""
    facts = dict(server)
    folder, named = facts.pop("data_directory", None), facts.pop("ca_file", None)
    return {**facts, "free_bytes": _free(folder), "ca_certificate": _certificate(named, folder)}


def _free(folder: str | None) -> int | None:
    try:
        about = os.statvfs(folder) if folder else None
    except OSError:
        return None
    return about.f_bavail * about.f_frsize if about else None


def _certificate(named: str | None, folder: str | None) -> str:
    # The name is relative to the data directory, as PostgreSQL reads it.
    own = [os.path.join(folder or "/", named)] if named else []
    for path in [*own, *_CERTIFICATES]:
        try:
            found = files.read(path)
        except OSError:
            continue
        if found is not None:
            return found.text
    return ""
