# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard's files and service on a machine."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import files, quota
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.quota_program import Settings
from ansible_collections.mothership.hcp.plugins.modules import kine_quota_guard

RUNNING = {"ActiveState": "active", "UnitFileState": "enabled", "ActiveEnterTimestamp": "@9999999999"}


class FakeMachine:
    """systemd and databases; ``done`` is what was changed."""

    def __init__(self, shown: t.Mapping[str, str] | None = None, guarded: t.Sequence[str] = ()) -> None:
        self.shown, self.names = dict(shown or {}), list(guarded)
        self.done: list[tuple[str, ...]] = []

    def service(self) -> dict[str, str]:
        return self.shown

    def do(self, *words: str) -> None:
        self.done.append(words)
        self.shown.update(RUNNING)

    def guarded(self) -> list[str]:
        return self.names

    def unguard(self, name: str) -> None:
        self.done.append(("unguard", name))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota.time, "sleep", lambda seconds: None)
    owned = files.read
    monkeypatch.setattr(files, "write", lambda file: files.write_whole(file.path, file.text, mode=file.mode))

    def read(path: str) -> t.Any:
        found = owned(path)
        return found and files.TextFile(found.path, found.text, found.mode)

    monkeypatch.setattr(files, "read", read)


def present(machine: t.Any, root: pathlib.Path, *, check_mode: bool = False, **settings: t.Any) -> dict[str, t.Any]:
    return quota.ensure_present(
        Settings(**settings), "postgres", machine, check_mode=check_mode, paths=quota.Paths(str(root))
    )


def test_it_is_installed_once(tmp_path: pathlib.Path) -> None:
    machine = FakeMachine()
    planned = present(machine, tmp_path, check_mode=True)
    assert (machine.done, list(tmp_path.iterdir())) == ([], [])
    made = present(machine, tmp_path)
    assert made["plan"] == planned["plan"]
    assert machine.done == [
        ("daemon-reload",),
        ("enable", f"{quota.SERVICE}.service"),
        ("start", f"{quota.SERVICE}.service"),
    ]
    assert not present(machine, tmp_path)["changed"]


def test_new_settings_restart_it(tmp_path: pathlib.Path) -> None:
    machine = FakeMachine()
    present(machine, tmp_path)
    changed = present(machine, tmp_path, interval=8)
    assert changed["restarts"] == [quota.SERVICE]
    assert [step["target"].rpartition("/")[2] for step in changed["plan"]] == [
        "quota-guard.json",
        f"{quota.SERVICE}.service",
    ]


def test_a_service_older_than_its_files_is_restarted(tmp_path: pathlib.Path) -> None:
    present(FakeMachine(), tmp_path)
    machine = FakeMachine({**RUNNING, "ActiveEnterTimestamp": "@1000"})
    assert present(machine, tmp_path)["restarts"] == [quota.SERVICE]


def test_a_guard_that_does_not_stay_up_is_an_error(tmp_path: pathlib.Path) -> None:
    machine = FakeMachine()
    machine.do = lambda *words: machine.shown.update(ActiveState="failed")  # type: ignore[method-assign]
    with pytest.raises(CommandFailed, match="does not stay up"):
        present(machine, tmp_path)


def test_it_goes_with_what_it_put_into_databases(tmp_path: pathlib.Path) -> None:
    present(FakeMachine(), tmp_path)
    machine, paths = FakeMachine(RUNNING, ["hcp_a"]), quota.Paths(str(tmp_path))
    planned = quota.ensure_absent(machine, check_mode=True, paths=paths)  # type: ignore[arg-type]
    assert machine.done == []
    done = quota.ensure_absent(machine, check_mode=False, paths=paths)  # type: ignore[arg-type]
    assert done["plan"] == planned["plan"]
    assert machine.done[:2] == [("disable", "--now", f"{quota.SERVICE}.service"), ("unguard", "hcp_a")]
    again = quota.ensure_absent(FakeMachine(), check_mode=False, paths=paths)  # type: ignore[arg-type]
    assert not again["changed"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"warn_percent": 95.0},
        {"resume_percent": 100.0},
        {"freeze_percent": 100.0},
        {"interval": 0.1},
        {"min_free_percent": 60.0},
    ],
)
def test_limits_without_sense_are_refused(wrong: dict[str, float]) -> None:
    defaults = {name: option["default"] for name, option in kine_quota_guard.argument_spec().items()}
    assert quota.settings_from(defaults).warn == 80
    with pytest.raises(InvalidInput):
        quota.settings_from({**defaults, **wrong})


def test_the_program_on_the_machine_is_the_one_here(tmp_path: pathlib.Path) -> None:
    present(FakeMachine(), tmp_path)
    text = pathlib.Path(quota.Paths(str(tmp_path)).program).read_text()
    assert "GNU General Public License" in text.splitlines()[1]
    assert "\nfrom ." not in text
