# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as Ansible runs it, with an API server in memory."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mothership.hcp.plugins.modules import pod_network

from tests.unit.plugins.module_utils._kube.fake_api import FakeApi


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    """What the module is connected to."""
    fake = FakeApi()
    monkeypatch.setattr(pod_network, "connect", lambda *_args, **_more: fake)
    return fake


def run(capsys: pytest.CaptureFixture[str], *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """The module's result; ``failed`` is among its keys when it failed."""
    with patch_module_args({"wait": False, **options, "_ansible_check_mode": check_mode, "_ansible_diff": True}):
        with pytest.raises(SystemExit):
            pod_network.main()
    result: dict[str, t.Any] = json.loads(capsys.readouterr().out)
    return result


def test_check_mode_makes_no_mutating_call(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    planned = run(capsys, check_mode=True)
    assert api.mutating == []
    # The recording is able to see a mutating call.
    done = run(capsys)
    assert len(api.mutating) == 6
    assert done["plan"] == planned["plan"]
    assert run(capsys)["changed"] is False


def test_a_bad_network_is_told(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, pod_cidr="10.244.0.0")
    assert result["failed"]
    assert result["msg"].startswith("pod_cidr: '10.244.0.0' is not an IPv4 network (its length is missing)")
    assert api.sent == []


def test_options_are_documented_with_their_defaults() -> None:
    documented = yaml.safe_load(pod_network.DOCUMENTATION)["options"]
    specified = pod_network.argument_spec()
    for name, option in documented.items():
        assert {key: option[key] for key in specified[name]} == specified[name]
