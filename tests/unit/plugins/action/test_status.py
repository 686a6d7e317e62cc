# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mothership.hcp.plugins.action import status
from ansible_collections.mothership.hcp.plugins.plugin_utils._status.gather import MothershipStatus

from tests.unit.plugins.module_utils._hosting.clusters import NODE, Api

from .frame import run

ARGUMENTS: dict[str, Any] = {"kubeconfig": "/nowhere/kubeconfig", "kubeconfig_directory": "/nowhere", "clusters": ["a"]}


def test_what_is_not_healthy_fails_only_when_strict() -> None:
    result = run(status.ActionModule, ARGUMENTS, {})
    assert (result["changed"], result["healthy"], "failed" in result) == (False, False, False)
    assert result["problems"]
    result = run(status.ActionModule, {**ARGUMENTS, "strict": True}, {})
    assert result["failed"]
    assert result["msg"].startswith("status: not healthy")


@pytest.mark.parametrize("check_mode", [True, False])
def test_it_only_reads(check_mode: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(NODE)
    monkeypatch.setattr(status.KubeClient, "from_kubeconfig", lambda path: api)
    result = run(status.ActionModule, {**ARGUMENTS, "velero_namespace": "velero"}, {}, check_mode=check_mode)
    assert result["changed"] is False
    assert {method for method, _path, _query in api.sent} == {"GET"}
    assert len(api.sent) == 5
    # The recording is able to see a mutating call.
    api.request("DELETE", "/api/v1/nodes/ms1")
    assert api.mutating


def test_a_healthy_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "gather", lambda *_a, **_k: MothershipStatus("https://x", "ok", (), (), None))
    result = run(status.ActionModule, {**ARGUMENTS, "strict": True}, {})
    assert (result["healthy"], result["problems"]) == (True, [])
