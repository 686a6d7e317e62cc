# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's plan and order of work, with a machine that records."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed, HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import server
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.server_machine import (
    Layout,
    RefusedFiles,
    Running,
    ServerState,
)
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.server_settings import ServerOptions
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.server_tls import TlsState

MEMORY = 4 * 1024**3
OPTIONS = ServerOptions("15", "10.77.0.21", allowed_networks=("10.77.0.11", "10.244.0.0/16"))
SERVICE = "postgresql@15-main.service"
CONFIGURATION = "/etc/postgresql/15/main/conf.d/mothership.conf"


class RecordingTls:
    """Everything :class:`ServerTls` can do, written down."""

    def __init__(self, machine: t.Any) -> None:
        self._machine = machine

    def read(self, names: t.Any) -> t.Any:
        return self._machine.state.tls

    def make_authority(self, common_name: t.Any) -> None:
        self._machine.done.append("make_authority")

    def make_server(self, common_name: t.Any, names: t.Any) -> None:
        self._machine.done.append("make_server")

    def close_authority_key(self) -> None:
        self._machine.done.append("close_authority_key")


class RecordingMachine:
    """Everything :class:`ServerMachine` can do, written down."""

    def __init__(self, state: t.Any, *, reload: t.Any = None) -> None:
        self.layout = Layout("15")
        self.state = state
        self.reloaded = reload or Running(2.0)
        self.done: list[str] = []
        self.tls = RecordingTls(self)

    def read(self, names: t.Any) -> t.Any:
        return self.state

    def reload(self) -> t.Any:
        self.done.append("reload")
        if isinstance(self.reloaded, Exception):
            raise self.reloaded
        return self.reloaded

    def start(self, verb: str = "start") -> None:
        self.done.append(verb)
        if verb == "restart" and self.reloaded.errors:
            raise CommandFailed("did not restart")

    def write(self, file: t.Any) -> None:
        self.done.append(f"write {file.path}")

    def remove(self, path: t.Any) -> None:
        self.done.append(f"remove {path}")

    def create_cluster(self) -> None:
        self.done.append("create_cluster")

    def include_folder(self) -> None:
        self.done.append("include_folder")

    def enable(self) -> None:
        self.done.append("enable")


def desired_state(options: t.Any) -> t.Any:
    return server.desired_state(options, t.cast(t.Any, RecordingMachine(ServerState())), hostname="db1", memory=MEMORY)


def good_state(options: t.Any = OPTIONS, **changed: t.Any) -> t.Any:
    desired = desired_state(options)
    good = ServerState(
        installed=True,
        includes_folder=True,
        cluster=True,
        configuration=desired.configuration,
        access=desired.access,
        starts_itself=True,
        enabled=True,
        tls=TlsState("PEM", renewal_reason=None, names=desired.names),
        running=Running(1.0, restart=frozenset({"port", "max_connections"})),
    )
    return dataclasses.replace(good, **changed)


def ensure(target: t.Any, options: t.Any = OPTIONS, *, check_mode: bool = False, warn: t.Any = print) -> t.Any:
    return server.ensure(options, target, check_mode=check_mode, warn=warn, hostname="db1", memory=MEMORY)


def test_check_mode_makes_no_mutating_call() -> None:
    virgin = RecordingMachine(ServerState())
    result = ensure(virgin, check_mode=True)
    assert result["changed"]
    assert virgin.done == []
    assert result["ca_certificate"] is None


def test_without_check_mode_the_same_work_is_done_in_order() -> None:
    fresh = RecordingMachine(ServerState(installed=True))
    result = ensure(fresh)
    assert fresh.done == [
        "create_cluster",
        "make_authority",
        "make_server",
        f"write {CONFIGURATION}",
        "write /etc/postgresql/15/main/pg_hba.conf",
        "enable",
        "start",
    ]
    assert result["plan"] == ensure(RecordingMachine(ServerState()), check_mode=True)["plan"]


