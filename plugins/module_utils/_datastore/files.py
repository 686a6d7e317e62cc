# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Small text files of the database machine: read with their rights, written whole."""

from __future__ import annotations

import dataclasses
import grp
import os
import pwd
import stat

from .._core.files import write_whole


@dataclasses.dataclass(frozen=True)
class TextFile:
    """A file as it is or should be; ``mode`` like ``0o640``, owner and group by name."""

    path: str
    text: str
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"


def read(path: str) -> TextFile | None:
    """The file at ``path``; ``None`` when there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            about, text = os.fstat(file.fileno()), file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return TextFile(path, text, stat.S_IMODE(about.st_mode), _user(about.st_uid), _group(about.st_gid))


def changed_at(path: str) -> float:
    """Seconds since the epoch of the last change of content or rights; 0 when there is no such file."""
    try:
        about = os.stat(path)
    except OSError:
        return 0.0
    return max(about.st_mtime, about.st_ctime)


def write(file: TextFile) -> None:
    """Put ``file`` in place in one step: a reader sees the old or the new content, with the right owner."""
    owner = None
    if os.geteuid() == 0:
        owner = (pwd.getpwnam(file.owner).pw_uid, grp.getgrnam(file.group).gr_gid)
    write_whole(file.path, file.text, mode=file.mode, owner=owner)


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
