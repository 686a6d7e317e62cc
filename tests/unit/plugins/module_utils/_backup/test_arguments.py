# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._backup.arguments import (
    SERVER_ARGUMENTS,
    desired_server,
)
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import InvalidInput

PARAMS = {
    **{name: option.get("default") for name, option in SERVER_ARGUMENTS.items()},
    "s3_bucket": "backups",
    "s3_access_key": "velero",
    "s3_secret_key": "secret",
    "namespaces": ["hcp-a"],
}


def test_namespaces_and_schedule_make_a_schedule() -> None:
    kinds = [manifest["kind"] for manifest in desired_server(PARAMS).velero_objects()]
    assert kinds == ["BackupStorageLocation", "Schedule"]


@pytest.mark.parametrize("change", [{"namespaces": []}, {"schedule": ""}, {"read_only": True}])
def test_nothing_to_back_up_makes_none(change: t.Any) -> None:
    kinds = [manifest["kind"] for manifest in desired_server({**PARAMS, **change}).velero_objects()]
    assert kinds == ["BackupStorageLocation"]


@pytest.mark.parametrize("schedule", ["daily", "0 1 * *"])
def test_a_schedule_that_is_no_cron_expression(schedule: t.Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        desired_server({**PARAMS, "schedule": schedule})
    assert caught.value.where == "schedule"


@pytest.mark.parametrize("schedule", ["@daily", "@every 6h", "*/5 * * * *"])
def test_a_schedule_that_velero_takes(schedule: t.Any) -> None:
    assert desired_server({**PARAMS, "schedule": schedule}).schedule == schedule


def test_plugin_settings_are_texts() -> None:
    desired = desired_server({**PARAMS, "location_config": {"insecureSkipTLSVerify": True, "n": 1}})
    assert desired.server.location_config == {"insecureSkipTLSVerify": "true", "n": "1"}
