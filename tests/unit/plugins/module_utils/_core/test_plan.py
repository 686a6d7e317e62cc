# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import builtins
import json
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.plan import Change, Plan, as_text


def test_nothing_to_do() -> None:
    plan = Plan()
    assert not plan
    assert plan.result() == {"changed": False, "diff": [], "plan": [], "restarts": []}


def test_the_result_says_everything_in_order() -> None:
    plan = Plan()
    plan.add(Change("create", "Secret/a/b", after={"kind": "Secret"}))
    plan.add(Change("update", "/etc/x", before="old", after="new\n", restarts=("containerd",)))
    plan.add(Change("run", "kubeadm init"))
    result = plan.result(node="ms1")
    assert (result["changed"], result["node"]) == (True, "ms1")
    assert result["plan"] == [
        {"action": "create", "target": "Secret/a/b"},
        {"action": "update", "target": "/etc/x"},
        {"action": "run", "target": "kubeadm init"},
    ]
    assert result["diff"] == [
        {
            "before_header": "Secret/a/b (create)",
            "after_header": "Secret/a/b (create)",
            "before": "",
            "after": "kind: Secret\n",
        },
        {"before_header": "/etc/x (update)", "after_header": "/etc/x (update)", "before": "old\n", "after": "new\n"},
    ]


def test_what_restarts_does_so_once_and_in_order() -> None:
    first = Plan([Change("update", "a", restarts=("containerd", "kubelet"))])
    second = Plan([Change("update", "b", restarts=("kubelet", "api"))])
    first.extend(second)
    assert first.restarts == first.result()["restarts"] == ["containerd", "kubelet", "api"]
    assert [change.target for change in first.changes] == ["a", "b"]


def test_what_becomes_absent_has_a_diff() -> None:
    (diff,) = Plan([Change("delete", "x", before={"a": 1})]).result()["diff"]
    assert (diff["before"], diff["after"]) == ("a: 1\n", "")


@pytest.mark.parametrize(("state", "text"), [(None, ""), ("", ""), ("a", "a\n"), ("a\n", "a\n"), ({"b": 1}, "b: 1\n")])
def test_states_as_text(state: t.Any, text: str) -> None:
    assert as_text(state) == text


def test_a_machine_without_yaml_shows_json(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_yaml(name: str, *more: t.Any) -> t.Any:
        if name == "yaml":
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without_yaml)
    assert json.loads(as_text({"b": [1]})) == {"b": [1]}
