# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mothership.hcp.plugins.action import status
from ansible_collections.mothership.hcp.plugins.plugin_utils._status.gather import MothershipStatus

from .frame import run

ARGUMENTS: dict[str, Any] = {"kubeconfig": "/nowhere/kubeconfig", "kubeconfig_directory": "/nowhere", "clusters": ["a"]}


def test_what_is_not_healthy_fails_only_when_strict() -> None:
    result = run(status.ActionModule, ARGUMENTS, {})
    assert (result["changed"], result["healthy"], "failed" in result) == (False, False, False)
    assert result["problems"]
    result = run(status.ActionModule, {**ARGUMENTS, "strict": True}, {})
    assert result["failed"]
    assert result["msg"].startswith("status: not healthy")


def test_a_healthy_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "gather", lambda *_a, **_k: MothershipStatus("https://x", "ok", (), (), None))
    result = run(status.ActionModule, {**ARGUMENTS, "strict": True}, {})
    assert (result["healthy"], result["problems"]) == (True, [])
