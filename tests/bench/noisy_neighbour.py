# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hosted cluster notices while another one on the same PostgreSQL floods its database up to its quota.

Run from the repository on a site with two hosted clusters, of which the flooding one has a ``database_quota`` (else
nothing is refused): ``python -m tests.bench.noisy_neighbour --flooder tenant-a --neighbour tenant-b``. The neighbour
creates small ConfigMaps at a steady rate, measured by a process of its own: with nothing beside it, while the other one
creates large ones, and while these are refused. Then what was made is removed. It prints one line of JSON with
milliseconds of each phase and their ratio to the first; what it does meanwhile goes to standard error. Nothing passes
or fails by time.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import secrets
import signal
import sys
import threading
import time
import typing as t

from tests.bench.acknowledged import READ_SECONDS, Api

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: Until a write of either is given up.
WRITE_SECONDS = 30.0


class BenchError(Exception):
    """The figures cannot be taken; the message says why."""


def create(api: Api, namespace: str, name: str, size: int) -> tuple[int, dict[str, t.Any]]:
    body = {"metadata": {"name": name}, "data": {"x": os.urandom(size // 2).hex()}}
    return api.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", body)


def latencies(kubeconfig: pathlib.Path, namespace: str, prefix: str, count: int, rate: float) -> list[float]:
    """Seconds of each of ``count`` paced creates. Runs in a process of its own."""
    api, took = Api(kubeconfig, WRITE_SECONDS), []
    create(api, namespace, f"{prefix}-first", 100)
    for number in range(count):
        began = time.monotonic()
        status, answer = create(api, namespace, f"{prefix}-{number}", 100)
        if status != 201:
            raise BenchError(f"the neighbour's write was answered with {status}: {answer.get('message')}")
        took.append(time.monotonic() - began)
        time.sleep(max(0.0, 1 / rate - (time.monotonic() - began)))
    return took


class Flood:
    """Creates large objects on several connections until it is stopped, refused or not."""

    def __init__(self, kubeconfig: pathlib.Path, namespace: str, *, rate: float, size: int, parallel: int) -> None:
        self.created = 0
        self.refusals = 0
        self.first_refusal: tuple[float, str] | None = None
        self._kubeconfig, self._namespace, self._size = kubeconfig, namespace, size
        self._pause = parallel / rate
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(one,), daemon=True) for one in range(parallel)]
        self._began = time.monotonic()

    def __enter__(self) -> Flood:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(WRITE_SECONDS)

    def _run(self, thread: int) -> None:
        api, number = Api(self._kubeconfig, WRITE_SECONDS), 0
        while not self._stop.wait(self._pause):
            number += 1
            try:
                status, answer = create(api, self._namespace, f"flood-{thread}-{number}", self._size)
            except OSError as error:
                status, answer = 0, {"message": str(error)}
            with self._lock:
                if status == 201:
                    self.created += 1
                else:
                    self.refusals += 1
                    self.first_refusal = self.first_refusal or (time.monotonic() - self._began, answer["message"])

    def refused_within(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while self.first_refusal is None and time.monotonic() < until:
            time.sleep(0.1)
        return self.first_refusal is not None


class Run:
    """One measurement."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._flooder = options.artifacts / options.flooder / "kubeconfig"
        self._neighbour = options.artifacts / options.neighbour / "kubeconfig"
        for path in (self._flooder, self._neighbour):
            if not path.exists():
                raise BenchError(f"there is no {path}. What to do: run site, or say where it is (--artifacts)")
        self._namespace = f"noisy-{secrets.token_hex(3)}"
        self._phases: dict[str, list[float]] = {}

    def result(self) -> dict[str, t.Any]:
        """Measure."""
        wanted = {"rate": self._options.rate, "size": self._options.bytes, "parallel": self._options.parallel}
        with contextlib.ExitStack() as undo:
            pool = undo.enter_context(concurrent.futures.ProcessPoolExecutor(1))
            for kubeconfig in (self._flooder, self._neighbour):
                self._make_namespace(kubeconfig)
                undo.callback(self._remove, kubeconfig)
            self._measure(pool, "before")
            with Flood(self._flooder, self._namespace, **wanted) as flood:
                self._measure(pool, "flood")
                created = flood.created
                if flood.refused_within(self._options.limit):
                    self._measure(pool, "refused")
        return {
            "bench": "noisy_neighbour",
            "flooder": self._options.flooder,
            "neighbour": self._options.neighbour,
            "samples": self._options.samples,
            **self._figures(),
            "created_while_measured": created,
            "created": flood.created,
            "refusals": flood.refusals,
            "seconds_to_refusal": round(flood.first_refusal[0], 1) if flood.first_refusal else None,
            "refusal": flood.first_refusal[1] if flood.first_refusal else None,
        }

    def _figures(self) -> dict[str, t.Any]:
        from ansible_collections.mothership.hcp.plugins.module_utils._core.percentiles import milliseconds

        told = {phase: milliseconds(took) or {} for phase, took in self._phases.items()}
        found: dict[str, t.Any] = {}
        for name in ("p50", "p99"):
            values = {phase: one[name] for phase, one in told.items()}
            found[f"{name}_ms"] = {phase: round(value, 1) for phase, value in values.items()}
            found[f"{name}_ratio"] = {phase: round(value / values["before"], 2) for phase, value in values.items()}
        return found

    def _measure(self, pool: concurrent.futures.Executor, phase: str) -> None:
        count, rate = self._options.samples, self._options.neighbour_rate
        _say(f"{phase}: {count} writes of {self._options.neighbour}, {rate:g} a second")
        asked = pool.submit(latencies, self._neighbour, self._namespace, phase, count, rate)
        self._phases[phase] = asked.result(timeout=count * (1 / rate + 1) + WRITE_SECONDS)

    def _make_namespace(self, kubeconfig: pathlib.Path) -> None:
        body = {"metadata": {"name": self._namespace}}
        status, answer = Api(kubeconfig, READ_SECONDS).request("POST", "/api/v1/namespaces", body)
        if status != 201:
            raise BenchError(f"namespace {self._namespace} cannot be made: {answer.get('message', status)}")

    def _remove(self, kubeconfig: pathlib.Path) -> None:
        with contextlib.suppress(OSError):
            Api(kubeconfig, READ_SECONDS).request("DELETE", f"/api/v1/namespaces/{self._namespace}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flooder", default="tenant-a", help="hosted cluster that floods (tenant-a)")
    parser.add_argument("--neighbour", default="tenant-b", help="hosted cluster that is measured (tenant-b)")
    parser.add_argument("--artifacts", type=pathlib.Path, default=ROOT / "artifacts", help="folder with kubeconfigs")
    parser.add_argument("--samples", type=int, default=1000, help="writes of the neighbour in each phase (1000)")
    parser.add_argument("--neighbour-rate", type=float, default=40, help="of them a second (40)")
    parser.add_argument("--rate", type=float, default=40, help="most objects of the flood a second (40)")
    parser.add_argument("--bytes", type=int, default=200_000, help="of each (200000)")
    parser.add_argument("--parallel", type=int, default=1, help="connections of the flood (1)")
    parser.add_argument("--limit", type=float, default=300, help="most seconds to wait for the first refusal (300)")
    return parser


def main(argv: t.Sequence[str] | None = None) -> int:
    """Measure and print."""
    sys.path.insert(0, str(ROOT / ".collections"))
    try:
        print(json.dumps(Run(_parser().parse_args(argv)).result()), flush=True)
    except (BenchError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    # So that the namespaces are removed, too, when the run is ended from outside.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    sys.exit(main())
