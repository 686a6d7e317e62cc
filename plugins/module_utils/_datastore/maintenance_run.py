# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the module ``kine_database_maintenance`` does, put together."""

from __future__ import annotations

import time
import typing as t

from .._core.errors import CommandFailed, HcpError, InvalidInput
from .._core.plan import Change, Plan
from .._core.progress import Progress
from . import kine_info, maintenance
from .psql import Psql
from .quota_program import human

_TRIES = 6
#: What the server says to one of two compactions that meet.
_CONFLICT = ("could not serialize", "deadlock detected")
_SIZES = ("bytes", "index_bytes", "total_bytes", "live_rows", "dead_rows")


class Runner:
    """Carries tasks out, one session a script. Tests put a recorder in its place."""

    def __init__(self, psql: Psql, progress: Progress, timeout: float) -> None:
        self._psql, self._progress, self._timeout = psql, progress, timeout

    def info(self, names: t.Sequence[str]) -> dict[str, t.Any]:
        return kine_info.gather(self._psql, names)

    def carry_out(self, task: maintenance.Task) -> None:
        """All scripts of a task. Statements wait for a lock for 5 seconds at most, so nobody waits behind them."""
        # REINDEX CONCURRENTLY waits for older transactions with the same setting, without being in anybody's way.
        patience = "60s" if task.action == "reindex" else "5s"
        limits = f"SET lock_timeout = '{patience}';\nSET statement_timeout = '{self._timeout:g}s';\n"
        limits = "SET search_path = pg_catalog;\n" + limits
        for number, script in enumerate(task.scripts, 1):
            self._progress.say(f"database {task.database}", f"{task.action}, part {number} of {len(task.scripts)}")
            self._one(limits + script, task)

    def _one(self, script: str, task: maintenance.Task) -> None:
        for left in reversed(range(_TRIES)):
            try:
                self._psql.execute(script, database=task.database, timeout=self._timeout + 15)
                return
            except CommandFailed as error:
                if left and any(sign in str(error) for sign in _CONFLICT):
                    time.sleep(0.2)
                    continue
                raise HcpError(
                    f"{task.action} did not end well: {error.message}",
                    where=f"database {task.database}",
                    remedy="what was done so far stays; look for long transactions with kine_database_info "
                    "(stuck_sessions, oldest_transaction_seconds), then run again",
                ) from error


def ensure(params: t.Mapping[str, t.Any], runner: Runner, *, check_mode: bool) -> dict[str, t.Any]:
    """Do what is due, and return the module's result.

    :raises HcpError: the server does not run or is a standby, or there is not enough disk space.
    """
    limits = maintenance.thresholds_from(params)
    told = runner.info(params["databases"])
    if not told["running"]:
        raise HcpError(told["problem"])
    if told["server"]["in_recovery"]:
        raise HcpError("this server is a standby; maintenance is done on the primary", where="PostgreSQL")
    _check_confirmed(params, [one["name"] for one in told["databases"]])
    plan, results, todo = Plan(), [], []
    for one in told["databases"]:
        due = maintenance.tasks(one, params["actions"], limits, force=params["force"])
        maintenance.check_space(one, due, told["server"]["disk_free_bytes"])
        todo += due
        for task in due:
            plan.add(Change("run", f"database/{task.database} {task.action}", after=task.why))
        actions = [{"action": task.action, "why": task.why} for task in due]
        results.append({"name": one["name"], "problem": one["problem"], "actions": actions, "before": _sizes(one)})
    after = {}
    if todo and not check_mode:
        for task in todo:
            runner.carry_out(task)
        names = sorted({task.database for task in todo})
        after = {one["name"]: _sizes(one) for one in runner.info(names)["databases"]}
    return plan.result(databases=[{**one, "after": after.get(one["name"])} for one in results], lines=_lines(results))


def _check_confirmed(params: t.Mapping[str, t.Any], names: t.Sequence[str]) -> None:
    if "vacuum_full" in params["actions"] and sorted(params["confirm_vacuum_full"]) != sorted(names):
        raise InvalidInput(
            "VACUUM FULL rewrites the table under an exclusive lock: the hosted clusters stand still for that time. It "
            "has to be confirmed by the names of the databases",
            where="confirm_vacuum_full",
            remedy=f"set it to exactly {sorted(names)} if you mean it",
        )


def _sizes(one: t.Mapping[str, t.Any]) -> dict[str, t.Any] | None:
    if one["problem"] is not None:
        return None
    table = {name: one["table"][name] for name in _SIZES}
    return {**table, "database_bytes": one["bytes"], "compaction_lag": one["compaction_lag"]}


def _lines(results: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """One readable line a database."""
    lines = []
    for one in results:
        if one["problem"] is not None:
            lines.append(f"{one['name']}: nothing can be done, {one['problem']}")
            continue
        size = human(one["before"]["database_bytes"])
        what = "; ".join(f"{action['action']} ({action['why']})" for action in one["actions"]) or "nothing is due"
        lines.append(f"{one['name']}, {size}: {what}")
    return lines
