# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it, with an API server in memory."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mothership.hcp.plugins.modules import hcp_apply

from tests.unit.plugins.module_utils._kube.fake_api import FakeApi, config_map

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s", "namespace": "shop"},
    "stringData": {"password": "correct horse"},
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    """What the module is connected to."""
    fake = FakeApi()
    monkeypatch.setattr(hcp_apply, "connect", lambda *_args, **_more: fake)
    return fake


def run(capsys: pytest.CaptureFixture[str], *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """The module's result; ``failed`` is among its keys when it failed."""
    with patch_module_args({**options, "_ansible_check_mode": check_mode, "_ansible_diff": True}):
        with pytest.raises(SystemExit):
            hcp_apply.main()
    result: dict[str, t.Any] = json.loads(capsys.readouterr().out)
    return result


def test_check_mode_makes_no_mutating_call(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, check_mode=True, objects=[config_map("a"), SECRET], wait=True)
    assert result["changed"]
    assert api.mutating == []
    # The recording is able to see a mutating call.
    done = run(capsys, objects=[config_map("a"), SECRET])
    assert len(api.mutating) == 2
    assert result["plan"] == done["plan"]
    assert result["diff"] == done["diff"]


def test_a_second_run_changes_nothing(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    objects = [config_map("a"), SECRET]
    first, second = run(capsys, objects=objects), run(capsys, objects=objects)
    assert first["changed"]
    assert first["summary"] == {"created": 2, "updated": 0, "deleted": 0, "unchanged": 0}
    assert not second["changed"]
    assert (second["plan"], second["diff"], second["restarts"]) == ([], [], [])
    assert second["summary"] == {"created": 0, "updated": 0, "deleted": 0, "unchanged": 2}
    assert second["requests"] == len(api.sent)


def test_no_secret_in_any_result_or_log(
    api: FakeApi, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda _self, msg, log_args=None: logged.append(f"{msg}{log_args}"))
    result = run(capsys, objects=[config_map("a"), SECRET])
    assert result["invocation"]["module_args"]["objects"] == ["ConfigMap/shop/a", "Secret/shop/s"]
    assert result["plan"][1]["target"] == "Secret/shop/s"
    for text in (json.dumps(result), "".join(logged)):
        assert "correct horse" not in text
        assert "Y29ycmVjdCBob3JzZQ" not in text
    assert logged


def test_absent(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, objects=[config_map("a"), config_map("b")])
    result = run(capsys, objects=[config_map("a"), config_map("c")], state="absent", wait=True)
    assert result["plan"] == [{"action": "delete", "target": "ConfigMap/shop/a"}]
    assert result["summary"] == {"created": 0, "updated": 0, "deleted": 1, "unchanged": 1}
    assert not run(capsys, objects=[config_map("a")], state="absent")["changed"]


def test_prune(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    def labelled(obj: dict[str, t.Any]) -> dict[str, t.Any]:
        return {**obj, "metadata": {**obj["metadata"], "labels": {"part-of": "shop"}}}

    run(capsys, objects=[labelled(config_map("a")), labelled(SECRET)])
    result = run(capsys, objects=[labelled(config_map("b"))], prune_label_selector="part-of=shop")
    assert result["plan"] == [
        {"action": "create", "target": "ConfigMap/shop/b"},
        {"action": "delete", "target": "ConfigMap/shop/a"},
        {"action": "delete", "target": "Secret/shop/s"},
    ]
    refused = run(capsys, objects=[config_map("b")], state="absent", prune_label_selector="part-of=shop")
    assert refused["failed"]
    assert refused["msg"].startswith("prune_label_selector: only for state=present")


def test_errors_say_where(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, objects=[config_map("a"), {"kind": "ConfigMap"}])
    assert result["failed"]
    assert result["msg"].startswith("objects[1]: apiVersion is missing")
    assert api.mutating == []


def test_wait_runs_into_its_time_out(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}
    result = run(capsys, objects=[deployment], wait=True, wait_timeout=1)
    assert result["failed"]
    assert "Deployment/shop/web: not ready after 1 s: 0 of 1 replicas updated" in result["msg"]
    assert "kubectl describe deployment web --namespace shop" in result["msg"]


def test_check_mode_without_a_kubeconfig_plans_everything(
    capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where warnings go depends on whether this process has loaded an action plugin before.
    warnings: list[str] = []
    monkeypatch.setattr(hcp_apply.AnsibleModule, "warn", lambda self, text: warnings.append(text))
    result = run(capsys, check_mode=True, kubeconfig=str(tmp_path / "none"), objects=[config_map("a")])
    assert result["plan"] == [{"action": "create", "target": "ConfigMap/shop/a"}]
    assert "does not exist yet" in warnings[0]
    failed = run(capsys, kubeconfig=str(tmp_path / "none"), objects=[config_map("a")])
    assert failed["failed"]
    assert "To fix" in failed["msg"]
