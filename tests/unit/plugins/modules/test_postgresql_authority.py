# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module: its arguments, and that check mode changes nothing. With the real openssl."""

from __future__ import annotations

import getpass
import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.authority import Authority
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.authority_work import AuthorityMachine
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.command import run as run_program
from ansible_collections.mothership.hcp.plugins.modules import postgresql_authority

from tests.unit.plugins.module_utils._backup.module_frame import documented, run

ARGUMENTS = {"state": "described", "name": "db1"}


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    machine = AuthorityMachine(run_program, Authority(run_program, str(tmp_path / "ca")), str(tmp_path / "tls"))
    monkeypatch.setattr(postgresql_authority.authority_work, "AuthorityMachine", lambda *_anything: machine)
    return tmp_path


def test_check_mode_makes_no_mutating_call(folder: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(postgresql_authority.main, {**ARGUMENTS, "_ansible_check_mode": True}, capfd)
    assert result["changed"]
    assert result["ca_certificate"] is None
    assert list(folder.iterdir()) == []


def test_without_check_mode_it_does(folder: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(postgresql_authority.main, ARGUMENTS, capfd)
    assert result["authority"]["recipient"].startswith("-----BEGIN CERTIFICATE-----")
    assert sorted(path.name for path in (folder / "ca").iterdir()) == ["exchange.crt", "exchange.key"]


def test_one_machine_after_the_other_in_check_mode(folder: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> None:
    nothing = {"certificates": [], "signer": "", "next": "", "recipient": ""}
    machines = {"db1": nothing, "db2": nothing}
    how = {"name": "db1", "machines": machines, "_ansible_check_mode": True}
    shared = run(postgresql_authority.main, {"state": "shared", **how}, capfd)
    assert (shared["changed"], shared["sealed"]) == (True, {"db2": ""})
    more: dict[str, t.Any] = {"certificate_names": ["10.77.0.21"], "readers": [getpass.getuser()]}
    received = run(postgresql_authority.main, {"state": "received", **how, **more}, capfd)
    assert len(received["plan"]) == 5
    assert list(folder.iterdir()) == []


def test_a_machine_without_authority_and_without_one_for_it(
    folder: pathlib.Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = run(postgresql_authority.main, {"state": "received", "name": "db1"}, capfd)
    assert "got none" in result["msg"]


def test_wrong_options_are_reported(folder: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(postgresql_authority.main, {"state": "shared", "name": "db1", "machines": {"db2": {}}}, capfd)
    assert "db1 is not among the machines" in result["msg"]
    result = run(postgresql_authority.main, {"state": "shared", "name": "db1", "machines": {"db1": None}}, capfd)
    assert "no description" in result["msg"]


def test_options_are_documented_with_their_defaults() -> None:
    options = yaml.safe_load(postgresql_authority.DOCUMENTATION)["options"]
    assert documented(options) == documented(postgresql_authority.argument_spec())
