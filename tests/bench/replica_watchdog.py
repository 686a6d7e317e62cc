# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replica watchdog beside replicas that get stuck by themselves: kine 0.17.5 under load.

Run from the repository: ``PYTHONPATH=.collections python -m
tests.bench.replica_watchdog --kine <path of kine 0.17.5> --starts 10``.
PostgreSQL, kine, the API servers and the watchdog are real, as processes on the loopback interface; pods are entries in
a real API, whose readiness this program keeps as a kubelet would. A replica is started again and again while another
one is written to. Truth is asked apart from the watchdog: a LIST of a quiet kind over 2.5 s twice, later than 15 s
after the start. It prints one line of JSON; what it does meanwhile goes to standard error. With ``--starts 0 --minutes
60`` two replicas run under the same load, and each replacement is a false alarm.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import tempfile
import threading
import time
import typing as t

from tests.integration import processes
from tests.integration.kine_harness import ControlPlane, Pool, Replica, harness
from tests.integration.kine_harness_client import Writers, seconds_of_list
from tests.integration.watchdog_scene import Program, Scene, as_text

QUIET = "/apis/storage.k8s.io/v1/csidrivers"
SLOW_SECONDS = 2.5
#: A replica that is well for so long after it got ready stays well.
WELL_SECONDS = 20.0
#: Of a start; the watchdog must have replaced a stuck one long before.
PATIENCE_SECONDS = 90.0


class Kubelet:
    """Keeps the readiness of pods as probes of the product would: every 2 seconds, two failures in a row."""

    def __init__(self, scene: Scene) -> None:
        self.ready: dict[str, bool] = {}
        self._scene, self._watched = scene, dict[str, Replica]()
        self._failures: dict[str, int] = {}
        threading.Thread(target=self._run, daemon=True).start()

    def add(self, name: str, replica: Replica, *, ready: bool) -> None:
        self._scene.add_pod(name, replica.api._port, ready=ready)
        self.ready[name] = ready
        self._watched[name] = replica

    def forget(self, name: str) -> None:
        self._watched.pop(name, None)

    def _run(self) -> None:
        while True:
            for name, replica in list(self._watched.items()):
                ok = replica.is_ready()
                self._failures[name] = 0 if ok else self._failures.get(name, 0) + 1
                changed = ok != self.ready[name] and (ok or self._failures[name] >= 2)
                if changed and name in self._scene.pods() and name in self._watched:
                    self._scene.set_status(name, ready=ok, started=time.time() - (time.monotonic() - replica.began))
                    self.ready[name] = ok
            time.sleep(2)


def take_start(scene: Scene, kubelet: Kubelet, plane: ControlPlane, number: int) -> dict[str, t.Any]:
    """Start a replica, and see whether it gets stuck and what the watchdog does."""
    name, replica = f"start-{number}", plane.start_replica(Pool(open=0))
    kubelet.add(name, replica, ready=False)
    found: dict[str, t.Any] = {"stuck_at": None, "replaced_at": None, "ready_at": None}
    slow = 0
    while time.monotonic() - replica.began < PATIENCE_SECONDS:
        age = time.monotonic() - replica.began
        if name not in scene.pods():
            found["replaced_at"] = round(age, 1)
            break
        if found["ready_at"] is None and kubelet.ready[name]:
            found["ready_at"] = round(age, 1)
        slow = slow + 1 if age > 15 and seconds_of_list(replica.api, QUIET) > SLOW_SECONDS else 0
        if slow >= 2 and found["stuck_at"] is None:
            found["stuck_at"] = round(age, 1)
        if found["stuck_at"] is None and found["ready_at"] is not None and age > found["ready_at"] + WELL_SECONDS:
            break
        time.sleep(0.5)
    kubelet.forget(name)
    replica.stop()
    if found["replaced_at"] is None:
        scene.client.request("DELETE", f"/api/v1/namespaces/{scene.space}/pods/{name}")
    sys.stderr.write(f"{name}: {found}\n")
    return found


def measure(options: argparse.Namespace) -> dict[str, t.Any]:
    """All starts, or the time without any."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mothership-watchdog-"))
    with harness(options.kine) as made, made.control_plane() as plane:
        dsn = f"{made.server.dsn}mothership?sslmode=disable"
        with processes.kine(dsn, folder) as url, processes.kube_apiserver(url, folder) as api:
            files = plane._certificates
            client = (as_text(files.client_certificate), as_text(files.client_key))
            scene = Scene(api, "bench", as_text(files.authority), client)
            kubelet, first = Kubelet(scene), plane.ready_replicas(1 if options.starts else 2, Pool(open=0))
            for number, replica in enumerate(first):
                kubelet.add(f"first-{number}", replica, ready=True)
            with scene.program(folder, "ms1", interval=5.0) as program:
                with Writers([first[0].api], options.rate, fresh=True) as writers:
                    starts = [take_start(scene, kubelet, plane, number) for number in range(options.starts)]
                    time.sleep(60 * options.minutes)
                    return figures(options, starts, program, writers)


def figures(
    options: argparse.Namespace, starts: list[dict[str, t.Any]], program: Program, writers: Writers
) -> dict[str, t.Any]:
    stuck = [one for one in starts if one["stuck_at"] is not None]
    replaced = [one for one in starts if one["replaced_at"] is not None]
    if options.log:
        sys.stderr.write("\n".join(program.log()) + "\n")
    return {
        "starts": len(starts),
        "stuck": len([one for one in starts if one["stuck_at"] is not None or one["replaced_at"] is not None]),
        "replaced": len(replaced),
        "missed": len([one for one in stuck if one["replaced_at"] is None]),
        "seconds_from_start_to_replacement": [one["replaced_at"] for one in replaced],
        "replacements_without_start": program.figure("replacements_total") - len(replaced),
        "alarms": program.figure("alarms_total"),
        "minutes": options.minutes,
        "writes_per_second": round(writers.per_second(), 1),
    }


def main(argv: t.Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kine", help="path of the kine to run (that of the bundle)")
    parser.add_argument("--starts", type=int, default=10, help="starts of a replica (10)")
    parser.add_argument("--rate", type=float, default=150, help="writes a second (150)")
    parser.add_argument("--minutes", type=float, default=0, help="minutes to run after the starts (0)")
    parser.add_argument("--log", action="store_true", help="show the log of the watchdog")
    print(json.dumps(measure(parser.parse_args(argv))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
