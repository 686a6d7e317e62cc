# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module: its arguments, and that check mode changes nothing."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.modules import etcd_member

from tests.unit.plugins.module_utils._backup.module_frame import documented, run
from tests.unit.plugins.module_utils._datastore.test_etcd_member import MEMBERS, FakeEtcd

ARGUMENTS = {"name": "db1", "members": MEMBERS, "new_cluster": True}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> FakeEtcd:
    fake = FakeEtcd()
    monkeypatch.setattr(etcd_member, "EtcdMachine", lambda *_anything: fake)
    return fake


def test_check_mode_makes_no_mutating_call(machine: FakeEtcd, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(etcd_member.main, {**ARGUMENTS, "_ansible_check_mode": True}, capfd)["changed"]
    assert machine.done == []


def test_without_check_mode_it_does(machine: FakeEtcd, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(etcd_member.main, ARGUMENTS, capfd)
    assert result["endpoints"][0] == "https://10.77.0.21:2379"
    assert "start" in machine.done


def test_it_describes(machine: FakeEtcd, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(etcd_member.main, {**ARGUMENTS, "state": "described"}, capfd)
    assert (result["changed"], result["formed"], machine.done) == (False, False, [])


def test_an_even_number_is_reported(machine: FakeEtcd, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(etcd_member.main, {**ARGUMENTS, "members": {"db1": "10.0.0.1", "db2": "10.0.0.2"}}, capfd)
    assert "one machine, or three" in result["msg"]


def test_options_are_documented_with_their_defaults() -> None:
    options = yaml.safe_load(etcd_member.DOCUMENTATION)["options"]
    assert documented(options) == documented(etcd_member.argument_spec())
