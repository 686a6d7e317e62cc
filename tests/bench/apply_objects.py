# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""100 ConfigMaps of 1 KiB, applied in different ways to a real kube-apiserver on kine on PostgreSQL.

Run from the repository: ``make bench``, or ``python -m tests.bench.apply_objects [--loop 10]``. It prints a table of
seconds and API requests and the ratios to the first row; nothing passes or fails. ``kubernetes.core`` comes from the
PyPI package ``ansible`` of the 12.x series, which is installed once into a virtual environment in the cache folder
(``LAB_CACHE``, as for the lab); without a package index its rows are left out.

Seconds of the Ansible rows are the task's, from its start to its last result; kubectl's are the process's. A task
of Ansible costs about 0.5 s of a quiet core before the module's own work begins, and reading a kubeconfig with the
``kubernetes`` library another 0.4 s: the second row shows what remains.
Requests are counted in the API server's audit log.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import typing as t

from tests.integration import processes

ANSIBLE = "ansible==12.3.0"
COUNT = 100
SIZE = 1024

_CALLBACK = '''
import json, os, time
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: seconds
type: aggregate
short_description: Seconds of the task called measured
description: Writes them to the file named in BENCH_SECONDS.
"""

class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "seconds"

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.started = time.monotonic()

    def v2_runner_on_ok(self, result):
        with open(os.environ["BENCH_SECONDS"], "w") as file:
            json.dump(time.monotonic() - self.started, file)
'''


@dataclasses.dataclass
class Row:
    """One way of applying, measured fresh and unchanged."""

    name: str
    seconds: list[float]
    requests: list[int]


class Bench:
    """The API server, its audit log and a folder for files."""

    def __init__(self, server: processes.ApiServer, folder: pathlib.Path, audit: pathlib.Path) -> None:
        self.server, self.folder, self._audit = server, folder, audit

    def row(self, name: str, run: t.Callable[[list[dict[str, t.Any]]], float]) -> Row:
        """Measure ``run`` twice on objects of a namespace of its own."""
        objects = config_maps(processes.unique("bench"))
        namespace = objects[0]["metadata"]["namespace"]
        made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        self.server.client().request("POST", "/api/v1/namespaces", body=made)
        row = Row(name, [], [])
        for _ in ("fresh", "unchanged"):
            before = self._count()
            row.seconds.append(run(objects))
            row.requests.append(self._count() - before)
        print(
            f"  {name}: {row.seconds[0]:.2f} / {row.seconds[1]:.2f} s, {row.requests[0]} / {row.requests[1]} requests"
        )
        return row

    def _count(self) -> int:
        """Requests of the administrator so far; the server's own are not counted."""
        time.sleep(0.2)
        with open(self._audit, encoding="utf-8") as file:
            return sum(json.loads(line)["user"]["username"] == "admin" for line in file)


def config_maps(namespace: str) -> list[dict[str, t.Any]]:
    """The objects that are applied."""
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"settings-{number}", "namespace": namespace},
            "data": {"text": f"{number:04d}" * (SIZE // 4)},
        }
        for number in range(COUNT)
    ]


def playbook_runner(
    bench: Bench, bin_folder: pathlib.Path, task: t.Callable[[list[dict[str, t.Any]]], dict[str, t.Any]]
) -> t.Callable[[list[dict[str, t.Any]]], float]:
    """Runs one task with ``ansible-playbook`` and returns the task's seconds."""
    plugins = bench.folder / "callbacks"
    plugins.mkdir(exist_ok=True)
    (plugins / "seconds.py").write_text(_CALLBACK)
    written = bench.folder / "seconds.json"

    def run(objects: list[dict[str, t.Any]]) -> float:
        play = {"hosts": "localhost", "gather_facts": False, "connection": "local", "vars": {"objects": objects}}
        playbook = bench.folder / "play.json"
        playbook.write_text(json.dumps([{**play, "tasks": [{"name": "Apply", **task(objects)}]}]))
        environment = {
            **os.environ,
            "ANSIBLE_CALLBACK_PLUGINS": str(plugins),
            "ANSIBLE_CALLBACKS_ENABLED": "seconds",
            "BENCH_SECONDS": str(written),
            "K8S_AUTH_KUBECONFIG": str(bench.server.kubeconfig),
        }
        command = [str(bin_folder / "ansible-playbook"), "-i", "localhost,", str(playbook)]
        command += ["-e", f"ansible_python_interpreter={bin_folder / 'python'}"]
        _run(command, environment)
        return float(json.loads(written.read_text()))

    return run


def library_runner(bench: Bench) -> t.Callable[[list[dict[str, t.Any]]], float]:
    """Calls what the module calls, without Ansible and without the start of a process."""
    from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline, Progress
    from ansible_collections.mothership.hcp.plugins.module_utils._kube.apply import apply_objects

    def run(objects: list[dict[str, t.Any]]) -> float:
        client, progress = bench.server.client(), Progress("")
        started = time.monotonic()
        apply_objects(client, objects, check_mode=False, deadline=Deadline(120), progress=progress)
        return time.monotonic() - started

    return run


