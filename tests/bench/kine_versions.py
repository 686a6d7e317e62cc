# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases of kine under several replicas: which lose, hang or lag, as a table.

Run from the repository: ``make bench-kine``, or ``python -m tests.bench.kine_versions --versions 0.16.4,0.17.5``.
PostgreSQL, kines and kube-apiservers run as processes on the loopback interface; kubectl, machines and containers are
not needed. Releases other than the bundle's are built by the lab's builder from ``lab/kine_versions.yaml`` into its
cache. The table goes to standard output and into the page of ``--output``; ``--json`` names a file for the figures.
Nothing passes or fails: the table is read by people who decide which release is supported.

A whole release takes half an hour or more with ``--rounds 10``. Figures of a busy machine are worse than those of a
quiet one, so the load is printed with them.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import signal
import subprocess
import sys
import time
import typing as t
from functools import partial
from pathlib import Path

import yaml

from tests.bench import kine_versions_page as page
from tests.integration import processes

if t.TYPE_CHECKING:
    from tests.integration.kine_harness import Harness

ROOT = processes.REPOSITORY
TABLE = ROOT / "lab" / "kine_versions.yaml"
BUILD_SECONDS = 1800
RATES = (10, 50, 150)
SMALL_POOLS = (3, 5, 7)
POOLS = (5, 20, 0)
GROUPS = ("starts", "answers", "pools", "first", "outages")


class BenchError(Exception):
    """The figures cannot be taken; the message says why and what to do."""


def bundled_version() -> str:
    """The release of kine in the bundle."""
    rows = yaml.safe_load((ROOT / "lab" / "components.yaml").read_text(encoding="utf-8"))["components"]
    return next(str(row["version"]) for row in rows if row["name"] == "kine")


def known_versions() -> list[str]:
    """The bundle's release and those that can be built besides it."""
    rows = yaml.safe_load(TABLE.read_text(encoding="utf-8"))["components"]
    return [bundled_version(), *(str(row["version"]) for row in rows)]


