# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.doc_fragments.s3 import ModuleDocFragment
from ansible_collections.mothership.hcp.plugins.module_utils._backup.arguments import SERVER_ARGUMENTS
from ansible_collections.mothership.hcp.plugins.modules import velero_server

from tests.unit.plugins.module_utils._backup.fakes import SECRET_KEY
from tests.unit.plugins.module_utils._backup.module_frame import documented, run


@pytest.fixture
def arguments(tmp_path: Path) -> t.Any:
    return {
        "kubeconfig": str(tmp_path / "absent"),
        "s3_bucket": "backups",
        "s3_access_key": "velero",
        "s3_secret_key": SECRET_KEY,
        "namespaces": ["hcp-a"],
        "_ansible_check_mode": True,
    }


def test_check_mode_on_a_virgin_machine_plans_everything(arguments: t.Any, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(velero_server.main, arguments, capfd)
    targets = [change["target"] for change in result["plan"]]
    assert targets[-2:] == ["BackupStorageLocation/velero/default", "Schedule/velero/site"]
    assert "Deployment/velero/velero" in targets


def test_the_secret_key_is_nowhere_in_the_result(arguments: t.Any, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(velero_server.main, {**arguments, "_ansible_diff": True}, capfd)
    shown = str({**result, "invocation": None})
    assert SECRET_KEY not in shown
    assert "sha256:" in shown


def test_a_bad_url_names_its_option(arguments: t.Any, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(velero_server.main, {**arguments, "s3_url": "s3.example.com"}, capfd)
    assert result["failed"]
    assert "s3_url" in result["msg"]


def test_options_are_documented_with_their_defaults() -> None:
    options = {
        **yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"],
        **yaml.safe_load(velero_server.DOCUMENTATION)["options"],
    }
    assert documented(options) == documented(SERVER_ARGUMENTS)
