# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine of a member: commands and files."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import patroni_machine
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.command import Outcome
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_config import Cluster
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_machine import Answer, MemberMachine

from .fakes import RecordingRun
from .patroni_fakes import cluster


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    data = tmp_path / "main"
    data.mkdir()
    monkeypatch.setattr(Cluster, "data", property(lambda self: str(data)))
    monkeypatch.setattr(patroni_machine, "LOADED", str(tmp_path / "patroni.json"))
    owner = type("Owner", (), {"pw_uid": -1, "gr_gid": -1})
    monkeypatch.setattr(patroni_machine.pwd, "getpwnam", lambda name: owner)
    monkeypatch.setattr(patroni_machine.grp, "getgrnam", lambda name: owner)
    return data


def machine(run: RecordingRun) -> MemberMachine:
    return MemberMachine(cluster(), run, Progress(""))


def test_a_virgin_machine_is_read(folder: pathlib.Path) -> None:
    found = machine(RecordingRun()).read()
    assert (found.data, found.active, found.enabled, found.loaded) == (None, False, False, "")


def test_roles_are_made_while_nothing_runs_and_once(folder: pathlib.Path) -> None:
    run = RecordingRun()
    machine(run).prepare_data({"ttl": 20})
    (argv, script) = run.calls[0]
    assert argv[:5] == ("runuser", "-u", "postgres", "--", "/usr/lib/postgresql/15/bin/postgres")
    assert script is not None
    assert "ALTER ROLE mothership_replication LOGIN REPLICATION;" in script
    written = folder / "patroni.dynamic.json"
    assert json.loads(written.read_text()) == {"ttl": 20}
    assert written.stat().st_mode & 0o777 == 0o600
    machine(run).prepare_data({"ttl": 30})
    assert len(run.calls) == 1


def test_a_new_cluster_appears_whole(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def initdb(argv: t.Sequence[str], **_options: t.Any) -> Outcome:
        staged = next(word.partition("=")[2] for word in argv if word.startswith("--pgdata="))
        pathlib.Path(staged).mkdir()
        (pathlib.Path(staged) / "PG_VERSION").write_text("15\n")
        assert list(folder.iterdir()) == []
        return Outcome(0)

    MemberMachine(cluster(), initdb, Progress("")).create_data()
    assert (folder / "PG_VERSION").exists()


def test_what_was_loaded_is_remembered(folder: pathlib.Path) -> None:
    run = RecordingRun()
    machine(run).start("abc")
    assert machine(run).read().loaded == "abc"
    machine(run).reload("def")
    assert machine(run).read().loaded == "def"
    assert ["systemctl", "reload", "patroni.service"] in [list(argv) for argv, _stdin in run.calls]


def test_the_fingerprint_follows_the_configuration(folder: pathlib.Path) -> None:
    one = machine(RecordingRun())
    assert one.fingerprint("a") == one.fingerprint("a") != one.fingerprint("b")


def test_postgresql_answers(folder: pathlib.Path) -> None:
    run = RecordingRun({"psql": Outcome(0, '{"primary": true, "streaming": false, "roles": true}\n')})
    assert machine(run).answer() == Answer(primary=True, roles=True)
    assert "'mothership_replication'" in str(run.calls[0][1])


def test_the_single_server_does_not_start_again(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[t.Any] = []
    monkeypatch.setattr(patroni_machine.files, "write", written.append)
    run = RecordingRun()
    machine(run).hand_over()
    assert (written[0].path, written[0].text) == ("/etc/postgresql/15/main/start.conf", "disabled\n")
    assert run.calls[0][0] == ("systemctl", "stop", "postgresql@15-main.service")
