# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's state, read from a folder that stands for its root."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import server_machine
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.command import Outcome
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.server_machine import (
    Layout,
    RefusedFiles,
    ServerMachine,
)

from .fakes import RecordingRun

SAID = {"loaded_at": 1.0, "pending": [], "restart": ["port"], "elsewhere": {}, "errors": [], "access_errors": []}


def said(**changed: t.Any) -> t.Any:
    return Outcome(0, json.dumps({**SAID, **changed}) + "\n")


@pytest.fixture
def layout(tmp_path: Path) -> t.Any:
    layout = Layout("15", root=str(tmp_path))
    for path, text in {
        layout.main_configuration: "port = 5432\ninclude_dir = 'conf.d'   # last\n",
        layout.configuration: "port = 5432\n",
        layout.access: "local all postgres peer\n",
        layout.start_mode: "# comment\nauto\n",
        layout.program: "",
        layout.process_file: "123\n/var/lib/postgresql/15/main\n1700000000\n5433\n/run/pg\n",
    }.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return layout


def machine(layout: t.Any, **answers: t.Any) -> t.Any:
    named = {"is-active": Outcome(0, "active\n"), "is-enabled": Outcome(0, "enabled\n"), "psql": said()}
    return ServerMachine(layout, RecordingRun({**named, **answers}), Progress())


def test_a_virgin_machine_is_read_without_any_program(tmp_path: Path) -> None:
    run = RecordingRun()
    state = ServerMachine(Layout("15", root=str(tmp_path)), run, Progress()).read(["db1"])
    assert (state.installed, state.cluster, state.running, run.calls) == (False, False, None, [])


def test_a_running_server_is_read(layout: t.Any) -> None:
    state = machine(layout).read(["db1"])
    assert (state.installed, state.cluster, state.includes_folder) == (True, True, True)
    assert (state.starts_itself, state.enabled) == (True, True)
    assert state.configuration.text == "port = 5432\n"
    assert state.running.restart == {"port"}


def test_files_newer_than_the_last_reload_are_noticed(layout: t.Any) -> None:
    assert machine(layout).read(["db1"]).reload_owed
    assert not machine(layout, psql=said(loaded_at=9e9)).read(["db1"]).reload_owed


def test_the_server_is_asked_where_it_listens_now(layout: t.Any) -> None:
    asked = machine(layout)
    asked.read(["db1"])
    words = next(" ".join(argv) for argv, _stdin in asked._run.calls if "psql" in argv)
    assert "host='/run/pg' port=5433" in words


def test_a_stopped_server_is_not_asked(layout: t.Any) -> None:
    stopped = machine(layout, **{"is-active": Outcome(3, "inactive\n")})
    assert stopped.read(["db1"]).running is None
    assert not any("psql" in argv for argv, _stdin in stopped._run.calls)


def test_files_with_errors_are_not_loaded(layout: t.Any) -> None:
    refusing = machine(layout, psql=said(errors=["mothership.conf line 3: x: unrecognized configuration parameter"]))
    with pytest.raises(RefusedFiles, match="line 3: x"):
        refusing.reload()
    assert not any(stdin and "pg_reload_conf" in stdin for _argv, stdin in refusing._run.calls)


def test_a_reload_is_waited_for(layout: t.Any) -> None:
    assert machine(layout, psql=said(loaded_at=9e9)).reload().loaded_at == 9e9


def test_a_failed_start_shows_the_end_of_the_log(layout: t.Any, tmp_path: Path) -> None:
    log = tmp_path / layout.log
    log.parent.mkdir(parents=True)
    log.write_text("FATAL: no such library\n")
    failing = server_machine.ServerMachine(layout, _failing, Progress())
    with pytest.raises(CommandFailed, match=r"(?s)did not restart: job failed.*no such library.*journalctl -u"):
        failing.start("restart")


def _failing(argv: t.Any, **options: t.Any) -> t.NoReturn:
    raise CommandFailed("job failed")
