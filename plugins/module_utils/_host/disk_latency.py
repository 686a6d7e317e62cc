# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""How long a disk takes to keep what etcd writes: small pieces, each brought to the disk before the next."""

from __future__ import annotations

import os
import tempfile
import time
import typing as t

from .._core.percentiles import milliseconds

#: As large as entries of etcd's log commonly are.
_PIECE = b"\0" * 2048
_SECONDS = 2.0


def existing(path: str) -> str:
    """The folder itself, or the nearest above it: before etcd is set up that is where its folder will be made."""
    folder = os.path.abspath(path)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder


def measure(
    path: str,
    samples: int,
    sync: t.Callable[[int], None] = os.fdatasync,
    clock: t.Callable[[], float] = time.perf_counter,
) -> dict[str, t.Any]:
    """Times of ``samples`` writes, or of as many as two seconds allow; the file is gone afterwards."""
    folder, times = existing(path), []
    # Without a name where the kernel can do that: nothing is left of it even when this process is killed.
    with tempfile.TemporaryFile(dir=folder) as file:
        began = clock()
        for _number in range(samples):
            one = clock()
            os.write(file.fileno(), _PIECE)
            sync(file.fileno())
            times.append(clock() - one)
            if clock() - began > _SECONDS:
                break
    return {"folder": folder, "fsync": milliseconds(times)}
