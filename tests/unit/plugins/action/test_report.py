# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.mothership.hcp.plugins.action.report import ActionModule

from .frame import run


class Undefined(dict[str, Any]):
    """Variables of a host on which one expression uses what is not defined there."""

    def __getitem__(self, name: str) -> Any:
        if name == "mothership_bundle":
            raise AnsibleError("'inventory_dir' is undefined")
        return super().__getitem__(name)


HOSTS: dict[str, dict[str, Any]] = {
    "ms1": {
        "ansible_host": "192.0.2.11",
        "hosted_clusters": [{"name": "tenant-a"}],
        "velero_s3_secret_key": "secret-canary",
        "__mothership_init": {"changed": True, "plan": [{"action": "create", "target": "mothership"}]},
    },
    "localhost": {},
}
TASK_VARS = {"groups": {"mothership_control_plane": ["ms1"]}, "hostvars": HOSTS}


def test_it_writes_both_files_and_is_no_change(tmp_path: pathlib.Path) -> None:
    result = run(ActionModule, {"directory": str(tmp_path / "artifacts")}, TASK_VARS)
    assert result["changed"] is False
    assert result["summary"]["create"] == 1
    data = json.loads((tmp_path / "artifacts" / "report.json").read_text(encoding="utf-8"))
    assert data["schema_version"] == 1
    assert "<svg" in (tmp_path / "artifacts" / "report.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in (tmp_path / "artifacts").iterdir()) == ["report.html", "report.json"]


def test_check_mode_writes_nothing(tmp_path: pathlib.Path) -> None:
    result = run(ActionModule, {"directory": str(tmp_path / "artifacts")}, TASK_VARS, check_mode=True)
    assert (result["changed"], result["files"]) == (False, [])
    assert not (tmp_path / "artifacts").exists()
    assert result["lines"][0].startswith("PLAN")
    # Negative control: the same call without check mode writes.
    run(ActionModule, {"directory": str(tmp_path / "artifacts")}, TASK_VARS)
    assert (tmp_path / "artifacts").exists()


def test_no_secret_is_written(tmp_path: pathlib.Path) -> None:
    result = run(ActionModule, {"directory": str(tmp_path)}, TASK_VARS)
    written = "".join(path.read_text(encoding="utf-8") for path in tmp_path.iterdir())
    assert "canary" not in written + repr(result)


def test_a_variable_that_cannot_be_computed_is_no_obstacle(tmp_path: pathlib.Path) -> None:
    hosts = {
        "ms1": HOSTS["ms1"],
        "localhost": Undefined(mothership_bundle="{{ inventory_dir }}", __x={"changed": False}),
    }
    assert run(ActionModule, {"directory": str(tmp_path)}, {**TASK_VARS, "hostvars": hosts})["summary"]["create"] == 1
