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
from ansible_collections.mothership.hcp.plugins.module_utils._kube.errors import ApiError
from ansible_collections.mothership.hcp.plugins.modules import node_drain

from tests.unit.plugins.module_utils._kube.fake_api import FakeApi

Object = dict[str, t.Any]


def node(*, ready: bool = True) -> Object:
    status = {"conditions": [{"type": "Ready", "status": "True" if ready else "Unknown"}]}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "w1"}, "spec": {}, "status": status}


def pod(name: str, owner: str = "ReplicaSet", **annotations: str) -> Object:
    owners = [{"apiVersion": "apps/v1", "kind": owner, "name": "o", "uid": "1"}]
    metadata = {"name": name, "namespace": "default", "ownerReferences": owners, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"nodeName": "w1"}}


class Cluster(FakeApi):
    """A cluster that lets a pod go when it is evicted, unless a budget protects it for some tries.

    :ivar protected: how often an eviction is refused.
    """

    protected = 0

    def _get(self, path: str, query: dict[str, t.Any], body: t.Any) -> Object:
        """Pods of all namespaces by their node, which the fake does not know."""
        if path != "/api/v1/pods":
            return super()._get(path, query, body)
        assert query["fieldSelector"] == "spec.nodeName=w1"
        return {"items": [item for at, item in self.stored.items() if "/pods/" in at]}

    def _patch(self, path: str, query: dict[str, t.Any], body: Object) -> Object:
        """A merge patch of what a node may schedule."""
        assert list(body) == ["spec"]
        self.stored[path]["spec"] = {key: value for key, value in body["spec"].items() if value is not None}
        return self.stored[path]

    def _post(self, path: str, query: dict[str, t.Any], body: Object) -> Object:
        if not path.endswith("/eviction"):
            return super()._post(path, query, body)
        if self.protected:
            self.protected -= 1
            raise ApiError(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.")
        del self.stored[path.removesuffix("/eviction")]
        return {}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """What the module is connected to: a node with a pod of each kind."""
    fake = Cluster(
        node(), pod("web"), pod("agent", "DaemonSet"), pod("static", "Node", **{"kubernetes.io/config.mirror": "x"})
    )
    monkeypatch.setattr(node_drain, "connect", lambda *_args, **_more: fake)
    monkeypatch.setattr(
        "ansible_collections.mothership.hcp.plugins.module_utils._kube.drain._PAUSE", 0.01, raising=True
    )
    return fake


def run(capsys: pytest.CaptureFixture[str], *, check_mode: bool = False, **options: t.Any) -> Object:
    """The module's result; ``failed`` is among its keys when it failed."""
    with patch_module_args({"name": "w1", **options, "_ansible_check_mode": check_mode, "_ansible_diff": True}):
        with pytest.raises(SystemExit):
            node_drain.main()
    result: Object = json.loads(capsys.readouterr().out)
    return result


def test_check_mode_makes_no_mutating_call(api: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    planned = run(capsys, check_mode=True, state="absent")
    assert api.mutating == []
    # The recording is able to see a mutating call.
    done = run(capsys, state="absent")
    assert [method for method, _path in api.mutating] == ["PATCH", "POST", "DELETE"]
    assert done["plan"] == planned["plan"]
    assert [change["target"] for change in done["plan"]] == ["Pod/default/web", "Node/w1"]
    assert run(capsys, state="absent")["changed"] is False


def test_a_drained_node_takes_no_pods_until_it_is_told_to(api: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys)["changed"]
    assert api.stored["/api/v1/nodes/w1"]["spec"]["unschedulable"] is True
    assert run(capsys)["changed"] is False
    assert run(capsys, state="schedulable")["changed"]
    assert not api.stored["/api/v1/nodes/w1"]["spec"].get("unschedulable")
    assert run(capsys, state="schedulable")["changed"] is False


def test_a_protected_pod_is_tried_again(api: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    api.protected = 2
    assert run(capsys)["changed"]
    assert "/api/v1/namespaces/default/pods/web" not in api.stored


def test_a_pod_that_stays_is_named_with_the_reason(api: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    api.protected = 10_000
    result = run(capsys, wait_timeout=0)
    assert result["failed"]
    assert "Pod/default/web" in result["msg"]
    assert "disruption budget" in result["msg"]


def test_a_dead_node_is_not_waited_for(api: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    api.put(node(ready=False))
    assert run(capsys, state="absent")["changed"]
    assert "/api/v1/nodes/w1" not in api.stored
    assert "/api/v1/namespaces/default/pods/web" in api.stored


def test_no_such_node(api: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    del api.stored["/api/v1/nodes/w1"]
    assert run(capsys, state="absent")["changed"] is False
    assert api.mutating == []


def test_options_are_documented_with_their_defaults() -> None:
    documented = yaml.safe_load(node_drain.DOCUMENTATION)["options"]
    specified = node_drain.argument_spec()
    for name, option in documented.items():
        assert {key: option[key] for key in specified[name] if key in option} == {
            key: value for key, value in specified[name].items() if key in option
        }
