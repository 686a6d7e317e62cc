# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import functools
import pathlib
from typing import Any

import pytest
from ansible_collections.mothership.hcp.plugins.action import preflight
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError

from tests.unit.plugins.module_utils._backup.fakes import FakeStore

from .frame import run

HOSTS: dict[str, dict[str, Any]] = {
    "ms1": {
        "ansible_host": "192.0.2.11",
        "velero_enabled": False,
        "hosted_clusters": [],
        "__preflight_machine": {"unreachable": True, "msg": "Connection timed out"},
        "__site_preflight_started": {"mothership_phase": {"name": "preflight", "state": "started", "time": 5.0}},
    }
}
TASK_VARS = {
    "groups": {"all": ["ms1"], "mothership_control_plane": ["ms1"], "postgresql": []},
    "hostvars": HOSTS,
    "inventory_hostname": "ms1",
    "ansible_inventory_sources": [],
}


@pytest.fixture(autouse=True)
def one_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is installed on the machine that runs the tests must not matter."""
    monkeypatch.setattr(preflight, "_controller_problems", lambda **_options: [])


def test_all_problems_are_in_one_failure() -> None:
    result = run(preflight.ActionModule, {}, TASK_VARS)
    lines = result["msg"].splitlines()
    assert (result["failed"], result["changed"], result["problem_count"]) == (True, False, 2)
    assert lines[0] == "preflight: 2 problems (nothing was changed)"
    assert lines[1].startswith("  1. mothership_bundle: is required and not set")
    assert lines[2].startswith("  2. machine ms1: 192.0.2.11 cannot be reached")


def test_a_good_site_returns_its_clusters_and_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = preflight.examination.Verdict(notes=["a note"])
    monkeypatch.setattr(preflight.examination.Examination, "run", lambda self: verdict)
    result = run(preflight.ActionModule, {}, TASK_VARS)
    assert (result["changed"], result["notes"], result["machines"]) == (False, ["a note"], ["ms1"])


def test_the_bucket_is_asked_only_when_there_are_backups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight.examination.Examination, "run", lambda self: preflight.examination.Verdict())
    monkeypatch.setattr(preflight.bucket, "examine", lambda shared, check_mode: ([HcpError("wrong secret")], []))
    assert "failed" not in run(preflight.ActionModule, {}, TASK_VARS)
    hosts = {"ms1": {**HOSTS["ms1"], "velero_enabled": True}}
    assert "wrong secret" in run(preflight.ActionModule, {}, {**TASK_VARS, "hostvars": hosts})["msg"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_it_only_reads(check_mode: bool, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FakeStore()
    examine = functools.partial(preflight.bucket.examine, open_store=lambda settings: contextlib.nullcontext(store))
    monkeypatch.setattr(preflight.bucket, "examine", examine)
    monkeypatch.chdir(tmp_path)
    bucket = {"velero_s3_url": "https://s3.example.com", "velero_s3_bucket": "backups"}
    keys = {"velero_s3_access_key": "key", "velero_s3_secret_key": "secret"}
    hosts = {"ms1": {**HOSTS["ms1"], "velero_enabled": True, **bucket, **keys}}
    result = run(preflight.ActionModule, {}, {**TASK_VARS, "hostvars": hosts}, check_mode=check_mode)
    assert result["changed"] is False
    assert store.calls == ["exists"]
    assert list(tmp_path.iterdir()) == []
    # The recording is able to see a mutating call.
    store.put("key", b"")
    assert store.calls == ["exists", "put"]


def test_the_site_is_read_from_the_tasks_variables() -> None:
    site = preflight.read_site(TASK_VARS, 9.0)
    assert list(site.machines) == ["ms1"]
    assert site.asked_between == (5.0, 9.0)
    assert site.facts["ms1"]["unreachable"]
    assert pathlib.Path(site.collection, "galaxy.yml").exists()
