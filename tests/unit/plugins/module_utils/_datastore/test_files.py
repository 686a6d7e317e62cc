# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ansible_collections.mothership.hcp.plugins.module_utils._datastore import files


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = str(tmp_path / "folder" / "file")
    assert files.read(path) is None
    files.write(files.TextFile(path, "text\n", 0o640))
    found = files.read(path)
    assert found is not None
    assert (found.text, found.mode) == ("text\n", 0o640)
    assert [entry.name for entry in (tmp_path / "folder").iterdir()] == ["file"]


def test_rights_are_part_of_a_file(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    files.write(files.TextFile(path, "text\n", 0o600))
    found = files.read(path)
    assert found is not None
    assert found != dataclasses.replace(found, mode=0o644)


def test_changed_at(tmp_path: Path) -> None:
    assert files.changed_at(str(tmp_path / "none")) == 0
    assert files.changed_at(str(tmp_path)) > 0
