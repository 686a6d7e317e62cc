# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Kubeconfig files on the machine that runs the modules."""

from __future__ import annotations

import os
import stat

from .._core.errors import HcpError
from .._core.files import write_whole
from .._core.plan import Change
from .._core.redact import fingerprint

_MODE = 0o600


def ensure_file(path: str, text: str, *, check_mode: bool) -> Change | None:
    """Make ``path`` hold ``text``, readable by its owner alone.

    :return: the change, with fingerprints instead of content; ``None`` when nothing differs.
    :raises HcpError: when the file cannot be read or written.
    """
    try:
        present = _read(path)
        if present == (text, _MODE):
            return None
        if not check_mode:
            write_whole(path, text, mode=_MODE, folder_mode=0o700)
    except OSError as error:
        raise HcpError(
            f"cannot be written: {error.strerror or error}",
            where=path,
            remedy="choose a kubeconfig_directory that you may write to",
        ) from error
    before = None if present is None else _shown(*present)
    return Change("create" if present is None else "update", path, before=before, after=_shown(text, _MODE))


def _shown(text: str, mode: int) -> dict[str, str]:
    return {"content": fingerprint(text), "mode": f"{mode:04o}"}


def _read(path: str) -> tuple[str, int] | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(), stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    except FileNotFoundError:
        return None
