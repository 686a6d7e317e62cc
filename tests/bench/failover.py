# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acknowledged writes to a hosted cluster while PostgreSQL's primary is killed, cut off, or switched over.

Run from the repository on the lab of ``lab/postgresql_ha`` after ``site``: ``python -m tests.bench.failover --fault
kill``. It writes ConfigMaps at a steady rate through the hosted cluster's API, makes the fault, waits until writes work
again, and reads back every acknowledged write by its name. Then it undoes the fault and removes what it wrote. It
prints one line of JSON; what it does meanwhile goes to standard error. Nothing passes or fails by time.

``seconds_without_writes`` is the longest time between two acknowledged writes; without a fault it is what the machine's
own hiccups are, or what is done to the cluster meanwhile, later than 5 seconds after the first write.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import pathlib
import secrets
import signal
import sys
import time
import typing as t

from tests.bench.acknowledged import READ_SECONDS, Acknowledged, Api, Load, longest_gap, lost
from tests.bench.database_faults import FAULTS, Databases, FaultError, Machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAY_SECONDS = 10.0
#: Writes work again when for so long they come at nearly their rate.
STEADY_SECONDS = 5.0
STEADY_SHARE = 0.8
#: Without a fault, writes are watched from then on.
WARM_UP_SECONDS = 5.0


def pods(kubeconfig: pathlib.Path, namespace: str) -> dict[str, int]:
    """Pod -> restarts of its containers, in the namespace of a hosted cluster."""
    status, answer = Api(kubeconfig, READ_SECONDS).request("GET", f"/api/v1/namespaces/{namespace}/pods")
    if status != 200:
        raise OSError(f"pods of {namespace}: {answer.get('message', status)}")
    return {item["metadata"]["uid"]: _restarts(item.get("status") or {}) for item in answer["items"]}


def _restarts(status: t.Mapping[str, t.Any]) -> int:
    kinds = ("initContainerStatuses", "containerStatuses")
    return sum(int(one["restartCount"]) for kind in kinds for one in status.get(kind) or ())


def compared(before: t.Mapping[str, int], after: t.Mapping[str, int]) -> dict[str, int]:
    """What Kubernetes did with the pods meanwhile; by hand nothing is done."""
    restarts = sum(count - before.get(uid, 0) for uid, count in after.items())
    return {"pods_replaced": len(set(after) - set(before)), "container_restarts": restarts, "pods_restarted_by_hand": 0}