def test_a_virgin_machine_is_an_error_outside_check_mode() -> None:
    with pytest.raises(HcpError, match="PostgreSQL 15 is not installed"):
        ensure(RecordingMachine(ServerState()))


def test_the_second_run_does_nothing() -> None:
    same = RecordingMachine(good_state())
    result = ensure(same)
    assert (result["changed"], result["plan"], result["restarts"], same.done) == (False, [], [], [])
    assert (result["ca_certificate"], result["address"], result["port"]) == ("PEM", "10.77.0.21", 5432)


def test_most_settings_need_a_reload_only() -> None:
    changed = RecordingMachine(good_state())
    result = ensure(changed, dataclasses.replace(OPTIONS, settings={"work_mem": "8MB"}))
    assert changed.done == [f"write {CONFIGURATION}", "reload"]
    assert result["restarts"] == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_restart_is_planned_and_made_where_a_setting_needs_it(check_mode: bool) -> None:
    changed = RecordingMachine(good_state(), reload=Running(2.0, pending=("max_connections",)))
    result = ensure(changed, dataclasses.replace(OPTIONS, max_connections=300), check_mode=check_mode)
    assert [change["action"] for change in result["plan"]] == ["update", "run", "restart"]
    assert result["restarts"] == [SERVICE]
    assert changed.done == ([] if check_mode else [f"write {CONFIGURATION}", "reload", "restart"])


def test_a_restart_that_an_earlier_run_left_is_made() -> None:
    left = RecordingMachine(good_state(running=Running(1.0, pending=("port",))))
    assert ensure(left)["restarts"] == [SERVICE]
    assert left.done == ["restart"]


def test_a_reload_that_an_earlier_run_left_is_made() -> None:
    left = RecordingMachine(good_state(reload_owed=True))
    assert [change["target"] for change in ensure(left)["plan"]] == [f"{SERVICE} reload"]
    assert left.done == ["reload"]


def test_a_new_server_certificate_needs_no_restart() -> None:
    tls = TlsState("PEM", renewal_reason="it ends within 30 days", names=("DNS:db1",))
    renewed = RecordingMachine(good_state(tls=tls))
    assert ensure(renewed)["restarts"] == []
    assert renewed.done == ["make_server", "reload"]


def test_a_stopped_server_is_started() -> None:
    stopped = RecordingMachine(good_state(running=None))
    assert [change["target"] for change in ensure(stopped)["plan"]] == [f"{SERVICE} started"]
    assert stopped.done == ["start"]


def test_refused_files_are_put_back() -> None:
    refused = RecordingMachine(good_state(), reload=RefusedFiles("line 3: unknown"))
    with pytest.raises(RefusedFiles):
        ensure(refused, dataclasses.replace(OPTIONS, settings={"work_men": 1}))
    assert refused.done[-2:] == [f"write {CONFIGURATION}", "write /etc/postgresql/15/main/pg_hba.conf"]


def test_a_server_that_does_not_come_back_is_started_with_the_former_files() -> None:
    broken = RecordingMachine(good_state(), reload=Running(2.0, pending=("port",), errors=("x",)))
    with pytest.raises(CommandFailed):
        ensure(broken, dataclasses.replace(OPTIONS, port=1))
    assert broken.done[-4:] == [
        "restart",
        f"write {CONFIGURATION}",
        "write /etc/postgresql/15/main/pg_hba.conf",
        "start",
    ]


def test_overridden_settings_are_a_warning() -> None:
    warnings: list[str] = []
    overridden = RecordingMachine(
        good_state(running=Running(1.0, elsewhere={"jit": "/var/lib/x/postgresql.auto.conf"}))
    )
    ensure(overridden, warn=warnings.append)
    assert "jit is overridden in /var/lib/x/postgresql.auto.conf" in warnings[0]


def test_addresses_become_networks() -> None:
    desired = desired_state(OPTIONS)
    assert " 10.77.0.11/32 " in desired.access.text
    assert set(desired.names) == {"10.77.0.21", "127.0.0.1", "::1", "db1", "localhost"}
