# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running kine once, with a stand-in for kine."""

from __future__ import annotations

import os
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed, TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Connection
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.schema import SchemaMaker

HERE = Connection(command_prefix=(), socket_directory="/run/pg", port=5433, os_user=None)


def maker(tmp_path: Path, script: str, timeout: float = 5.0) -> t.Any:
    program = tmp_path / "kine"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return SchemaMaker(HERE, str(program), Progress(), timeout=timeout)


def test_kine_is_stopped_once_it_serves(tmp_path: Path) -> None:
    done = tmp_path / "done"
    serve = f"""for word; do case $word in --listen-address=unix://*) socket=${{word#*unix://}};; esac; done
trap 'echo stopped > {done}; exit 0' TERM
: > "$socket"; dirname "$socket" >> {tmp_path}/folder
while :; do sleep 0.05; done"""
    maker(tmp_path, serve).make("hcp_a", "hcp_a")
    assert done.read_text() == "stopped\n"
    assert not os.path.exists((tmp_path / "folder").read_text().strip())


def test_kine_takes_the_role_of_the_tenant_and_no_password(tmp_path: Path) -> None:
    words = maker(tmp_path, "").arguments("hcp_a", "hcp_b", "/tmp/kine.sock")
    endpoint = next(word for word in words if word.startswith("--endpoint="))
    assert endpoint.startswith("--endpoint=postgres://postgres@/hcp_a?host=%2Frun%2Fpg&port=5433&role=hcp_b")


def test_a_kine_that_ends_is_an_error_with_its_last_lines(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"(?s)kine ended with 3.*no such database") as caught:
        maker(tmp_path, "echo no such database >&2; exit 3").make("hcp_a", "hcp_a")
    assert caught.value.where == "database hcp_a"


def test_a_kine_that_hangs_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(TimedOut, match=r"(?s)within 0.3 s.*waiting for a lock"):
        maker(tmp_path, "echo waiting for a lock; exec sleep 60", timeout=0.3).make("hcp_a", "hcp_a")


def test_a_missing_kine_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="kine, which makes the schema"):
        SchemaMaker(HERE, str(tmp_path / "none"), Progress()).make("hcp_a", "hcp_a")
