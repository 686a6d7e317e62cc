# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.mothership.hcp.plugins.action.bundle_install import ActionModule, _destination
from ansible_collections.mothership.hcp.plugins.module_utils._host.bundle import BundleFile

from tests.unit.plugins.module_utils._host.test_bundle import make

from .recorded import Recorded

MODULE = "mothership.hcp.bundle_install"


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def install(folder: str, missing: list[str], *, check_mode: bool = False) -> Recorded:
    def answer(arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        if arguments["request"]["operation"] == "apply":
            return {"changed": True}
        plan = [{"action": "create", "target": path} for path in missing]
        return {"changed": bool(missing), "diff": [], "plan": plan, "missing": missing, "incoming": "/incoming"}

    args = {"bundle": folder, "binaries": ["kubelet"], "cni_plugins": True, "images": ["registry.k8s.io/pause"]}
    return Recorded(ActionModule, args, {MODULE: answer}, check_mode=check_mode)


def test_only_what_the_machine_lacks_is_sent(tmp_path: pathlib.Path) -> None:
    folder = make(tmp_path / "b")
    recorded = install(folder, ["bin/kubelet"])
    result = recorded.run()
    assert recorded.sent == [(f"{folder}/bin/kubelet", "/incoming/bin_kubelet")]
    assert [args["request"]["operation"] for _name, args, _hidden in recorded.modules] == ["inspect", "apply"]
    assert [entry["path"] for entry in recorded.modules[1][1]["request"]["files"]] == ["bin/kubelet"]
    assert result["sent_bytes"] == len("kubelet")
    assert result["components"] == {"kubernetes": "1.36.3"}
    assert result["images"] == [
        {
            "reference": "registry.k8s.io/pause:3.10.2",
            "digest": "d",
            "file": "/var/lib/mothership-hcp/images/pause.tar",
        }
    ]


def test_k0s_is_staged_and_all_others_installed() -> None:
    options = {"destination": "/usr/local/bin", "cni_destination": "/opt/cni/bin"}
    places = {"binary/k0s": "/var/lib/mothership-hcp/k0s/k0s", "binary/kubelet": "/usr/local/bin/kubelet"}
    places["cni-plugin/k0s"] = "/opt/cni/bin/k0s"
    for name, place in places.items():
        kind, base = name.split("/")
        assert _destination(BundleFile(f"x/{base}", kind, "c", 1, "0", 0o755), options) == place


def test_check_mode_sends_nothing(tmp_path: pathlib.Path) -> None:
    recorded = install(make(tmp_path / "b"), ["bin/kubelet"], check_mode=True)
    result = recorded.run()
    assert result["changed"]
    assert recorded.sent == []
    assert len(recorded.modules) == 1
    # The recording is able to see what is sent.
    other = install(make(tmp_path / "c"), ["bin/kubelet"])
    other.run()
    assert len(other.sent) == 1


def test_nothing_is_sent_when_nothing_is_missing(tmp_path: pathlib.Path) -> None:
    recorded = install(make(tmp_path / "b"), [])
    assert not recorded.run()["changed"]
    assert (recorded.sent, len(recorded.modules)) == ([], 1)


def test_a_damaged_bundle_is_refused_before_the_machine_is_asked(tmp_path: pathlib.Path) -> None:
    folder = make(tmp_path / "b")
    (tmp_path / "b/cni/bridge").write_bytes(b"BRIDGE")
    recorded = install(folder, [])
    with pytest.raises(AnsibleActionFail, match="cni/bridge"):
        recorded.run()
    assert (recorded.modules, recorded.sent) == ([], [])


def test_a_refusal_of_the_machine_is_the_result(tmp_path: pathlib.Path) -> None:
    args = {"bundle": make(tmp_path / "b"), "binaries": ["kubelet"]}
    recorded = Recorded(ActionModule, args, {MODULE: {"failed": True, "msg": "disk full"}}, check_mode=False)
    result = recorded.run()
    assert (result["failed"], result["msg"], recorded.sent) == (True, "disk full", [])
