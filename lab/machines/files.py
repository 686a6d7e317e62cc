# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are whole or absent, and the lock that keeps two runs in one checkout apart."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from .command import PROGRESS_SECONDS, LabError, say


def write(path: Path, text: str, mode: int = 0o644) -> bool:
    """Write a file by rename, with its mode from the first byte on; return whether anything changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.stat().st_mode & 0o777 == mode and path.read_text(encoding="utf-8") == text:
        return False
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(text)
    partial.replace(path)
    return True


def remove(*paths: Path) -> None:
    """Remove files and folders that may be absent."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def give_to_caller(*paths: Path) -> None:
    """Under sudo, hand the files to the user who called it: Ansible runs as that user and must read the key."""
    if "SUDO_UID" not in os.environ:
        return
    uid, gid = int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"])
    for path in paths:
        for entry in [path, *path.rglob("*")] if path.exists() else []:
            os.chown(entry, uid, gid, follow_symlinks=False)


@contextlib.contextmanager
def lock(path: Path, *, timeout: float, holder: str) -> Iterator[None]:
    """Hold a file lock. The kernel frees it when the process dies, so a killed run never blocks the next one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        begin = said = time.monotonic()
        waiting = False
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                now = time.monotonic()
                if now - begin > timeout:
                    raise LabError(
                        f"{path} is held by {holder} for more than {timeout:.0f} s; see `fuser {path}`"
                    ) from None
                if not waiting or now - said > PROGRESS_SECONDS:
                    waiting, said = True, now
                    say(f"waiting for {holder} ({path} is locked)")
                time.sleep(0.2)
        yield