class Run:
    """One measurement.

    :param databases: ``None`` when no fault is made.
    """

    def __init__(self, options: argparse.Namespace, databases: Databases | None) -> None:
        self._options, self._databases = options, databases
        self._tenant: pathlib.Path = options.kubeconfig or options.artifacts / options.cluster / "kubeconfig"
        self._mothership: pathlib.Path = options.artifacts / "mothership/kubeconfig"
        self._namespace = f"failover-{secrets.token_hex(3)}"
        self._load = Load(self._tenant, self._namespace, options.rate, timeout=options.write_timeout)

    def result(self) -> dict[str, t.Any]:
        """Measure."""
        for path in (self._tenant, *((self._mothership,) if self._options.pods else ())):
            if not path.exists():
                raise OSError(f"there is no {path}. What to do: run site, or say where it is (--help)")
        before = self._pods()
        old = self._primary()
        try:
            with contextlib.ExitStack() as undo:
                with self._load.running():
                    began = time.monotonic()
                    self._pause(self._options.seconds / 3 if self._databases else WARM_UP_SECONDS)
                    rate = len(self._load.acknowledged) / (time.monotonic() - began)
                    at = time.monotonic()
                    if old is not None and self._databases is not None:
                        _say(f"{self._options.fault}: {old.name}")
                        undo.enter_context(self._databases.fault(self._options.fault, old))
                    again = self._until_steady(at)
                    self._pause(self._options.seconds - (time.monotonic() - began))
                    ended = time.monotonic()
                new = self._primary()
                writes = list(self._load.acknowledged)
                missing = self._lost(writes)
                pods_now = compared(before, self._pods()) if self._options.pods else {}
        finally:
            self._remove()
        return {
            "bench": "failover",
            "fault": self._options.fault,
            "cluster": self._options.cluster,
            "primary_before": old.name if old else None,
            "primary_after": new.name if new else None,
            "seconds_without_writes": round(longest_gap((one.at for one in writes), at, ended), 2),
            "steady_again_after_seconds": None if again is None else round(again, 2),
            "acknowledged": len(writes),
            "lost": len(missing),
            "failed": self._load.failed,
            "slowest_seconds": round(self._load.slowest, 2),
            "failures": dict(self._load.failures),
            "connections_ended_and_request_repeated": self._load.reconnected,
            "rate_before": round(rate, 1),
            **pods_now,
        }

    def _primary(self) -> Machine | None:
        if self._databases is None:
            return None
        wanted = self._options.primary
        if wanted == "auto":
            return self._databases.primary(60)
        return next(machine for machine in self._databases.machines if machine.name == wanted)

    def _pods(self) -> dict[str, int]:
        return pods(self._mothership, f"hcp-{self._options.cluster}") if self._options.pods else {}

    def _until_steady(self, at: float) -> float | None:
        """Seconds from the fault until writes came steadily; ``None`` when they did not within the limit."""
        spoke = time.monotonic()
        while (now := time.monotonic()) - at < self._options.limit:
            time.sleep(0.2)
            recent = self._load.since(now - STEADY_SECONDS)
            gap = longest_gap((one.at for one in recent), now - STEADY_SECONDS, now)
            enough = len(recent) >= STEADY_SHARE * STEADY_SECONDS * self._options.rate
            if now - at >= STEADY_SECONDS and enough and gap < 1.0:
                return now - STEADY_SECONDS - at
            if now - spoke > SAY_SECONDS:
                spoke = now
                failure = self._load.last_failure[:120]
                _say(f"{now - at:.0f} s after the fault: {len(recent)} writes in {STEADY_SECONDS:.0f} s; {failure}")
        return None

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)

    def _lost(self, writes: t.Sequence[Acknowledged]) -> list[str]:
        _say(f"reading {len(writes)} acknowledged writes back")
        missing = lost(self._tenant, self._namespace, writes)
        if missing:
            _say(f"lost: {', '.join(missing[:20])}")
        return missing

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            Api(self._tenant, READ_SECONDS).request("DELETE", f"/api/v1/namespaces/{self._namespace}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fault", choices=FAULTS, default="none", help="what is done to the primary (none)")
    parser.add_argument("--primary", default="auto", help="machine that it is done to (auto: who leads)")
    parser.add_argument("--machines", default="db1,db2,db3", help="database machines of the lab (db1,db2,db3)")
    parser.add_argument("--patroni-config", default="/etc/patroni/config.yml", help="Patroni's file on them")
    parser.add_argument("--cluster", default="tenant-a", help="hosted cluster that is written to (tenant-a)")
    parser.add_argument("--kubeconfig", type=pathlib.Path, help="of the hosted cluster (that in artifacts)")
    parser.add_argument("--artifacts", type=pathlib.Path, default=ROOT / "artifacts", help="folder with kubeconfigs")
    parser.add_argument("--seconds", type=float, default=60, help="least time of writing; a fault is after a third")
    parser.add_argument("--limit", type=float, default=180, help="most seconds to wait for writes after the fault")
    parser.add_argument("--write-timeout", type=float, default=2, help="seconds until a write counts as failed (2)")
    parser.add_argument("--rate", type=float, default=50, help="writes a second (50)")
    parser.add_argument("--no-pods", dest="pods", action="store_false", help="do not look at the mothership's pods")
    return parser


def main(argv: t.Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = _parser().parse_args(argv)
    try:
        faulty = options.fault != "none"
        databases = Databases(options.machines.split(","), options.patroni_config) if faulty else None
        print(json.dumps(Run(options, databases).result()), flush=True)
    except (FaultError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    # So that the fault is undone, too, when the run is ended from outside.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    sys.exit(main())
