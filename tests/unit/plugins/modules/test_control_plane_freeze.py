# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it, with an API server in memory."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.modules import control_plane_freeze

from tests.unit.plugins.module_utils._backup.module_frame import documented, run
from tests.unit.plugins.module_utils._hosting.test_freeze import Cluster, api

__all__ = ["api"]

ARGUMENTS: dict[str, t.Any] = {"clusters": ["tenant-a"], "state": "stopped"}


@pytest.fixture(autouse=True)
def connected(api: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_plane_freeze, "connect", lambda *_args, **_more: api)


def test_check_mode_makes_no_mutating_call(api: Cluster, capfd: pytest.CaptureFixture[str]) -> None:
    planned = run(control_plane_freeze.main, {**ARGUMENTS, "_ansible_check_mode": True}, capfd)
    assert planned["changed"]
    assert api.mutating == []
    # The recording is able to see a mutating call.
    done = run(control_plane_freeze.main, ARGUMENTS, capfd)
    assert [method for method, _path in api.mutating] == ["PATCH", "PATCH"]
    assert done["plan"] == planned["plan"]
    assert not run(control_plane_freeze.main, ARGUMENTS, capfd)["changed"]


def test_a_mark_that_is_no_revision_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    result = run(control_plane_freeze.main, {**ARGUMENTS, "high_water": {"tenant-a": "many"}}, capfd)
    assert "high_water: holds something that is no revision" in result["msg"]


def test_options_are_documented_with_their_defaults() -> None:
    specified = control_plane_freeze.argument_spec()
    options = yaml.safe_load(control_plane_freeze.DOCUMENTATION)["options"]
    assert documented(options) == documented({name: specified[name] for name in options})
