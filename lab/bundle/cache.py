# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache of build results that survives killed, corrupted and simultaneous builds.

An entry is a folder ``<name>-<version>-<key>`` with ``files/`` and an ``index.json`` that names each
file with its size and SHA-256. It is built elsewhere and appears by one rename, so what is there is
whole. Damage afterwards is noticed through the index, and the entry is built again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

LOCK_PROBE_SECONDS = 0.5
CHUNK = 1 << 20


@dataclass(frozen=True)
class FileRecord:
    """One file of an entry as it was when it was stored."""

    size: int
    sha256: str
    mode: str
    mtime_ns: int


def sha256_of(path: Path) -> str:
    """Hash a file without reading it into memory as a whole."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


class Entry:
    """One result in the cache (which may not be there yet)."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, name: str) -> Path:
        """Where one of the entry's files is."""
        return self.directory / "files" / name

    def records(self) -> dict[str, FileRecord]:
        """The entry's own index; empty if it cannot be read."""
        try:
            document = json.loads((self.directory / "index.json").read_text(encoding="utf-8"))
            return {name: FileRecord(**record) for name, record in sorted(document["files"].items())}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def is_whole(self) -> bool:
        """Whether every file is as it was stored; contents are hashed only if the time stamp moved."""
        records = self.records()
        return bool(records) and all(self._is_intact(name, record) for name, record in records.items())

    def _is_intact(self, name: str, record: FileRecord) -> bool:
        try:
            status = self.path(name).stat()
        except OSError:
            return False
        if status.st_size != record.size:
            return False
        return status.st_mtime_ns == record.mtime_ns or sha256_of(self.path(name)) == record.sha256


class Cache:
    """The folder that holds all entries, their locks, logs and work folders."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("entries", "locks", "logs", "work"):
            (root / name).mkdir(parents=True, exist_ok=True)

    def entry(self, name: str, version: str, key: str) -> Entry:
        """The entry for a result; asking for it builds nothing."""
        return Entry(self.root / "entries" / f"{name}-{version}-{key[:16]}")

    def log_path(self, name: str) -> Path:
        """Where the complete output of a component's build goes."""
        return self.root / "logs" / f"{name}.log"

    def ensure(self, entry: Entry, build: Callable[[Path], None], on_wait: Callable[[], None]) -> Entry:
        """Build the entry if it is not whole; a second caller waits for the first and takes its result."""
        with self._lock(entry, on_wait):
            if not entry.is_whole():
                self._build(entry, build)
        return entry

    def _build(self, entry: Entry, build: Callable[[Path], None]) -> None:
        for stale in (self.root / "work").glob(f"{entry.directory.name}.*"):
            shutil.rmtree(stale, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=f"{entry.directory.name}.", dir=self.root / "work"))
        try:
            files = work / "files"
            files.mkdir()
            build(files)
            self._store(entry, work)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _store(self, entry: Entry, work: Path) -> None:
        ready = work / "ready"
        ready.mkdir(mode=0o755)
        records = {path.name: asdict(_record(path)) for path in sorted((work / "files").iterdir())}
        (ready / "index.json").write_text(json.dumps({"files": records}, indent=1, sort_keys=True) + "\n")
        (work / "files").rename(ready / "files")
        if entry.directory.exists():
            entry.directory.rename(work / "damaged")
        ready.rename(entry.directory)

    @contextmanager
    def _lock(self, entry: Entry, on_wait: Callable[[], None]) -> Iterator[None]:
        with (self.root / "locks" / f"{entry.directory.name}.lock").open("w") as stream:
            while True:
                try:
                    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    on_wait()
                    time.sleep(LOCK_PROBE_SECONDS)
            yield


def _record(path: Path) -> FileRecord:
    status = path.stat()
    return FileRecord(status.st_size, sha256_of(path), f"0{status.st_mode & 0o777:o}", status.st_mtime_ns)


def default_cache_root() -> Path:
    """$LAB_CACHE, else the user's cache folder."""
    if chosen := os.environ.get("LAB_CACHE"):
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base).absolute() / "mothership-hcp"
