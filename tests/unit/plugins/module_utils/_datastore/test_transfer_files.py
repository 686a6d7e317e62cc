# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed, HcpError, TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Connection
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.transfer_files import Files


def files(tmp_path: pathlib.Path, script: str, **more: t.Any) -> Files:
    """The programs are shell scripts; their arguments are in ``arguments``."""
    for name in ("pg_dump", "pg_restore"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\n{script}\n')
        program.chmod(0o755)
    return Files(Connection(("env", f"PATH={tmp_path}:/usr/bin:/bin"), "/run/pg", 5433), **more)


@pytest.fixture
def path(tmp_path: pathlib.Path) -> str:
    (tmp_path / "private").mkdir(mode=0o700)
    return str(tmp_path / "private" / "rows")


def test_a_dump_is_for_its_owner_only(tmp_path: pathlib.Path, path: str) -> None:
    assert files(tmp_path, "printf rows").dump("hcp_a", path) == 4
    assert pathlib.Path(path).read_text() == "rows"
    assert pathlib.Path(path).stat().st_mode & 0o777 == 0o600
    arguments = (tmp_path / "arguments").read_text()
    assert "--data-only --table=public.kine" in arguments
    assert "port=5433" in arguments


def test_a_folder_that_others_see_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    for folder, told in (("open", "mode 0700"), ("missing", "cannot be used")):
        with pytest.raises(HcpError, match=told):
            files(tmp_path, "true").dump("hcp_a", str(tmp_path / folder / "rows"))


def test_rows_are_restored_from_the_file(tmp_path: pathlib.Path, path: str) -> None:
    pathlib.Path(path).write_text("rows")
    files(tmp_path, f"cat > {tmp_path}/taken").restore("hcp_a", path)
    assert (tmp_path / "taken").read_text() == "rows"
    assert "--single-transaction" in (tmp_path / "arguments").read_text()
    with pytest.raises(HcpError, match="is not there or cannot be read"):
        files(tmp_path, "true").restore("hcp_a", path + "x")


def test_errors_do_not_quote_rows(tmp_path: pathlib.Path, path: str) -> None:
    script = "echo 'ERROR: bad' >&2; echo 'CONTEXT: COPY kine, line 1: secret' >&2; echo 'DETAIL: secret' >&2; exit 3"
    with pytest.raises(CommandFailed) as caught:
        files(tmp_path, script).dump("hcp_a", path)
    assert "ERROR: bad" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_it_does_not_wait_for_ever(tmp_path: pathlib.Path, path: str) -> None:
    with pytest.raises(TimedOut, match=r"did not end within 0.2 s"):
        files(tmp_path, "exec sleep 5", timeout=0.2).dump("hcp_a", path)


def test_a_program_that_is_missing_is_told(path: str) -> None:
    with pytest.raises(CommandFailed, match="the program pg_dump-is-missing is not on this machine"):
        Files(Connection(("pg_dump-is-missing",), "/run/pg")).dump("hcp_a", path)
