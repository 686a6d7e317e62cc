# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as a whole, with an API that records."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.doc_fragments.patroni import ModuleDocFragment
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import patroni_settings as room
from ansible_collections.mothership.hcp.plugins.modules import patroni_settings

from tests.unit.plugins.module_utils._backup.module_frame import documented, run
from tests.unit.plugins.module_utils._datastore.patroni_fakes import OPTIONS, FakeApi


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    fake = FakeApi(settings={"ttl": 30})
    fake.statuses["10.77.0.21"] = {"role": "master"}
    monkeypatch.setattr(patroni_settings, "PatroniApi", lambda tls, port: fake)
    monkeypatch.setattr(room, "_PAUSE", 0.0)
    monkeypatch.setattr(room, "LOOP_SECONDS", 0)
    return fake


def test_check_mode_makes_no_mutating_call(api: FakeApi, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(patroni_settings.main, {**OPTIONS, "_ansible_check_mode": True}, capfd)["changed"]
    assert api.done == []


def test_without_check_mode_it_does(api: FakeApi, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(patroni_settings.main, OPTIONS, capfd)["changed"]
    assert [what for what, _patch in api.done] == ["patch"]


def test_options_are_documented_with_their_defaults() -> None:
    options = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert documented(options) == documented(patroni_settings.argument_spec())
