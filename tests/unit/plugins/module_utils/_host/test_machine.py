# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real machine, in a temporary folder."""

from __future__ import annotations

import pathlib
import zipfile

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._host.files import TextFile, plan_files, write_files
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Machine
from ansible_collections.mothership.hcp.plugins.module_utils._host.packages import Package

SECRET = "correct horse"


def test_files_are_written_whole_private_and_moved_in_one_step(tmp_path: pathlib.Path) -> None:
    machine, path = Machine(), str(tmp_path / "a/b/file")
    machine.write_text(path, "one", 0o600)
    assert (machine.read_text(path), oct(machine.read_stat(path).mode)) == ("one", "0o600")  # type: ignore[union-attr]
    (tmp_path / "new").write_text("two")
    machine.move_file(str(tmp_path / "new"), path, 0o755)
    assert (machine.read_text(path), machine.read_names(str(tmp_path / "a/b"))) == ("two", ["file"])
    machine.remove(path)
    machine.remove(path)
    assert machine.read_text(path) is None
    assert machine.read_stat(path) is None
    machine.empty_folder(str(tmp_path / "a"))
    assert not machine.is_present(str(tmp_path / "a"))


def test_copies_and_links_take_a_place_in_one_step(tmp_path: pathlib.Path) -> None:
    machine, source, path = Machine(), str(tmp_path / "source"), str(tmp_path / "a/b")
    machine.write_text(source, "one")
    machine.copy_file(source, path, 0o755)
    assert (machine.read_text(path), oct(machine.read_stat(path).mode)) == ("one", "0o755")  # type: ignore[union-attr]
    machine.make_link(path, source)
    machine.make_link(path, "elsewhere")
    assert (machine.read_link(path), machine.read_link(source)) == ("elsewhere", None)
    assert machine.read_names(str(tmp_path / "a")) == ["b"]


def test_the_kind_of_a_file(tmp_path: pathlib.Path) -> None:
    machine, path = Machine(), str(tmp_path / "program")
    machine.write_text(path, "program")
    assert (machine.read_head(path, 4), machine.read_head(f"{path}.not", 4)) == (b"prog", b"")
    assert not machine.is_zip_archive(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("kubelet", "x")
    assert machine.is_zip_archive(path)


def test_a_server_that_does_not_answer() -> None:
    with pytest.raises(OSError, match="refused"):
        Machine().ask_https("127.0.0.1", 1, "/version", token="t", ca_certificate="", timeout=1)


def test_free_bytes_of_a_folder_that_will_be_made(tmp_path: pathlib.Path) -> None:
    assert Machine().read_free_bytes(str(tmp_path / "not/there")) > 0


def test_programs_that_fail_are_absent_or_do_not_end() -> None:
    machine = Machine()
    assert machine.ask(["no-such-program"]).code == 127
    assert machine.ask(["sleep", "5"], timeout=0.1).code == 124
    with pytest.raises(CommandFailed, match="ended with code"):
        machine.execute(["ls", "/no-such-folder"])
    assert machine.execute(["cat"], stdin="text").stdout == "text"
    assert machine.ask(["cat"], stdin="text").stdout == "text"


def test_text_files_are_planned_and_written_once(tmp_path: pathlib.Path) -> None:
    machine = Machine()
    files = [TextFile(str(tmp_path / "plain"), "x\n"), TextFile(str(tmp_path / "secret"), SECRET, 0o600, secret=True)]
    plan = plan_files(machine, files)
    assert [change.action for change in plan.changes] == ["create", "create"]
    assert SECRET not in str(plan.result())
    assert machine.read_names(str(tmp_path)) == []
    write_files(machine, files)
    assert not plan_files(machine, files)
    (tmp_path / "secret").chmod(0o644)
    assert plan_files(machine, files).changes[0].after == "mode 0600"


def test_names_of_packages() -> None:
    assert Package.from_file_name("libllvm14_1%3a14.0.6-12_amd64.deb") == Package("libllvm14", "1:14.0.6-12")
    with pytest.raises(InvalidInput):
        Package.from_file_name("libllvm14.deb")
