# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules' frames: arguments in, result out; what they do is tested with the rooms."""

from __future__ import annotations

import pathlib
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._backup.arguments import BACKUP_ARGUMENTS
from ansible_collections.mothership.hcp.plugins.modules import velero_backup

from tests.unit.plugins.module_utils._backup.module_frame import documented, run


@pytest.fixture
def arguments(tmp_path: Path) -> t.Any:
    return {"kubeconfig": str(tmp_path / "absent"), "namespaces": ["hcp-a"]}


def test_check_mode_on_a_virgin_machine_plans_a_backup(arguments: t.Any, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(velero_backup.main, {**arguments, "_ansible_check_mode": True}, capfd)
    assert result["changed"] is True
    assert result["plan"][0]["target"].startswith("Backup/velero/site-")


def test_without_check_mode_an_absent_kubeconfig_is_an_error(
    arguments: t.Any, capfd: pytest.CaptureFixture[str]
) -> None:
    result = run(velero_backup.main, arguments, capfd)
    assert result["failed"]
    assert "kubeconfig" in result["msg"]


def test_verify_needs_the_bucket(arguments: t.Any, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(velero_backup.main, {**arguments, "verify": True, "s3_bucket": "b"}, capfd)
    assert "s3_access_key, s3_secret_key is not set" in result["msg"]


def test_no_namespace_is_refused(arguments: t.Any, capfd: pytest.CaptureFixture[str]) -> None:
    assert "all namespaces" in run(velero_backup.main, {**arguments, "namespaces": []}, capfd)["msg"]


def test_options_are_documented_with_their_defaults() -> None:
    options = yaml.safe_load(velero_backup.DOCUMENTATION)["options"]
    assert documented(options) == documented(BACKUP_ARGUMENTS)
    assert pathlib.Path(velero_backup.__file__).name == f"{yaml.safe_load(velero_backup.DOCUMENTATION)['module']}.py"
