# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as Ansible runs it, with an API server in memory."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mothership.hcp.plugins.modules import kine_credentials

from tests.unit.plugins.module_utils._kube.fake_api import FakeApi

PATH = "/api/v1/namespaces/hcp-a/secrets/kine-credentials"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    """What the module is connected to."""
    fake = FakeApi()
    monkeypatch.setattr(kine_credentials, "connect", lambda *_args, **_more: fake)
    return fake


def run(capsys: pytest.CaptureFixture[str], *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """The module's result; ``failed`` is among its keys when it failed."""
    common = {"clusters": [{"name": "a"}], "version": "1.36.3", "endpoint": "10.77.0.11"}
    with patch_module_args({**common, **options, "_ansible_check_mode": check_mode, "_ansible_diff": True}):
        with pytest.raises(SystemExit):
            kine_credentials.main()
    result: dict[str, t.Any] = json.loads(capsys.readouterr().out)
    return result


def test_check_mode_makes_no_mutating_call(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    planned = run(capsys, check_mode=True)
    assert planned["changed"]
    assert planned["verifiers"] == {"a": None}
    assert api.mutating == []
    # The recording is able to see a mutating call.
    done = run(capsys)
    assert len(api.mutating) == 2
    assert done["plan"] == planned["plan"]


def test_the_password_stays_in_its_secret(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    shown = json.dumps([run(capsys), run(capsys)])
    password = api.stored[PATH]["data"]["password"]
    assert password not in shown
    assert base64.b64decode(password).decode() not in shown
    assert "SCRAM-SHA-256$" in shown


def test_a_bad_definition_is_told_with_its_path(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, clusters=[{"name": "a", "replicas": 0}])
    assert result["failed"]
    assert "clusters[0].replicas" in result["msg"]
    assert api.sent == []


def test_a_rotation_is_only_planned_in_check_mode(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys)
    before = api.stored[PATH]["data"]
    planned = run(capsys, check_mode=True, rotation="stage")
    assert (planned["changed"], api.stored[PATH]["data"]) == (True, before)
    done = run(capsys, rotation="stage")
    assert done["rotations"]["a"] == planned["rotations"]["a"]
    assert [login["name"] for login in done["databases"][0]["logins"]] == ["hcp_a_a", "hcp_a_b"]
    password = api.stored[PATH]["data"]["next_password"]
    assert base64.b64decode(password).decode() not in json.dumps([planned, done])
