# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile


def write_whole(
    path: str,
    content: str | bytes,
    *,
    mode: int = 0o600,
    folder_mode: int = 0o755,
    owner: tuple[int, int] | None = None,
) -> None:
    """Put ``content`` at ``path`` in one step: a reader sees the old or the new content, never a part.

    The file never has wider permissions than ``mode``, and nothing is left behind after a failure.

    :param folder_mode: of folders that do not exist yet.
    :param owner: user and group by number; by default who runs this.
    :raises OSError: when it cannot be written.
    """
    folder = os.path.dirname(path) or "."
    os.makedirs(folder, mode=folder_mode, exist_ok=True)
    descriptor, staged = tempfile.mkstemp(prefix=".mothership-", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        os.replace(staged, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(staged)
        raise
