# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Makes a machine a member of a PostgreSQL server on several machines.

Patroni never makes a database cluster by itself here (its configuration has no ``bootstrap``): the one machine that
:func:`data_folder.first_of` names has it or makes it, Patroni takes it over there, and the others copy it.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import HcpError, TimedOut, Unreachable
from .._core.plan import Change, Plan
from .._core.progress import Deadline, Progress
from .data_folder import DataFolder, first_of
from .files import TextFile
from .patroni_api import Member, PatroniApi
from .patroni_config import Cluster, member_text, shared_settings
from .patroni_machine import SERVICE, MemberMachine, MemberState, wanted_files
from .psql import ServerDown
from .server_settings import memory_bytes

_PAUSE = 1.0


@dataclasses.dataclass(frozen=True)
class Work:
    """A change together with what makes it."""

    change: Change
    do: t.Callable[[], None]


class Membership:
    """One run on one machine.

    :param found: what each machine that could be asked holds.
    :param memory: of this machine, in bytes.
    """

    def __init__(
        self,
        cluster: Cluster,
        machine: MemberMachine,
        api: PatroniApi,
        progress: Progress,
        *,
        found: t.Mapping[str, DataFolder | None],
        memory: int | None = None,
    ) -> None:
        self.cluster = cluster
        self.machine = machine
        self._api = api
        self._progress = progress
        self._found = found
        self._memory = memory if memory is not None else memory_bytes()
        self._text = member_text(cluster, self._memory)

    def lead(self, *, check_mode: bool, timeout: float) -> dict[str, t.Any]:
        """Have a leader: on the machine that has (or makes) the data, unless there is one already."""
        members = list(self.cluster.members)
        if self.leader() is not None or first_of(members, self._found) != self.cluster.name:
            return self._result(Plan(), self.leader())
        state = self._installed(check_mode)
        work = self._work(state, may_create=True)
        if not check_mode:
            self._do(work)
            self._wait(timeout, leads=True)
        return self._result(Plan([item.change for item in work]), self.leader())

    def follow(self, *, check_mode: bool, timeout: float) -> dict[str, t.Any]:
        """Be a running member: the primary, or a replica that streams."""
        state = self._installed(check_mode)
        leader = self.leader()
        if leader is None and state.data is None and not check_mode:
            raise HcpError(
                "no machine of the server leads, and this one holds no databases",
                where=self.cluster.name,
                remedy="start the machines that hold them ('systemctl status patroni etcd' there), then run again",
            )
        if leader is None or leader.name != self.cluster.name:
            # Where Patroni has led this machine before, its own checks are the better ones.
            self._refuse_other_data(state)
        work = self._work(state, may_create=False)
        if not check_mode:
            self._do(work)
            self._wait(timeout, leads=False)
        return self._result(Plan([item.change for item in work]), self.leader())

    def leader(self) -> Member | None:
        """Who leads, as any machine that answers sees it."""
        for address in self.cluster.members.values():
            try:
                leaders = [one for one in self._api.members(address) if one.leads and one.state == "running"]
            except Unreachable:
                continue
            if leaders:
                return leaders[0]
        return None

    def _installed(self, check_mode: bool) -> MemberState:
        state = self.machine.read()
        if not state.installed and not check_mode:
            raise HcpError(
                f"PostgreSQL {self.cluster.server.version} or Patroni is not installed on this machine",
                remedy="install the package sets postgresql and postgresql-ha of the bundle "
                "(the role mothership.hcp.postgresql does)",
            )
        return state

    def _refuse_other_data(self, state: MemberState) -> None:
        if state.data is None:
            return
        first_of(list(self.cluster.members), {**self._found, self.cluster.name: state.data})

    def _work(self, state: MemberState, *, may_create: bool) -> list[Work]:
        machine, cluster = self.machine, self.cluster
        work = [
            Work(_file_change(wanted, present), lambda file=wanted: machine.write(file))  # type: ignore[misc]
            for wanted, present in zip(wanted_files(cluster, self._text), (state.base, state.unit, state.configuration))
            if wanted != present
        ]
        if may_create and state.data is None:
            change = Change("create", f"PostgreSQL cluster {cluster.data}", after={"version": cluster.server.version})
            work.append(Work(change, machine.create_data))
        if state.single_runs or state.single_starts:
            before = {"runs": state.single_runs, "starts with the machine": state.single_starts}
            change = Change("update", machine.layout.service, before, "handed over to Patroni")
            work.append(Work(change, machine.hand_over))
        if not state.umbrella:
            work.append(Work(Change("update", "postgresql.service enabled", False, True), machine.start_umbrella))
        if not state.enabled:
            work.append(Work(Change("update", f"{SERVICE} enabled", before=False, after=True), machine.enable))
        work += self._service_work(state, may_create=may_create)
        return work

    def _service_work(self, state: MemberState, *, may_create: bool) -> list[Work]:
        fingerprint = self.machine.fingerprint(self._text)
        if not state.active:

            def start() -> None:
                if may_create:
                    # There may be no replica yet that a write could wait for.
                    self.machine.prepare_data(shared_settings(self.cluster, self._memory, strict=False))
                self.machine.start(fingerprint)

            return [Work(Change("update", f"{SERVICE} started", before=False, after=True), start)]
        if state.loaded != fingerprint:
            return [Work(Change("run", f"{SERVICE} reload"), lambda: self.machine.reload(fingerprint))]
        return []

    def _do(self, work: t.Sequence[Work]) -> None:
        for item in work:
            item.do()

    def _wait(self, timeout: float, *, leads: bool) -> None:
        """Until PostgreSQL runs as it should; the roles for replication are made on the way."""
        deadline, seen = Deadline(timeout), "Patroni has not answered yet"
        while True:
            ready, seen = self._look(seen, leads=leads)
            if ready:
                return
            self._progress.say(self.cluster.name, seen)
            if not deadline.pause(_PAUSE):
                raise TimedOut(
                    f"PostgreSQL of this machine is not ready after {timeout:g} s; last seen: {seen}\n"
                    f"{self.machine.journal()}",
                    where=self.cluster.name,
                    remedy="look at 'journalctl -u patroni -u etcd -n 100' on this machine; a replica that cannot "
                    f"follow any more is copied anew by 'patronictl -c /etc/patroni/config.yml reinit mothership "
                    f"{self.cluster.name}'; when no machine leads, docs/postgresql.md says how to choose one; then run "
                    "again",
                )

    def _look(self, seen: str, *, leads: bool) -> tuple[bool, str]:
        try:
            status = self._api.status(self.cluster.address)
        except Unreachable:
            return False, seen
        state, role = str(status.get("state")), str(status.get("role"))
        if state == "creating replica":
            # Steps, so that a line comes when something has moved.
            return False, f"copies the databases: {self.machine.copied_bytes() // (64 << 20) * 64} MiB so far"
        if state != "running":
            return False, f"PostgreSQL is {state}"
        try:
            answer = self.machine.answer()
        except ServerDown as error:
            return False, error.message
        if answer.primary and not answer.roles:
            self.machine.make_roles()
            return False, "made the roles for replication"
        if answer.primary:
            return role in ("master", "primary") and not status.get("cluster_unlocked"), "waits to be the leader"
        if leads:
            return False, "runs, and waits to be the leader"
        return answer.streaming, "runs, and does not stream from the primary yet"

    def _result(self, plan: Plan, leader: Member | None) -> dict[str, t.Any]:
        return plan.result(
            leader=leader.name if leader else None,
            health_url=f"https://{self.cluster.address}:{self.cluster.health_port}/patroni",
        )


def _file_change(wanted: TextFile, present: TextFile | None) -> Change:
    if present is None:
        return Change("create", wanted.path, after=wanted.text)
    if present.text != wanted.text:
        return Change("update", wanted.path, before=present.text, after=wanted.text)
    return Change("update", wanted.path, before=_rights(present), after=_rights(wanted))


def _rights(file: TextFile) -> dict[str, str]:
    return {"mode": f"{file.mode:04o}", "owner": file.owner, "group": file.group}
