# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are whole or absent, locks, commands with limits, many machines at once."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from lab.machines import command, files, parallel
from lab.machines.command import LabError
from lab.machines.config import Machine
from lab.machines.status import Row, table

MACHINES = [Machine(name, f"10.0.0.{number}", (), "z") for number, name in enumerate("abc", 2)]


def test_write_says_whether_it_changed_and_keeps_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    assert files.write(path, "one", 0o600) is True
    assert path.stat().st_mode & 0o777 == 0o600
    assert files.write(path, "one", 0o600) is False
    assert files.write(path, "one", 0o644) is True
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_lock_is_exclusive_and_names_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lock"
    with files.lock(path, timeout=1, holder="first"), pytest.raises(LabError, match="held by second"):
        with files.lock(path, timeout=0.3, holder="second"):
            pass
    assert "waiting for second" in capsys.readouterr().out
    with files.lock(path, timeout=1, holder="third"):
        pass


def test_run_fails_with_the_last_words_and_within_its_time() -> None:
    with pytest.raises(LabError, match="exit code 3: bad luck"):
        command.run([sys.executable, "-c", "import sys; sys.exit(print('bad luck', file=sys.stderr) or 3)"], timeout=20)
    begin = time.monotonic()
    with pytest.raises(LabError, match="no answer within"):
        command.run(["sleep", "30"], timeout=0.3)
    assert time.monotonic() - begin < 10
    assert command.run(["sleep", "30"], timeout=0.3, check=False).returncode == 124


def test_stream_keeps_the_output_and_shows_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "PROGRESS_SECONDS", 0.2)
    log = tmp_path / "log"
    command.stream(["sh", "-c", "echo first; sleep 0.7"], log=log, timeout=20, what="job")
    assert "job: " in capsys.readouterr().out
    with pytest.raises(LabError, match="exit code 4: last"):
        command.stream(["sh", "-c", "echo last; exit 4"], log=log, timeout=20, what="job")


def test_all_failures_are_told_together() -> None:
    def step(machine: Machine, tell: parallel.Tell) -> str:
        if machine.name == "b":
            return "fine"
        raise LabError(f"broken {machine.name}")

    with pytest.raises(LabError) as caught:
        parallel.on_each(MACHINES, step, what="test")
    assert "a: broken a" in str(caught.value)
    assert "c: broken c" in str(caught.value)


def test_results_keep_the_order() -> None:
    def step(machine: Machine, tell: parallel.Tell) -> str:
        time.sleep(0.05 if machine.name == "a" else 0)
        return machine.name

    assert list(parallel.on_each(MACHINES, step, what="test").values()) == ["a", "b", "c"]


def test_status_table_and_what_counts_as_up() -> None:
    good = Row("ms1", "10.0.0.1", "running", "degraded", "ok", "1m2s")
    assert good.up
    assert not Row("w1", "10.0.0.2", "running", "running", "refused", "1s").up
    assert not Row("w1", "10.0.0.2", "exited", "-", "-", "-").up
    assert table([good]).splitlines()[0].split() == ["NAME", "ADDRESS", "STATE", "SYSTEMD", "SSH", "UPTIME"]
