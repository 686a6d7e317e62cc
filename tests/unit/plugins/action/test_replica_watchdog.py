# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import pathlib
import typing as t

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.mothership.hcp.plugins.action import replica_watchdog

from tests.unit.plugins.module_utils._kube.fake_api import FakeApi

from .recorded import Recorded
from .test_worker_join import KUBECONFIG

MODULE = "mothership.hcp.replica_watchdog"


def filled(secret: dict[str, t.Any]) -> None:
    """What the controller manager does."""
    if secret.get("type") == "kubernetes.io/service-account-token":
        secret["data"] = {"token": base64.b64encode(b"the-token").decode()}


class Scene:
    """A machine, the mothership and the action between them."""

    def __init__(self, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.api, self.connected = FakeApi(), True
        self.api.defaults["Secret"] = filled
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(KUBECONFIG)
        monkeypatch.setattr(replica_watchdog, "connect", lambda *_args, **_more: self.api if self.connected else None)

    def run(self, *, check_mode: bool = False, **args: t.Any) -> dict[str, t.Any]:
        given = {"kubeconfig": str(self.kubeconfig), "identity": "ms1", **args}
        done = {"changed": True, "diff": [], "plan": [{"action": "create", "target": "unit"}], "restarts": []}
        self.recorded = Recorded(replica_watchdog.ActionModule, given, {MODULE: done}, check_mode=check_mode)
        return self.recorded.run()

    @property
    def given(self) -> dict[str, t.Any]:
        ((_name, arguments, _hidden),) = self.recorded.modules
        return arguments


@pytest.fixture
def scene(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(tmp_path, monkeypatch)


def test_the_machine_gets_the_token_and_nothing_of_the_administrator(scene: Scene) -> None:
    result = scene.run()
    targets = [change["target"] for change in result["plan"]]
    assert "ServiceAccount/mothership-hcp/replica-watchdog" in targets
    assert targets[-1] == "unit"
    assert scene.given["token"] == "the-token"
    assert scene.given["ca_certificate"]
    assert "kubeconfig" not in scene.given
    assert [hidden for _name, _args, hidden in scene.recorded.modules] == [True]


def test_check_mode_makes_no_mutating_call(scene: Scene) -> None:
    assert scene.run(check_mode=True)["changed"]
    assert scene.api.mutating == []
    assert not scene.given["token"]
    # The recording is able to see a mutating call.
    scene.run()
    assert scene.api.mutating


def test_a_second_run_changes_nothing_in_the_mothership(scene: Scene) -> None:
    scene.run()
    before = len(scene.api.mutating)
    assert [change["target"] for change in scene.run()["plan"]] == ["unit"]
    assert len(scene.api.mutating) == before


def test_check_mode_before_there_is_a_mothership(scene: Scene) -> None:
    scene.connected = False
    assert len(scene.run(check_mode=True)["plan"]) == 8
    assert "token" not in scene.given


def test_removing_needs_no_mothership(scene: Scene) -> None:
    scene.connected = False
    scene.run(state="absent", kubeconfig=None)
    assert scene.api.sent == []


def test_without_kubeconfig_it_says_so(scene: Scene) -> None:
    with pytest.raises(AnsibleActionFail, match="kubeconfig: is needed"):
        scene.run(kubeconfig=None)