def program(version: str) -> str:
    """The path of a kine of that release, built when it is not in the cache."""
    if version == bundled_version():
        return processes.binary("kine")
    advice = f"What to do: choose from {', '.join(known_versions())}, or add a row to {TABLE.relative_to(ROOT)}"
    if version not in known_versions():
        raise BenchError(f"nobody knows how to build kine {version}. {advice}")
    command = ["nice", sys.executable, "-m", "lab.bundle", "--table", str(TABLE), "--only", f"kine-{version}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=BUILD_SECONDS)
    if done.returncode != 0:
        raise BenchError(f"kine {version} cannot be built: {(done.stderr or done.stdout).strip()}\n{advice}")
    return str(Path(done.stdout.rsplit("in the cache: ", 1)[1].strip()) / "files" / "kine")


def measurements(
    rounds: int, seconds: float, groups: t.Collection[str], logs: Path | None = None
) -> dict[str, t.Callable[[Harness], t.Any]]:
    """Name of a figure's place in the results -> what takes it."""
    from tests.integration import kine_harness_answers as answers
    from tests.integration import kine_harness_starts as starts

    found: dict[str, dict[str, t.Callable[[Harness], t.Any]]] = {group: {} for group in GROUPS}
    for rate in RATES:
        found["starts"][f"starts_{rate}"] = partial(starts.starts_under_load, rate=rate, rounds=rounds)
    found["answers"] = {
        "freshness": partial(answers.freshness, rounds=3 * rounds),
        "freshness_shared": partial(answers.freshness, rounds=3 * rounds, shared=True),
        "counting": partial(answers.counting, seconds=seconds),
    }
    for size in SMALL_POOLS:
        found["pools"][f"small_pool_{size}"] = partial(starts.small_pool, connections=size, rounds=max(rounds // 3, 1))
    for size in POOLS:
        found["pools"][f"parallel_{size}"] = partial(starts.parallel_writes, connections=size)
    found["first"] = {
        "at_once_bare": partial(starts.kines_at_once, rounds=2 * rounds, schema=False),
        "at_once_schema": partial(starts.kines_at_once, rounds=2 * rounds, schema=True),
        "replicas_at_once": partial(starts.replicas_at_once, rounds=2 * rounds, keep=logs),
    }
    for how in starts.OUTAGES:
        found["outages"][f"outage_{how}"] = partial(starts.outage, how=how)
    return {name: take for group in GROUPS if group in groups for name, take in found[group].items()}


def measure(
    version: str,
    take: t.Mapping[str, t.Callable[[Harness], t.Any]],
    keep: t.Callable[[dict[str, t.Any]], None],
) -> None:
    """Take these figures of one release; ``keep`` gets each, so that a run that is ended leaves some."""
    from tests.integration.kine_harness import harness
    from tests.integration.kine_harness_client import NoAnswer

    path = program(version)
    with harness(path) as bench:
        for name, measured in take.items():
            began = time.monotonic()
            _say(f"kine {version}: {name} …")
            try:
                figures = dict(vars(measured(bench)))
            except (processes.CannotStart, NoAnswer) as error:
                # A release that does not get this far is a figure, too.
                figures = {"broken": str(error).splitlines()[0]}
            _say(f"kine {version}: {name} took {time.monotonic() - began:.0f} s: {figures}")
            keep({name: figures})


def circumstances() -> dict[str, t.Any]:
    """What figures depend on besides the release."""
    server = subprocess.run(
        [processes.binary("kube-apiserver"), "--version"], capture_output=True, text=True, timeout=30
    ).stdout.split()
    database = subprocess.run(
        [processes.postgresql_binary("postgres"), "--version"], capture_output=True, text=True, timeout=30
    ).stdout.split()
    return {
        "date": datetime.date.today().isoformat(),
        "kube_apiserver": server[-1],
        "postgresql": next(word for word in database if word[0].isdigit()),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--versions", default=f"{bundled_version()},0.17.5", help="releases, separated by commas")
    parser.add_argument("--rounds", type=int, default=10, help="starts of each kind; the table says how many (10)")
    parser.add_argument("--seconds", type=float, default=60, help="how long counters run (60)")
    parser.add_argument("--only", choices=GROUPS, action="append", help="a part of the tests (repeatable)")
    parser.add_argument(
        "--output", type=Path, help="page whose measured part is written, such as docs/kine-versions.md"
    )
    parser.add_argument("--json", type=Path, help="file for the figures; those of other releases in it stay")
    parser.add_argument("--logs", type=Path, help="folder for the logs of replicas that were slow to start together")
    parser.add_argument("--render", action="store_true", help="measure nothing: write the page from the file of --json")
    return parser


def main(argv: t.Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = _parser().parse_args(argv)
    document: dict[str, t.Any] = {"releases": {}}
    if options.json and options.json.exists():
        document = json.loads(options.json.read_text(encoding="utf-8"))
    try:
        if not options.render:
            _measure_all(options, document)
        print(page.table(document["releases"]))
        if options.output:
            _write_page(options.output, document)
    except (BenchError, processes.CannotStart, subprocess.TimeoutExpired) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _measure_all(options: argparse.Namespace, document: dict[str, t.Any]) -> None:
    def keep(version: str, found: dict[str, t.Any]) -> None:
        document["releases"].setdefault(version, {}).update(found)
        if options.json:
            options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")

    take = measurements(options.rounds, options.seconds, options.only or GROUPS, options.logs)
    for version in options.versions.split(","):
        document["circumstances"] = circumstances()
        measure(version, take, partial(keep, version))


def _write_page(path: Path, document: dict[str, t.Any]) -> None:
    made = page.replaced(path.read_text(encoding="utf-8"), document) if path.exists() else None
    if made is None:
        raise BenchError(
            f"{path} has no lines {page.BEGIN} and {page.END}. What to do: add them where the table belongs"
        )
    path.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    # So that the servers' folders go, too, when the run is ended from outside.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    sys.path.insert(0, str(ROOT / ".collections"))
    sys.exit(main())
