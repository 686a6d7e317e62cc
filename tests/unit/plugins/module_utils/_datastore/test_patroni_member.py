# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who leads first, and in which order a machine becomes a member."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import patroni_member
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_api import Member
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_config import member_text
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_machine import (
    Answer,
    MemberState,
    wanted_files,
)

from .patroni_fakes import MEMORY, FakeApi, RecordingMember, cluster, folder

LEADER = Member("db1", "leader", "running", 1)
NOBODY: dict[str, t.Any] = dict.fromkeys(("db1", "db2", "db3"))
RUNS = {"state": "running", "role": "master"}
FOLLOWS = {"state": "running", "role": "replica"}


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patroni_member, "_PAUSE", 0.0)


def membership(name: str, machine: RecordingMember, api: FakeApi, found: t.Any = None) -> patroni_member.Membership:
    return patroni_member.Membership(
        cluster(name),
        t.cast(t.Any, machine),
        t.cast(t.Any, api),
        Progress(""),
        found=NOBODY if found is None else found,
        memory=MEMORY,
    )


def finished(name: str = "db1") -> MemberState:
    """A machine on which everything is as it should be."""
    base, unit, configuration = wanted_files(cluster(name), member_text(cluster(name), MEMORY))
    return MemberState(
        installed=True,
        configuration=configuration,
        base=base,
        unit=unit,
        data=folder(),
        umbrella=True,
        enabled=True,
        active=True,
        loaded="new",
    )


def test_without_data_anywhere_the_first_machine_makes_it() -> None:
    api = FakeApi()
    api.statuses["10.77.0.21"] = RUNS
    machine = RecordingMember(MemberState(installed=True))
    result = membership("db1", machine, api).lead(check_mode=False, timeout=5)
    assert machine.done[3:] == ["create_data", "start_umbrella", "enable", "prepare_data", "start"]
    assert [one["target"] for one in result["plan"]][3] == "PostgreSQL cluster /var/lib/postgresql/15/main"


def test_the_others_wait_for_it() -> None:
    machine = RecordingMember(MemberState(installed=True))
    assert not membership("db2", machine, FakeApi()).lead(check_mode=False, timeout=5)["changed"]
    assert machine.done == []


def test_a_server_on_one_machine_is_taken_over_with_its_data() -> None:
    api = FakeApi()
    api.statuses["10.77.0.22"] = RUNS
    state = MemberState(installed=True, data=folder(), single_runs=True, single_starts=True, umbrella=True)
    machine = RecordingMember(state)
    found = {**NOBODY, "db2": folder()}
    membership("db2", machine, api, found).lead(check_mode=False, timeout=5)
    assert machine.done[3:] == ["hand_over", "enable", "prepare_data", "start"]
    assert not membership("db1", RecordingMember(MemberState(installed=True)), FakeApi(), found).lead(
        check_mode=False, timeout=5
    )["changed"]


def test_nobody_takes_the_lead_from_a_leader() -> None:
    machine = RecordingMember(MemberState(installed=True))
    result = membership("db1", machine, FakeApi([LEADER])).lead(check_mode=False, timeout=5)
    assert (result["changed"], result["leader"], machine.done) == (False, "db1", [])


def test_an_empty_machine_copies_the_leader() -> None:
    api = FakeApi([LEADER])
    api.statuses["10.77.0.22"] = FOLLOWS
    machine = RecordingMember(MemberState(installed=True))
    machine.answers = [Answer(), Answer(streaming=True)]
    result = membership("db2", machine, api).follow(check_mode=False, timeout=5)
    assert machine.done[3:] == ["start_umbrella", "enable", "start"]
    assert result["health_url"] == "https://10.77.0.22:8008/patroni"


def test_an_empty_machine_does_not_begin_without_a_leader() -> None:
    machine = RecordingMember(MemberState(installed=True))
    with pytest.raises(HcpError, match="no machine of the server leads"):
        membership("db2", machine, FakeApi()).follow(check_mode=False, timeout=5)
    assert machine.done == []


def test_other_databases_are_refused() -> None:
    machine = RecordingMember(MemberState(installed=True, data=folder(system_identifier="1")))
    with pytest.raises(HcpError, match="different database clusters"):
        membership("db2", machine, FakeApi([LEADER]), {**NOBODY, "db1": folder()}).follow(check_mode=False, timeout=5)
    assert machine.done == []


def test_a_finished_machine_is_left_alone() -> None:
    api = FakeApi([LEADER])
    api.statuses["10.77.0.21"] = RUNS
    machine = RecordingMember(finished())
    assert not membership("db1", machine, api).follow(check_mode=False, timeout=5)["changed"]
    assert machine.done == []


def test_roles_that_are_gone_are_made_again() -> None:
    api = FakeApi([LEADER])
    api.statuses["10.77.0.21"] = RUNS
    machine = RecordingMember(finished())
    machine.answers = [Answer(primary=True), Answer(primary=True, roles=True)]
    membership("db1", machine, api).follow(check_mode=False, timeout=5)
    assert machine.done == ["make_roles"]


def test_what_patroni_has_not_read_is_reloaded() -> None:
    api = FakeApi([LEADER])
    api.statuses["10.77.0.21"] = RUNS
    state = MemberState(**{**vars(finished()), "loaded": "old"})
    machine = RecordingMember(state)
    result = membership("db1", machine, api).follow(check_mode=False, timeout=5)
    assert [one["target"] for one in result["plan"]] == ["patroni.service reload"]
    assert machine.done == ["reload"]


def test_waiting_ends_with_what_was_seen_last() -> None:
    api = FakeApi([LEADER])
    api.statuses["10.77.0.22"] = {"state": "creating replica"}
    with pytest.raises(TimedOut, match=r"copies the databases: 64 MiB so far\nthe last lines"):
        membership("db2", RecordingMember(finished("db2")), api).follow(check_mode=False, timeout=0)


def test_check_mode_of_an_empty_machine_shows_the_whole_plan() -> None:
    machine = RecordingMember(MemberState())
    result = membership("db1", machine, FakeApi()).lead(check_mode=True, timeout=5)
    assert [one["target"] for one in result["plan"]][2:] == [
        "/etc/patroni/config.yml",
        "PostgreSQL cluster /var/lib/postgresql/15/main",
        "postgresql.service enabled",
        "patroni.service enabled",
        "patroni.service started",
    ]
    assert membership("db2", machine, FakeApi()).follow(check_mode=True, timeout=5)["changed"]
    assert machine.done == []


def test_packages_are_needed() -> None:
    with pytest.raises(HcpError, match="not installed"):
        membership("db1", RecordingMember(MemberState()), FakeApi()).lead(check_mode=False, timeout=5)
