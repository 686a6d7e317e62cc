# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.plugin_utils import _transfer_progress
from ansible_collections.mothership.hcp.plugins.plugin_utils._transfer_progress import TransferProgress

MEBIBYTE = 1024 * 1024


def lines_of(path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, *, seconds_each: float) -> list[str]:
    """What is said while twelve files of 1 MiB are sent."""
    path.touch()
    now = 100.0
    monkeypatch.setattr(_transfer_progress.time, "monotonic", lambda: now)
    transfer = TransferProgress(Progress(str(path)), "bundle", 12 * MEBIBYTE)
    for number in range(12):
        transfer.begins(f"file-{number}")
        now += seconds_each
        transfer.sent(MEBIBYTE)
    return path.read_text().splitlines()


def test_a_fast_transfer_says_its_first_file_and_its_end(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = lines_of(tmp_path / "progress", monkeypatch, seconds_each=0.1)
    assert lines == ["bundle: sending file-0, 0 of 12 MiB sent", "bundle: 12 of 12 MiB sent"]


def test_a_slow_one_speaks_every_five_seconds(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = lines_of(tmp_path / "progress", monkeypatch, seconds_each=2.0)
    assert [line.split()[2] for line in lines[:-1]] == ["file-0,", "file-3,", "file-6,", "file-9,"]
    assert lines[1] == "bundle: sending file-3, 3 of 12 MiB sent"
    assert lines[-1] == "bundle: 12 of 12 MiB sent"


def test_every_slow_file_is_named(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(lines_of(tmp_path / "progress", monkeypatch, seconds_each=6.0)) == 13
