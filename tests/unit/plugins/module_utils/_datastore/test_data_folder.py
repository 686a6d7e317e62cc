# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data directories, and the machine from which a server starts."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import data_folder
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.command import Outcome

from .fakes import RecordingRun
from .patroni_fakes import folder

SHOWN = """pg_control version number:            1300
Database system identifier:           7448217843121
Database cluster state:               shut down
Latest checkpoint location:           0/3000060
Latest checkpoint's TimeLineID:       4
"""
MEMBERS = ("db1", "db2", "db3")


def test_a_machine_without_databases(tmp_path: pathlib.Path) -> None:
    assert data_folder.read(RecordingRun(), str(tmp_path), "/usr/bin") is None
    assert data_folder.from_result(data_folder.as_result(None)) is None


def test_a_control_file_is_read(tmp_path: pathlib.Path) -> None:
    (tmp_path / "global").mkdir()
    (tmp_path / "global/pg_control").touch()
    found = data_folder.read(RecordingRun({"pg_controldata": Outcome(0, SHOWN)}), str(tmp_path), "/usr/bin")
    assert found == folder(state="shut down", timeline=4)
    assert data_folder.from_result(data_folder.as_result(found)) == found
    with pytest.raises(HcpError, match="cannot be read: no such program"):
        data_folder.read(RecordingRun({"pg_controldata": Outcome(1, "", "no such program")}), str(tmp_path), "/usr/bin")


@pytest.mark.parametrize(
    ("found", "first"),
    [
        ({"db1": None, "db2": None, "db3": None}, "db1"),
        ({"db1": None, "db3": folder()}, "db3"),
        ({"db1": folder(), "db2": folder(timeline=2), "db3": None}, "db2"),
        ({"db1": folder(checkpoint="0/FF"), "db2": folder(checkpoint="1/0")}, "db2"),
        ({"db1": folder(state="in archive recovery"), "db2": folder()}, "db2"),
        ({"db1": folder(), "db2": folder()}, "db1"),
    ],
)
def test_the_newest_data_leads(found: dict[str, t.Any], first: str) -> None:
    assert data_folder.first_of(MEMBERS, found) == first


def test_two_different_clusters_are_refused() -> None:
    with pytest.raises(HcpError, match=r"different database clusters[\s\S]*db3: system identifier 1,[\s\S]*pg_drop"):
        data_folder.first_of(MEMBERS, {"db1": folder(), "db3": folder(system_identifier="1")})


def test_nothing_new_is_made_while_a_machine_is_away() -> None:
    with pytest.raises(HcpError, match="db2, db3 could not be asked"):
        data_folder.first_of(MEMBERS, {"db1": None})
