# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Proves a backup readable: reads it from the bucket and compares it with what the cluster held."""

from __future__ import annotations

import contextlib
import gzip
import json
import tarfile
import typing as t

from .._core.errors import HcpError
from .s3 import Store
from .scope import CONTENT_KINDS, ObjectKey, digests

_KIND_OF = {resource: kind for kind, resource in CONTENT_KINDS.items()}
#: Names shown in an error; the rest is counted.
_SHOWN = 5


def archive_key(store: Store, backup: str) -> str:
    """Where Velero puts the objects of a backup."""
    return store.settings.key("backups", backup, f"{backup}.tar.gz")


def read_archive(stream: t.BinaryIO) -> tuple[dict[ObjectKey, str], int]:
    """Read a backup's archive to its end.

    :param stream: a gzipped tar with ``resources/<resource>/namespaces/<namespace>/<name>.json``.
    :returns: digests of the Secrets and ConfigMaps, and the number of objects of any kind.
    :raises HcpError: when it is no whole archive.
    """
    found: dict[ObjectKey, str] = {}
    count = 0
    try:
        with tarfile.open(fileobj=stream, mode="r|gz") as archive:
            for member in archive:
                place = _place(member.name)
                if place is None or not member.isfile():
                    continue
                count += 1
                resource, namespaced = place
                kind = _KIND_OF.get(resource)
                file = archive.extractfile(member) if kind and namespaced else None
                if file is not None:
                    found.update(digests([{**json.load(file), "kind": kind}]))
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise HcpError(
            f"the archive in the bucket cannot be read: {error}",
            remedy="do not rely on this backup; start another one and check the bucket's health",
        ) from error
    return found, count


def _place(name: str) -> tuple[str, bool] | None:
    """Resource and whether it is namespaced; each object is there twice, the copy under its version is left out."""
    parts = name.lstrip("./").split("/")
    if parts[0] != "resources" or not name.endswith(".json") or len(parts) < 4:
        return None
    if parts[2] == "namespaces":
        return parts[1], True
    if parts[2] == "cluster":
        return parts[1], False
    return None


def verify_archive(store: Store, backup: str, expected: t.Mapping[ObjectKey, str]) -> dict[str, int]:
    """Compare the backup with ``expected``, taken from the cluster when the backup began.

    :returns: ``{"objects": in the archive, "compared": Secrets and ConfigMaps found equal}``.
    :raises HcpError: for a backup that is not whole or not of one moment.
    """
    with contextlib.closing(store.open(archive_key(store, backup))) as stream:
        found, count = read_archive(stream)
    missing = sorted("/".join(key) for key in expected if key not in found)
    if missing:
        raise HcpError(
            f"the backup lacks {_listed(missing)}",
            where=f"Backup {backup}",
            remedy="look for what leaves objects out (label velero.io/exclude-from-backup), then back up again",
        )
    changed = sorted("/".join(key) for key, digest in expected.items() if found[key] != digest)
    if changed:
        raise HcpError(
            f"{_listed(changed)} changed while the backup ran, so it may hold keys of two moments",
            where=f"Backup {backup}",
            remedy="run the backup again when nothing else changes these clusters",
        )
    return {"objects": count, "compared": len(expected)}


def _listed(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def read_problems(store: Store, backup: str) -> list[str]:
    """The errors and warnings Velero wrote down for a backup, errors first; empty when it could not write."""
    try:
        results = json.loads(gzip.decompress(store.get(store.settings.key("backups", backup, f"{backup}-results.gz"))))
    except (HcpError, OSError, EOFError, ValueError):
        return []
    return [f"{level[:-1]}: {text}" for level in ("errors", "warnings") for text in _flatten(results.get(level) or {})]


def _flatten(found: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    for place, entry in found.items():
        if isinstance(entry, dict):
            yield from _flatten(entry)
        else:
            yield from (f"{place}: {text}" for text in entry or [])
