# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core import files
from ansible_collections.mothership.hcp.plugins.module_utils._core.files import write_whole


def mode_of(path: pathlib.Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def test_a_file_and_its_folders_are_made(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    write_whole(str(path), "grün\n", folder_mode=0o700)
    assert path.read_bytes() == "grün\n".encode()
    assert (mode_of(path), mode_of(path.parent), mode_of(path.parent.parent)) == ("0o600", "0o700", "0o755")
    write_whole(str(path), b"\x00\xff", mode=0o644)
    assert (path.read_bytes(), mode_of(path)) == (b"\x00\xff", "0o644")
    assert os.listdir(path.parent) == ["file"]


def test_the_old_file_stays_when_the_new_one_fails(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_whole(str(path), "old")

    def full(descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        write_whole(str(path), "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_the_owner_is_set_before_the_file_can_be_seen(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    seen: list[tuple[int, int, bool]] = []
    monkeypatch.setattr(files.os, "fchown", lambda _file, user, group: seen.append((user, group, path.exists())))
    write_whole(str(path), "text", owner=(12, 34))
    assert seen == [(12, 34, False)]


def test_a_file_without_a_folder_is_in_the_current_one(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_whole("file", "text")
    assert (tmp_path / "file").read_text() == "text"
