# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import gzip
import pathlib
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.action import controller_join

from tests.unit.plugins.module_utils._kube.fake_api import FakeApi

from .recorded import Recorded
from .test_worker_join import KUBECONFIG, TOKENS

MODULE = "mothership.hcp.k0s_controller"


class Scene:
    """A machine, a cluster and the action between them."""

    def __init__(self, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.api = FakeApi()
        self.has_ca, self.connected = False, True
        self.token, self.usages_alive = "", [""]
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(KUBECONFIG)
        monkeypatch.setattr(controller_join, "connect", lambda *_args, **_more: self.api if self.connected else None)

    def run(self, *, check_mode: bool = False) -> dict[str, t.Any]:
        args = {"kubeconfig": str(self.kubeconfig), "controller": {"node_name": "ms2", "name": "mothership"}}
        answers = {MODULE: self._module, "ansible.builtin.stat": lambda _args: {"stat": {"exists": self.has_ca}}}
        self.recorded = Recorded(controller_join.ActionModule, args, answers, check_mode=check_mode)
        return self.recorded.run()

    def _module(self, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        self.token = arguments.get("token", "")
        alive = [item for path, item in self.api.stored.items() if path.startswith(TOKENS)]
        self.usages_alive = [item["stringData"].get("usage-controller-join", "") for item in alive]
        return {"changed": not self.has_ca, "diff": [], "plan": [], "restarts": [], "timings": {}, "server": "s"}


@pytest.fixture
def scene(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(tmp_path, monkeypatch)


def test_it_joins_through_the_join_port_with_a_token_that_lives_only_meanwhile(scene: Scene) -> None:
    assert scene.run()["changed"]
    text = gzip.decompress(base64.b64decode(scene.token)).decode()
    assert "https://10.77.0.11:9443" in text
    assert "controller-bootstrap" in text
    assert scene.usages_alive == ["true"]
    assert [path for path in scene.api.stored if path.startswith(TOKENS)] == []
    # What holds the token is not displayed.
    assert [hidden for name, _args, hidden in scene.recorded.modules if name == MODULE] == [True]


def test_a_machine_that_has_joined_gets_no_token(scene: Scene) -> None:
    scene.has_ca = True
    assert scene.run()["changed"] is False
    assert scene.token == ""
    assert scene.api.mutating == []


def test_check_mode_makes_no_mutating_call(scene: Scene) -> None:
    assert scene.run(check_mode=True)["changed"]
    assert scene.api.mutating == []
    assert scene.token == ""
    # The recording is able to see a mutating call.
    scene.run()
    assert scene.api.mutating


def test_check_mode_before_the_first_controller_is_there(scene: Scene) -> None:
    scene.connected = False
    result = scene.run(check_mode=True)
    assert [change["target"] for change in result["plan"]] == ["control plane mothership"]
