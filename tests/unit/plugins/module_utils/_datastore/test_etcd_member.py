# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The member of etcd: how a machine begins, the plan, and what check mode leaves alone."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import etcd_member, etcd_settings
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.etcd_machine import (
    EtcdState,
    Layout,
    Member,
)

from tests.unit.plugins.module_utils._datastore.etcd_fakes import MEMBERS, settings


class FakeEtcd:
    """A machine in memory; ``done`` notes what would change a real one."""

    def __init__(
        self, state: EtcdState | None = None, healthy: t.Iterable[str] = (), members: t.Sequence[Member] = ()
    ) -> None:
        self.layout = Layout()
        self.state = state or EtcdState(installed=True, trust="sha256:1")
        self.healthy, self.listed = set(healthy), list(members)
        self.done: list[str] = []

    def read(self) -> EtcdState:
        return self.state

    def health(self, _settings: t.Any, names: t.Iterable[str]) -> dict[str, bool]:
        return {name: name in self.healthy for name in names}

    def members(self, _endpoints: t.Any) -> list[Member]:
        return self.listed

    def __getattr__(self, name: str) -> t.Callable[..., None]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *given: self.done.append(f"{name} {given[0]}" if name == "write" else name)


def ensure(machine: t.Any, *, check_mode: bool = False, new_cluster: bool = False) -> dict[str, t.Any]:
    return etcd_member.ensure(settings(), machine, new_cluster=new_cluster, timeout=1, check_mode=check_mode)


def member(name: str, *, started: bool = True, identity: str = "") -> Member:
    return Member(identity or f"1{name}", name if started else "", (f"https://{MEMBERS[name]}:2380",), started)


def running(**changed: str) -> EtcdState:
    """A member in its desired state, but for ``changed`` in what it was started with."""
    wanted = etcd_settings.environment(
        settings(), etcd_settings.new_cluster(settings()).lines(), "sha256:1", "/var/lib/etcd/mothership"
    )
    return EtcdState(
        installed=True,
        configuration=etcd_settings.text(wanted),
        drop_in=etcd_settings.DROP_IN,
        enabled=True,
        running={**wanted, **changed},
        has_data=True,
        formed=True,
        trust="sha256:1",
    )


def targets(result: t.Mapping[str, t.Any]) -> list[str]:
    return [one["target"] for one in result["plan"]]


def test_a_new_cluster() -> None:
    machine = FakeEtcd()
    planned = ensure(machine, new_cluster=True, check_mode=True)
    assert machine.done == []
    done = ensure(machine, new_cluster=True)
    assert planned["plan"] == done["plan"]
    assert machine.done[-4:] == ["enable", "start", "wait", "note_formed"]
    assert "ETCD_INITIAL_CLUSTER_STATE=new" in done["diff"][1]["after"]


def test_a_second_run_changes_nothing() -> None:
    machine = FakeEtcd(running(), MEMBERS)
    result = ensure(machine)
    assert (result["changed"], machine.done) == (False, ["wait"])
    assert result["health"] == dict.fromkeys(MEMBERS, True)


def test_a_virgin_machine_in_check_mode_has_a_whole_plan() -> None:
    result = ensure(FakeEtcd(EtcdState()), new_cluster=True, check_mode=True)
    assert len(result["plan"]) == 5
    with pytest.raises(HcpError, match="not installed"):
        ensure(FakeEtcd(EtcdState()), new_cluster=True)


def test_a_member_that_lost_its_data_is_put_out_and_taken_in() -> None:
    machine = FakeEtcd(healthy=["db1", "db3"], members=[member("db1"), member("db2"), member("db3")])
    result = ensure(machine)
    assert targets(result)[1:3] == ["etcd member db2", "etcd member db2"]
    assert [line for line in machine.done if "member" in line] == ["remove_member", "add_member"]
    assert "ETCD_INITIAL_CLUSTER_STATE=existing" in str(result["diff"])


def test_a_machine_under_another_name_takes_the_place_of_one_that_is_gone() -> None:
    gone = Member("1f", "db9", ("https://10.77.0.29:2380",), True)
    machine = FakeEtcd(healthy=["db1", "db3"], members=[member("db1"), gone, member("db3")])
    assert targets(ensure(machine))[1:3] == ["etcd member db9", "etcd member db2"]


def test_an_entry_that_waits_for_this_machine_is_used() -> None:
    machine = FakeEtcd(healthy=["db1", "db3"], members=[member("db1"), member("db2", started=False), member("db3")])
    ensure(machine)
    assert not [line for line in machine.done if "_member" in line]


def test_data_of_a_member_that_was_put_out_is_forgotten() -> None:
    machine = FakeEtcd(running(), healthy=["db1", "db3"], members=[member("db1"), member("db3")])
    ensure(machine)
    assert [line for line in machine.done if not line.startswith("write")][:4] == [
        "stop",
        "forget_data",
        "add_member",
        "start",
    ]


def test_no_second_cluster_while_others_may_have_data() -> None:
    with pytest.raises(HcpError, match="none of the others answers: db1, db3"):
        ensure(FakeEtcd())


def test_what_the_process_was_started_with_decides_about_a_restart() -> None:
    machine = FakeEtcd(running(MOTHERSHIP_TRUST="sha256:0"), MEMBERS)
    planned = ensure(machine, check_mode=True)
    assert planned["restarts"] == ["etcd.service"]
    assert machine.done == []
    assert ensure(machine)["plan"] == planned["plan"]
    assert machine.done == ["restart", "wait"]
    assert not ensure(FakeEtcd(running(ETCD_INITIAL_CLUSTER="other"), MEMBERS))["changed"]


def test_the_etcd_of_the_package_is_stopped() -> None:
    state = EtcdState(installed=True, running={"ETCD_DATA_DIR": "/var/lib/etcd/default"}, trust="sha256:1")
    machine = FakeEtcd(state)
    ensure(machine, new_cluster=True)
    assert (machine.done[0], machine.done[-3]) == ("stop", "start")


@pytest.mark.parametrize(
    "state", [EtcdState(kubernetes=True), EtcdState(installed=True, configuration="ETCD_NAME=mine\n")]
)
def test_an_etcd_of_others_is_refused(state: EtcdState) -> None:
    with pytest.raises(InvalidInput, match="machines of their own"):
        ensure(FakeEtcd(state), new_cluster=True)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"members": {"db1": "10.77.0.21", "db2": "10.77.0.22"}}, "even number"),
        ({"name": "db9"}, "db9 is not among them"),
        ({"members": {**MEMBERS, "db3": "db3.example"}}, "cannot be a member"),
        ({"election_timeout": 300}, "five times"),
    ],
)
def test_wrong_options(changed: dict[str, t.Any], text: str) -> None:
    with pytest.raises(InvalidInput, match=text):
        settings(**changed)


def test_the_file_can_be_read_again() -> None:
    values = etcd_settings.environment(settings(), {"ETCD_INITIAL_CLUSTER": "a=b,c=d"}, "sha256:1", "/data")
    assert etcd_settings.values_of(etcd_settings.text(values)) == values
    assert etcd_settings.first_lines(etcd_settings.text(values)) == {"ETCD_INITIAL_CLUSTER": "a=b,c=d"}
    assert values["ETCD_PEER_CLIENT_CERT_AUTH"] == values["ETCD_CLIENT_CERT_AUTH"] == "true"
