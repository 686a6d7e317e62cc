# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings shared by three machines: what changes, and who restarts in which order."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import patroni_settings
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_api import Member
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_config import shared_settings

from .patroni_fakes import MEMORY, FakeApi, cluster

WHOLE = [
    Member("db1", "leader", "running"),
    Member("db2", "sync_standby", "running"),
    Member("db3", "replica", "running"),
]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patroni_settings, "_PAUSE", 0.0)
    monkeypatch.setattr(patroni_settings, "LOOP_SECONDS", 0)


def api(settings: t.Any = None) -> FakeApi:
    fake = FakeApi(WHOLE, shared_settings(cluster(), MEMORY) if settings is None else settings)
    fake.statuses = {
        "10.77.0.21": {"role": "master"},
        "10.77.0.22": {"role": "replica"},
        "10.77.0.23": {"role": "replica"},
    }
    return fake


def ensure(fake: FakeApi, *, check_mode: bool = False, **server: t.Any) -> dict[str, t.Any]:
    settings = patroni_settings.SharedSettings(cluster(**server), t.cast(t.Any, fake), Progress(""), memory=MEMORY)
    return settings.ensure(check_mode=check_mode, timeout=5)


def test_desired_settings_are_left_alone() -> None:
    fake = api()
    assert not ensure(fake)["changed"]
    assert fake.done == []


def test_the_server_becomes_strict() -> None:
    fake = api(shared_settings(cluster(), MEMORY, strict=False))
    ensure(fake)
    assert fake.done == [("patch", {"synchronous_mode_strict": True})]


def test_replicas_restart_before_the_primary() -> None:
    fake = api()
    for status in fake.statuses.values():
        status["pending_restart"] = True
    result = ensure(fake, max_connections=400)
    assert fake.done == [
        ("patch", {"postgresql": {"parameters": {"max_connections": 400}}}),
        ("restart", "10.77.0.22"),
        ("restart", "10.77.0.23"),
        ("restart", "10.77.0.21"),
    ]
    assert result["restarts"] == ["PostgreSQL of db2", "PostgreSQL of db3", "PostgreSQL of db1"]


def test_no_second_machine_restarts_while_the_first_is_away() -> None:
    fake = api()
    fake.known = [WHOLE[0], Member("db2", "replica", "starting"), WHOLE[2]]
    for address in ("10.77.0.22", "10.77.0.23"):
        fake.statuses[address]["pending_restart"] = True
    settings = patroni_settings.SharedSettings(cluster(), t.cast(t.Any, fake), Progress(""), memory=MEMORY)
    with pytest.raises(TimedOut, match="db2 is replica and starting"):
        settings.ensure(check_mode=False, timeout=0)
    assert fake.done == [("restart", "10.77.0.22")]


def test_a_machine_that_is_away_does_not_stop_it() -> None:
    fake = api(shared_settings(cluster(), MEMORY, strict=False))
    del fake.statuses["10.77.0.23"]
    assert ensure(fake)["changed"]


def test_check_mode_only_looks() -> None:
    fake = api({})
    fake.shared = {"ttl": 30}
    assert ensure(fake, check_mode=True)["changed"]
    assert ensure(FakeApi(), check_mode=True)["changed"]
    assert fake.done == []
