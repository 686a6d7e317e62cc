# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Remembers hashes of files that did not change since they were hashed."""

from __future__ import annotations

import json
import os
import typing as t

from .._core.files import write_whole


class VerifiedHashes:
    """Hashes by path, valid while size, time of change and inode stay the same.

    Two runs may write the file at the same time: the last one wins, the loser's hashes are computed again.

    :param path: of the cache file; by default below the user's cache folder.
    """

    def __init__(self, path: str | None = None) -> None:
        self._path = path or os.path.join(_cache_folder(), "verified-hashes.json")
        self._known: dict[str, list[t.Any]] = {}
        self._changed = False
        try:
            with open(self._path, encoding="utf-8") as file:
                self._known = dict(json.load(file))
        except (OSError, ValueError, TypeError):
            self._known = {}

    def get(self, path: str, found: os.stat_result) -> str | None:
        """The hash (hex) noted for this very file, or ``None``."""
        entry = self._known.get(os.path.abspath(path))
        if not entry or entry[:-1] != _identity(found):
            return None
        return str(entry[-1])

    def put(self, path: str, found: os.stat_result, sha256: str) -> None:
        self._known[os.path.abspath(path)] = [*_identity(found), sha256]
        self._changed = True

    def save(self) -> None:
        """Write what is new. A cache that cannot be written is no error: hashes are computed again."""
        if not self._changed:
            return
        try:
            write_whole(self._path, json.dumps(self._known), folder_mode=0o700)
        except OSError:
            return
        self._changed = False


def _identity(found: os.stat_result) -> list[int]:
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _cache_folder() -> str:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "mothership-hcp")
