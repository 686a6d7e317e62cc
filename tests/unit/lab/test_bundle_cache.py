# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache must never hand out a partial or damaged result, nor build one thing twice at once."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from lab.bundle.cache import Cache, Entry


def _never() -> None:
    raise AssertionError("nothing else holds the lock")


def _write(files: Path) -> None:
    (files / "tool").write_bytes(b"content")
    (files / "tool").chmod(0o755)


def _ensure(cache: Cache, entry: Entry) -> list[str]:
    built: list[str] = []

    def build(files: Path) -> None:
        built.append("built")
        _write(files)

    cache.ensure(entry, build, _never)
    return built


def test_second_use_takes_the_stored_result(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    entry = cache.entry("tool", "1", "ab" * 32)
    assert not entry.is_whole()
    assert _ensure(cache, entry) == ["built"]
    assert _ensure(cache, entry) == []
    assert entry.records()["tool"].mode == "0755"
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize("damage", ["contents", "size", "file", "index"])
def test_damaged_entry_is_built_again(tmp_path: Path, damage: str) -> None:
    cache = Cache(tmp_path)
    entry = cache.entry("tool", "1", "ab" * 32)
    _ensure(cache, entry)
    if damage == "contents":
        entry.path("tool").write_bytes(b"CONTENT")
        os.utime(entry.path("tool"), (7, 7))
    elif damage == "size":
        entry.path("tool").write_bytes(b"con")
    elif damage == "file":
        entry.path("tool").unlink()
    else:
        (entry.directory / "index.json").write_text('{"files": ')
    assert not entry.is_whole()
    assert _ensure(cache, entry) == ["built"]
    assert entry.path("tool").read_bytes() == b"content"


def test_touched_but_equal_file_is_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    entry = cache.entry("tool", "1", "ab" * 32)
    _ensure(cache, entry)
    os.utime(entry.path("tool"), (7, 7))
    assert entry.is_whole()


def test_failed_build_leaves_no_entry_and_stale_work_is_removed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    entry = cache.entry("tool", "1", "ab" * 32)
    (tmp_path / "work" / f"{entry.directory.name}.killed").mkdir()

    def fail(files: Path) -> None:
        _write(files)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        cache.ensure(entry, fail, _never)
    assert not entry.directory.exists()
    assert list((tmp_path / "work").iterdir()) == []


def test_second_builder_waits_and_uses_the_first_result(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    entry = cache.entry("tool", "1", "ab" * 32)
    started, waited = threading.Event(), threading.Event()

    def slow(files: Path) -> None:
        started.set()
        assert waited.wait(10)
        _write(files)

    first = threading.Thread(target=cache.ensure, args=(entry, slow, _never))
    first.start()
    assert started.wait(10)

    def not_again(_files: Path) -> None:
        raise AssertionError("the first build's result should have been used")

    cache.ensure(entry, not_again, waited.set)
    first.join()
    assert waited.is_set()
    assert entry.is_whole()
