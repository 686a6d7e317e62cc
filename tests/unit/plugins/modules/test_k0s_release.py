# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.modules import k0s_release

from tests.unit.plugins.module_utils._backup.module_frame import run
from tests.unit.plugins.module_utils._release.server import VERSION, Release, served
from tests.unit.plugins.modules.options import assert_documented


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Release]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with served(Release()) as found:
        yield found


def test_the_options_are_documented() -> None:
    assert_documented(k0s_release.DOCUMENTATION, k0s_release.argument_spec())


def test_check_mode_makes_no_mutating_call(
    release: Release, tmp_path: pathlib.Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = {"version": VERSION, "bundles": {"amd64": str(tmp_path / "bundle")}, "base_url": release.url}
    planned = run(k0s_release.main, {**arguments, "_ansible_check_mode": True}, capfd)
    assert planned["changed"]
    assert list(tmp_path.iterdir()) == []
    # Negative control: the same call without check mode writes.
    done = run(k0s_release.main, arguments, capfd)
    assert done["plan"] == planned["plan"]
    assert (tmp_path / "bundle/bin/k0s").exists()
    again = run(k0s_release.main, arguments, capfd)
    assert not again["changed"]


def test_a_failure_is_readable(release: Release, tmp_path: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = {"version": "1.99.0+k0s.0", "bundles": {"amd64": str(tmp_path)}, "base_url": release.url}
    failed = run(k0s_release.main, arguments, capfd)
    assert failed["failed"]
    assert "there is no release v1.99.0+k0s.0" in failed["msg"]
    assert "To fix:" in failed["msg"]
