# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.mothership.hcp.plugins.action import worker_join

from tests.unit.plugins.module_utils._kube.fake_api import FakeApi

from .recorded import Recorded

MODULE = "mothership.hcp.kubeadm_join"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/w1"
TOKENS = "/api/v1/namespaces/kube-system/secrets/"
KUBECONFIG = """
current-context: c
contexts: [{name: c, context: {cluster: k, user: u}}]
clusters: [{name: k, cluster: {server: "https://10.77.0.11:31443", certificate-authority-data: Y2E=}}]
users: [{name: u, user: {}}]
"""


class Api(FakeApi):
    """Nodes are patched as RFC 7396 says; only metadata and taints matter here."""

    def _patch(self, path: str, query: dict[str, t.Any], body: dict[str, t.Any]) -> dict[str, t.Any]:
        del query
        node = self.stored[path]
        if path == LEASE:
            node["spec"].update(body["spec"])
            return node
        node["metadata"].setdefault("labels", {}).update(body["metadata"].get("labels", {}))
        node.setdefault("spec", {}).update(body.get("spec", {}))
        return node


def node(name: str = "w1", *, ready: bool = True, machine_id: str = "4711") -> dict[str, t.Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "spec": {"taints": [{"key": "theirs", "effect": "NoSchedule"}]},
        "status": {
            "nodeInfo": {"machineID": machine_id},
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        },
    }


