# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.modules import disk_latency

from tests.unit.plugins.module_utils._backup.module_frame import documented, run


@pytest.mark.parametrize("check_mode", [True, False])
def test_it_only_reads(check_mode: bool, tmp_path: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "etcd"
    arguments = {"path": str(folder), "samples": 3, "_ansible_check_mode": check_mode}
    result = run(disk_latency.main, arguments, capfd)
    assert (result["changed"], result["folder"], result["fsync"]["samples"]) == (False, str(tmp_path), 3)
    assert list(tmp_path.iterdir()) == []
    # The listing is able to see a file.
    folder.mkdir()
    assert list(tmp_path.iterdir()) == [folder]


def test_documentation_and_specification_agree() -> None:
    options = yaml.safe_load(disk_latency.DOCUMENTATION)["options"]
    assert documented(options) == documented(disk_latency.argument_spec())
