# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The definition of an adopted cluster as a file to copy from."""

from __future__ import annotations

import typing as t

from .._core.errors import HcpError
from .._core.files import write_whole
from .._core.plan import Change, as_text

_HEAD = "# Made by mothership.hcp.k0smotron_adopt: put this cluster into hosted_clusters of your inventory.\n"


def ensure_definition(path: str, definition: t.Mapping[str, t.Any], *, check_mode: bool) -> Change | None:
    """Make the file hold the definition; its owner alone reads it, as flags and settings may be private.

    :raises HcpError: when the file cannot be read or written.
    """
    text = _HEAD + as_text({"hosted_clusters": [dict(definition)]})
    try:
        present = _read(path)
        if present == text:
            return None
        if not check_mode:
            write_whole(path, text, mode=0o600, folder_mode=0o700)
    except OSError as error:
        raise HcpError(
            f"cannot be written: {error.strerror or error}",
            where=path,
            remedy="choose a directory that you may write to",
        ) from error
    return Change("create" if present is None else "update", path, before=present, after=text)


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return None
