# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import stat

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.kubeconfig_file import ensure_file


def test_created_updated_and_left_alone(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a" / "kubeconfig"
    created = ensure_file(str(path), "one", check_mode=False)
    assert created is not None
    assert (created.action, created.before) == ("create", None)
    assert "one" not in str(created.after)
    assert ensure_file(str(path), "one", check_mode=False) is None
    updated = ensure_file(str(path), "two", check_mode=False)
    assert updated is not None
    assert updated.action == "update"
    assert path.read_text() == "two"
    assert os.listdir(path.parent) == ["kubeconfig"]


def test_a_mode_that_lets_others_read_is_mended(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text("one")
    path.chmod(0o644)
    assert ensure_file(str(path), "one", check_mode=False) is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_check_mode_writes_nothing(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a" / "kubeconfig"
    assert ensure_file(str(path), "one", check_mode=True) is not None
    assert not path.parent.exists()


def test_a_folder_that_is_a_file_is_told(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(HcpError, match="choose a kubeconfig_directory"):
        ensure_file(str(tmp_path / "a" / "kubeconfig"), "one", check_mode=False)
