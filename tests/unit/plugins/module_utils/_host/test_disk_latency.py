# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib

from ansible_collections.mothership.hcp.plugins.module_utils._host import disk_latency


def test_every_write_is_brought_to_the_disk_and_nothing_is_left(tmp_path: pathlib.Path) -> None:
    synced: list[int] = []
    measured = disk_latency.measure(str(tmp_path), 7, sync=lambda file: synced.append(os.fstat(file).st_size))
    assert synced == [2048 * number for number in range(1, 8)]
    assert measured["folder"] == str(tmp_path)
    assert measured["fsync"]["samples"] == 7
    assert list(tmp_path.iterdir()) == []


def test_a_slow_disk_is_not_asked_for_long(tmp_path: pathlib.Path) -> None:
    now = iter(float(number) for number in range(100))
    measured = disk_latency.measure(str(tmp_path), 50, sync=lambda file: None, clock=lambda: next(now))
    assert measured["fsync"] == {"p50": 1000.0, "p99": 1000.0, "samples": 1}


def test_a_folder_that_is_not_there_yet(tmp_path: pathlib.Path) -> None:
    assert disk_latency.existing(str(tmp_path / "etcd" / "member")) == str(tmp_path)
