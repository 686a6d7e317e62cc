# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The settings that all machines of a PostgreSQL server share: kept in etcd, changed through Patroni.

Restarts that a setting asks for come one machine at a time, the primary last.
"""

from __future__ import annotations

import typing as t

from .._core.errors import HcpError, TimedOut, Unreachable
from .._core.plan import Change, Plan
from .._core.progress import Deadline, Progress
from .patroni_api import PatroniApi
from .patroni_config import LOOP_SECONDS, Cluster, part_of, settings_patch, shared_settings
from .server_settings import memory_bytes

_PAUSE = 1.0
_RESTART_SECONDS = 300.0


class SharedSettings:
    """One run, from the machine it is on."""

    def __init__(self, cluster: Cluster, api: PatroniApi, progress: Progress, *, memory: int | None = None) -> None:
        self.cluster = cluster
        self._api = api
        self._progress = progress
        self._desired = shared_settings(cluster, memory if memory is not None else memory_bytes())

    def ensure(self, *, check_mode: bool, timeout: float) -> dict[str, t.Any]:
        """Bring the settings to their desired state and return the module's result."""
        try:
            current = self._api.settings(self.cluster.address)
        except Unreachable:
            if not check_mode:
                raise
            current = {}
        patch = settings_patch(current, self._desired)
        plan = Plan()
        if patch:
            plan.add(Change("update", "settings shared in etcd", part_of(current, patch) if current else None, patch))
        if not check_mode:
            if patch:
                self._change(patch, timeout)
            for name in self._restart(timeout):
                plan.add(_restart_change(name))
        elif current:
            plan.changes += [_restart_change(name) for name in self._waiting()]
        return plan.result(settings=self._desired)

    def _change(self, patch: t.Mapping[str, t.Any], timeout: float) -> None:
        before = self._seen()
        self._api.change_settings(self.cluster.address, patch)
        deadline = Deadline(timeout)
        # Twice: a round may have begun before the change. After it Patroni asks PostgreSQL what waits for a restart.
        for _round in range(2):
            while True:
                now = self._seen()
                if all(seen > before.get(name, -1) for name, seen in now.items()):
                    break
                self._progress.say("settings", "wait until every machine has read them")
                if not deadline.pause(_PAUSE):
                    late = sorted(name for name, seen in now.items() if seen <= before.get(name, -1))
                    raise TimedOut(
                        f"{', '.join(late)} did not read the new settings within {timeout:g} s",
                        where="patroni_settings",
                        remedy="look at 'journalctl -u patroni -n 50' there, then run again",
                    )
            before = now
        deadline.pause(LOOP_SECONDS / 2)

    def _seen(self) -> dict[str, float]:
        """When each machine that answers last spoke with etcd, by its own clock."""
        seen = {}
        for name, address in self.cluster.members.items():
            try:
                seen[name] = float(self._api.status(address).get("dcs_last_seen") or 0)
            except Unreachable:
                continue
        return seen

    def _waiting(self) -> list[str]:
        """Machines on which a setting waits for a restart, replicas first."""
        waiting = []
        for name, address in self.cluster.members.items():
            try:
                status = self._api.status(address)
            except Unreachable:
                continue
            if status.get("pending_restart"):
                waiting.append((status.get("role") in ("master", "primary"), name))
        return [name for _primary, name in sorted(waiting)]

    def _restart(self, timeout: float) -> list[str]:
        names = self._waiting()
        for name in names:
            self._progress.say("settings", f"PostgreSQL of {name} restarts")
            self._api.restart(self.cluster.members[name], timeout=_RESTART_SECONDS)
            self._until_whole(name, timeout)
        return names

    def _until_whole(self, name: str, timeout: float) -> None:
        """Until there is a primary and another machine that every write waits for: only then may the next restart."""
        deadline, seen = Deadline(timeout), ""
        while True:
            try:
                members = self._api.members(self.cluster.members[name])
                seen = ", ".join(f"{one.name} is {one.role} and {one.state}" for one in members)
                roles = {one.role for one in members if one.state == "running"}
                own = [one.state for one in members if one.name == name]
                if {"leader", "sync_standby"} <= roles and own == ["running"]:
                    return
            except HcpError as error:
                seen = str(error)
            self._progress.say("settings", f"after the restart of {name}: {seen}")
            if not deadline.pause(_PAUSE):
                raise TimedOut(
                    f"after the restart of {name} the server is not whole again within {timeout:g} s: {seen}",
                    where="patroni_settings",
                    remedy=f"look at 'journalctl -u patroni -n 50' on {name}, then run again: the machines "
                    "after it were not restarted",
                )


def _restart_change(name: str) -> Change:
    return Change("restart", f"PostgreSQL of {name}", restarts=(f"PostgreSQL of {name}",))
