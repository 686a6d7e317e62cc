# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosted clusters cost while nobody uses them: connections, write-ahead log, growth of databases, memory.

Run from the repository on a site with hosted clusters, for all that there are: ``make bench-footprint``, or
``python -m tests.bench.footprint``. It only reads, for ``--seconds``, and prints one line of JSON; run it with one
cluster and with ten to see what each one more adds. Growth a day is reckoned from that time, so give it long.

Memory is the working set of the pods' containers, as the kubelets of the mothership tell. PostgreSQL is asked on its
machine; ``--reach`` says how a program runs there, such as ``ssh root@{machine}``.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLUSTER_LABEL = "mothership.hcp/cluster"
DAY, MINUTE = 86400.0, 60.0
SAY_SECONDS = 60.0

_SAMPLE = re.compile(r"container_memory_working_set_bytes\{([^}]*)\}\s+([0-9.e+]+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')

#: Connections count with the state that they are in; what waits between two statements is idle.
QUESTION = """
SELECT json_build_object(
  'standby', pg_is_in_recovery(),
  'wal', CASE WHEN pg_is_in_recovery() THEN 0 ELSE pg_current_wal_lsn() - '0/0' END,
  'sizes', (SELECT coalesce(json_object_agg(datname, pg_database_size(datname)), '{}'::json)
            FROM pg_database WHERE datname LIKE 'hcp\\_%'),
  'idle', (SELECT coalesce(json_object_agg(datname, count), '{}'::json)
           FROM (SELECT datname, count(*) FROM pg_stat_activity
                 WHERE datname LIKE 'hcp\\_%' AND state = 'idle' GROUP BY datname) AS idle),
  'all', (SELECT coalesce(json_object_agg(datname, count), '{}'::json)
          FROM (SELECT datname, count(*) FROM pg_stat_activity
                WHERE datname LIKE 'hcp\\_%' GROUP BY datname) AS every)
);
"""

Answer = dict[str, t.Any]


class BenchError(Exception):
    """The figures cannot be taken; the message says why and what to do."""


def run(argv: t.Sequence[str], *, stdin: str = "", timeout: float = 60) -> str:
    """Output of a program."""
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=timeout)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchError(f"{' '.join(argv[:5])}: {error}") from error
    if done.returncode != 0:
        raise BenchError(f"{' '.join(argv[:5])} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout


class Database:
    """The PostgreSQL of the site.

    :param reach: command that runs a program on a machine, with ``{machine}`` in it.
    """

    def __init__(self, machines: t.Sequence[str], reach: str) -> None:
        self._machines, self._reach = list(machines), reach

    def ask(self) -> Answer:
        """What the primary says now."""
        problems = []
        for machine in self._machines:
            try:
                answer = self._ask(machine)
            except BenchError as error:
                problems.append(str(error))
                continue
            if not answer["standby"]:
                # The leader is asked first the next time.
                self._machines.sort(key=lambda name: name != machine)
                return answer
        raise BenchError(f"no primary among {', '.join(self._machines)}. {' '.join(problems)}")

    def _ask(self, machine: str) -> Answer:
        program = [
            "runuser",
            "-u",
            "postgres",
            "--",
            "psql",
            "--no-psqlrc",
            "-qAtX",
            "-v",
            "ON_ERROR_STOP=1",
            "-f",
            "-",
        ]
        reach = shlex.split(self._reach.format(machine=machine))
        return t.cast("Answer", json.loads(run([*reach, *program], stdin=QUESTION)))


class Mothership:
    """The mothership's API, by kubectl."""

    def __init__(self, kubectl: str, kubeconfig: pathlib.Path) -> None:
        self._base = [kubectl, "--kubeconfig", str(kubeconfig), "--request-timeout=30s"]

    def clusters(self) -> dict[str, str]:
        """Hosted cluster -> its namespace."""
        found = json.loads(run([*self._base, "get", "namespaces", "-l", CLUSTER_LABEL, "-o", "json"]))["items"]
        return {item["metadata"]["labels"][CLUSTER_LABEL]: item["metadata"]["name"] for item in found}

    def memory(self) -> dict[str, dict[str, float]]:
        """Namespace -> container name -> bytes of the working sets of all containers of that name."""
        nodes = run([*self._base, "get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"]).split()
        texts = [run([*self._base, "get", "--raw", f"/api/v1/nodes/{node}/proxy/metrics/resource"]) for node in nodes]
        return working_sets("\n".join(texts))


def working_sets(metrics: str) -> dict[str, dict[str, float]]:
    """Namespace -> container name -> bytes, from a kubelet's metrics."""
    found: dict[str, dict[str, float]] = {}
    for labels, value in _SAMPLE.findall(metrics):
        known = dict(_LABEL.findall(labels))
        containers = found.setdefault(known["namespace"], {})
        containers[known["container"]] = containers.get(known["container"], 0.0) + float(value)
    return found


def result(
    clusters: t.Mapping[str, str],
    memory: t.Mapping[str, t.Mapping[str, float]],
    samples: t.Sequence[Answer],
    seconds: float,
) -> dict[str, t.Any]:
    """What one run prints.

    :param samples: answers of the database, the first and the last ``seconds`` apart.
    """
    first, last = samples[0], samples[-1]
    count = len(clusters)
    databases = {name: "hcp_" + name.replace("-", "_") for name in clusters}
    idle = [sum(sample["idle"].get(one, 0) for one in databases.values()) for sample in samples]
    every = [sum(sample["all"].get(one, 0) for one in databases.values()) for sample in samples]
    size = sum(int(last["sizes"].get(one, 0)) for one in databases.values())
    grown = size - sum(int(first["sizes"].get(one, 0)) for one in databases.values())
    of_clusters = [memory.get(namespace, {}) for namespace in clusters.values()]
    names = sorted({name for containers in of_clusters for name in containers})
    figures = {
        "idle_connections": sum(idle) / len(idle),
        "connections": sum(every) / len(every),
        "wal_bytes_a_minute": (last["wal"] - first["wal"]) / seconds * MINUTE,
        "database_growth_bytes_a_day": grown / seconds * DAY,
        "database_bytes": size,
        "memory_bytes": sum(value for containers in of_clusters for value in containers.values()),
    }
    return {
        "bench": "footprint",
        "clusters": count,
        "seconds": round(seconds),
        "samples": len(samples),
        "total": {name: round(value, 1) for name, value in figures.items()},
        "a_cluster": {name: round(value / count, 1) for name, value in figures.items()},
        "memory_bytes_by_container": {
            name: round(sum(containers.get(name, 0.0) for containers in of_clusters) / count) for name in names
        },
    }


def measure(mothership: Mothership, database: Database, seconds: float, interval: float) -> dict[str, t.Any]:
    """Look at the site for a time."""
    clusters = mothership.clusters()
    if not clusters:
        raise BenchError("there are no hosted clusters. What to do: make demo")
    _say(f"{len(clusters)} hosted clusters, for {seconds:.0f} s")
    began = spoke = time.monotonic()
    samples = [database.ask()]
    while (left := seconds - (time.monotonic() - began)) > 0:
        time.sleep(min(interval, left))
        samples.append(database.ask())
        if time.monotonic() - spoke > SAY_SECONDS:
            spoke = time.monotonic()
            _say(f"{spoke - began:.0f} of {seconds:.0f} s")
    elapsed = time.monotonic() - began
    return result(clusters, mothership.memory(), samples, elapsed)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600, help="how long to look (600)")
    parser.add_argument("--interval", type=float, default=10, help="seconds between two looks (10)")
    parser.add_argument("--machines", default="db1", help="database machines, separated by commas (db1)")
    parser.add_argument("--reach", default="podman exec -i {machine}", help="how a program runs on one of them")
    parser.add_argument("--artifacts", type=pathlib.Path, default=ROOT / "artifacts", help="folder with kubeconfigs")
    parser.add_argument("--kubectl", help="kubectl to use (that of .lab/bundle, else the one on PATH)")
    return parser


def _kubectl(given: str | None) -> str:
    bundled = ROOT / ".lab/bundle/bin/kubectl"
    found = given or (str(bundled) if bundled.exists() else shutil.which("kubectl"))
    if not found:
        raise BenchError("there is no kubectl. What to do: make bundle, or name one with --kubectl")
    return found


def main(argv: t.Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = _parser().parse_args(argv)
    try:
        kubeconfig = options.artifacts / "mothership/kubeconfig"
        if not kubeconfig.exists():
            raise BenchError(f"there is no {kubeconfig}. What to do: make demo, or say where with --artifacts")
        mothership = Mothership(_kubectl(options.kubectl), kubeconfig)
        database = Database(options.machines.split(","), options.reach)
        print(json.dumps(measure(mothership, database, options.seconds, options.interval)), flush=True)
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
