# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module: its arguments, and that check mode changes nothing."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.modules import postgresql_proxy

from tests.unit.plugins.module_utils._backup.module_frame import documented, run
from tests.unit.plugins.module_utils._datastore.test_proxy import OPTIONS, FakeProxy


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> FakeProxy:
    fake = FakeProxy()
    monkeypatch.setattr(postgresql_proxy, "ProxyMachine", lambda *_anything: fake)
    return fake


def test_check_mode_makes_no_mutating_call(machine: FakeProxy, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(postgresql_proxy.main, {**OPTIONS, "_ansible_check_mode": True}, capfd)["changed"]
    assert machine.done == []


def test_without_check_mode_it_does(machine: FakeProxy, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(postgresql_proxy.main, OPTIONS, capfd)["port"] == 5000
    assert "start haproxy" in machine.done


def test_wrong_options_are_reported(machine: FakeProxy, capfd: pytest.CaptureFixture[str]) -> None:
    assert "db9" in run(postgresql_proxy.main, {**OPTIONS, "name": "db9"}, capfd)["msg"]


def test_options_are_documented_with_their_defaults() -> None:
    options = yaml.safe_load(postgresql_proxy.DOCUMENTATION)["options"]
    assert documented(options) == documented(postgresql_proxy.argument_spec())