class Scene:
    """A worker machine, a cluster and the action between them."""

    def __init__(self, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, *objects: dict[str, t.Any]) -> None:
        self.api: Api = Api(*objects)
        self.joined, self.fails = False, False
        self.token_seen, self.tokens_alive = "", 0
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(KUBECONFIG)
        self.connected = True
        monkeypatch.setattr(worker_join, "connect", lambda *_args, **_more: self.api if self.connected else None)

    def run(self, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        args = {"cluster": "tenant-a", "kubeconfig": str(self.kubeconfig), "wait_timeout": 1, **options}
        answers = {MODULE: self._module, "mothership.hcp.k0s_worker": self._module}
        self.recorded = Recorded(worker_join.ActionModule, args, answers, check_mode=check_mode)
        return self.recorded.run()

    @property
    def tokens(self) -> list[str]:
        return [path for path in self.api.stored if path.startswith(TOKENS)]

    def _module(self, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        needed = not self.joined or arguments["rejoin"]
        plan = [{"action": "create", "target": "node w1"}] if needed else []
        result = {"changed": needed, "diff": [], "plan": plan, "restarts": [], "machine_id": "4711", "needed": needed}
        if arguments.get("token"):
            self.token_seen, self.tokens_alive = arguments["token"], len(self.tokens)
            if self.fails:
                return {"failed": True, "msg": "kubeadm join failed"}
            self.api.put(node())
            self.joined = True
        return {**result, "joined": self.joined}


@pytest.fixture
def scene(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(tmp_path, monkeypatch)


def test_check_mode_makes_no_mutating_call(scene: Scene) -> None:
    planned = scene.run(check_mode=True)
    assert planned["changed"]
    assert (scene.api.mutating, scene.token_seen) == ([], "")
    done = scene.run()
    assert done["plan"] == planned["plan"]
    assert [method for method, _path in scene.api.mutating] == ["POST", "DELETE"]


def test_check_mode_before_the_cluster_is_there(scene: Scene) -> None:
    scene.connected = False
    scene.kubeconfig.unlink()
    assert scene.run(check_mode=True)["plan"] == [{"action": "create", "target": "node w1"}]


def test_the_token_lives_as_long_as_the_join_and_is_shown_nowhere(scene: Scene) -> None:
    result = scene.run()
    assert (scene.tokens_alive, scene.tokens) == (1, [])
    assert len(scene.token_seen) == 23
    assert scene.token_seen not in json.dumps(result)
    assert all(hidden for _name, _args, hidden in scene.recorded.modules)
    assert (result["joined"], result["node_name"]) == (True, "w1")


def test_the_token_is_revoked_after_a_failure_too(scene: Scene) -> None:
    scene.fails = True
    result = scene.run()
    assert (result["failed"], scene.tokens_alive, scene.tokens) == (True, 1, [])


def test_tokens_that_a_killed_run_left_are_removed(scene: Scene) -> None:
    for name, of_node in (("bootstrap-token-aaaaaa", "w1"), ("bootstrap-token-bbbbbb", "w2")):
        labels = {"mothership.hcp/node": of_node}
        metadata = {"name": name, "namespace": "kube-system", "labels": labels}
        scene.api.put({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
    scene.joined = True
    scene.api.put(node())
    planned = scene.run(check_mode=True)
    assert (len(scene.tokens), planned["plan"][0]["action"]) == (2, "delete")
    assert scene.run()["plan"] == planned["plan"]
    assert scene.tokens == [f"{TOKENS}bootstrap-token-bbbbbb"]


def test_a_worker_of_this_cluster_is_left_alone(scene: Scene) -> None:
    scene.run()
    scene.api.sent.clear()
    again = scene.run()
    assert (again["changed"], scene.api.mutating) == (False, [])


def test_a_worker_whose_node_is_gone_joins_again(scene: Scene) -> None:
    scene.joined = True
    assert scene.run()["changed"]
    assert scene.token_seen


def test_the_node_of_an_earlier_life_gives_way(scene: Scene) -> None:
    path = scene.api.put(node())
    assert scene.run()["joined"]
    assert ("DELETE", path) in scene.api.mutating


def test_another_machine_keeps_its_name(scene: Scene) -> None:
    scene.api.put(node(machine_id="other"))
    with pytest.raises(AnsibleActionFail, match="another machine is a Ready node"):
        scene.run()
    assert (scene.api.mutating, scene.token_seen) == ([], "")
    scene.api.put(node(machine_id="other", ready=False))
    assert scene.run()["joined"]


def test_a_node_that_is_not_ready_in_time(scene: Scene) -> None:
    scene.joined = True
    scene.api.put(node(ready=False))
    with pytest.raises(AnsibleActionFail, match=r"(?s)node w1.*not ready after 1 s.*journalctl -u kubelet"):
        scene.run()


def test_labels_and_taints_are_added_and_those_of_others_stay(scene: Scene) -> None:
    scene.run()
    taints = [{"key": "mine", "value": "x", "effect": "NoExecute"}]
    marked = scene.run(labels={"zone": "a"}, taints=taints)
    assert [change["target"] for change in marked["plan"]] == ["labels of node w1", "taints of node w1"]
    stored = scene.api.stored["/api/v1/nodes/w1"]
    assert stored["metadata"]["labels"] == {"zone": "a"}
    assert [taint["key"] for taint in stored["spec"]["taints"]] == ["theirs", "mine"]
    assert not scene.run(labels={"zone": "a"}, taints=taints)["changed"]
    planned = scene.run(labels={"zone": "b"}, check_mode=True)
    assert planned["changed"]
    assert stored["metadata"]["labels"] == {"zone": "a"}


def test_a_k0s_worker_finds_a_lease_that_has_been_renewed(scene: Scene) -> None:
    scene.run(distribution="k0s")
    assert {name for name, _args, _hidden in scene.recorded.modules} == {"mothership.hcp.k0s_worker"}
    lease = scene.api.stored[LEASE]["spec"]
    assert (lease["holderIdentity"], lease["leaseDurationSeconds"]) == ("w1", 40)
    assert lease["renewTime"].endswith("Z")
    # k0s made one without a time of renewal, in a run that was killed.
    scene.api.stored[LEASE]["spec"] = {"holderIdentity": "w1"}
    scene.joined = False
    del scene.api.stored["/api/v1/nodes/w1"]
    scene.run(distribution="k0s")
    assert scene.api.stored[LEASE]["spec"]["renewTime"]


def test_a_kubeadm_worker_makes_its_lease_itself(scene: Scene) -> None:
    scene.run()
    assert LEASE not in scene.api.stored


def test_a_kubeconfig_that_does_not_tell_the_server(scene: Scene) -> None:
    scene.kubeconfig.write_text("clusters: []\nusers: [{password: correct horse}]\n")
    with pytest.raises(AnsibleActionFail, match="not a kubeconfig") as caught:
        scene.run()
    assert "correct horse" not in str(caught.value)