def kubectl_runner(bench: Bench) -> t.Callable[[list[dict[str, t.Any]]], float]:
    """Runs ``kubectl apply --server-side`` on one file."""

    def run(objects: list[dict[str, t.Any]]) -> float:
        manifest = bench.folder / "objects.json"
        manifest.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        command = [processes.binary("kubectl"), f"--kubeconfig={bench.server.kubeconfig}", "apply", "--server-side"]
        started = time.monotonic()
        _run([*command, f"--filename={manifest}"], {**os.environ})
        return time.monotonic() - started

    return run


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=processes.REPOSITORY, env=environment, capture_output=True, text=True, timeout=900
    )
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def kubernetes_core() -> pathlib.Path | None:
    """The folder with the programs of a virtual environment that has kubernetes.core, made when it is absent."""
    cache = pathlib.Path(os.environ.get("LAB_CACHE") or pathlib.Path.home() / ".cache/mothership-hcp") / "bench"
    complete = cache / "done"
    if complete.exists():
        return cache / "venv" / "bin"
    print(f"installing {ANSIBLE} into {cache} (once)")
    install = [str(cache / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet", ANSIBLE, "kubernetes>=31,<36"]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(cache / "venv")], check=True, timeout=120)
        subprocess.run(install, check=True, timeout=900)
    except (subprocess.SubprocessError, OSError) as error:
        print(f"kubernetes.core is not available, its rows are left out: {error}")
        return None
    complete.touch()
    return cache / "venv" / "bin"


@contextlib.contextmanager
def audited_server(folder: pathlib.Path) -> t.Iterator[Bench]:
    """The servers, with an audit log that has one line a request."""
    policy, audit = folder / "audit-policy.yaml", folder / "audit.log"
    policy.write_text(
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n"
    )
    arguments = [f"--audit-policy-file={policy}", f"--audit-log-path={audit}"]
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(processes.postgresql())
        url = stack.enter_context(processes.kine(f"{database.dsn}kine?sslmode=disable", folder))
        server = stack.enter_context(processes.kube_apiserver(url, folder, arguments=arguments))
        yield Bench(server, folder, audit)


def measure(bench: Bench, *, loop: int) -> list[Row]:
    """All rows.

    :param loop: how many of the objects are looped over; 0 leaves the row out.
    """
    ours = pathlib.Path(sys.executable).parent
    apply_all = {"mothership.hcp.hcp_apply": {"objects": "{{ objects }}"}}
    rows = [
        bench.row("mothership.hcp.hcp_apply, one task", playbook_runner(bench, ours, lambda _objects: apply_all)),
        bench.row("the same code without Ansible and process start", library_runner(bench)),
        bench.row("kubectl apply --server-side", kubectl_runner(bench)),
    ]
    theirs = kubernetes_core()
    if theirs is None:
        return rows
    listed = {"kubernetes.core.k8s": {"state": "present", "definition": "{{ objects }}"}}
    rows.append(bench.row("kubernetes.core.k8s, one list", playbook_runner(bench, theirs, lambda _objects: listed)))
    if loop:
        looped = {
            "kubernetes.core.k8s": {"state": "present", "definition": "{{ item }}"},
            "loop": f"{{{{ objects[:{loop}] }}}}",
            "loop_control": {"label": "{{ item.metadata.name }}"},
        }
        rows.append(
            bench.row(f"kubernetes.core.k8s, loop of {loop}", playbook_runner(bench, theirs, lambda _o: looped))
        )
    return rows


def table(rows: t.Sequence[Row]) -> str:
    """The rows as text, with the ratio of each to the first."""
    lines = [
        f"| {COUNT} ConfigMaps of {SIZE} bytes | fresh, s | unchanged, s | requests | times ours |",
        "|---|---|---|---|---|",
    ]
    first = rows[0]
    for row in rows:
        ratios = [mine / base for mine, base in zip(row.seconds, first.seconds)]
        lines.append(
            f"| {row.name} | {row.seconds[0]:.2f} | {row.seconds[1]:.2f} | {row.requests[0]} / {row.requests[1]} "
            f"| {ratios[0]:.1f} / {ratios[1]:.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--loop", type=int, default=COUNT, help="objects in the row that loops, 0: no such row; 100 takes minutes"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mothership-bench-") as folder:
        with audited_server(pathlib.Path(folder)) as bench:
            rows = measure(bench, loop=options.loop)
    print(f"\nload average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n\n{table(rows)}")


if __name__ == "__main__":
    # So that the servers' folders go, too, when the run is ended from outside.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    sys.path.insert(0, str(processes.REPOSITORY / ".collections"))
    main()
