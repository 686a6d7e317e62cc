# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kine is asked about several replicas on one database: starts, pools and outages.

Every function makes what it needs, measures and returns figures; none of them judges. What replicas that run answer is
in :mod:`kine_harness_answers`.
"""

from __future__ import annotations

import dataclasses
import pathlib
import re
import shutil
import signal
import threading
import time
import typing as t

from tests.integration import processes
from tests.integration.kine_harness import READY_SECONDS, ControlPlane, Harness, Kine, Pool, Replica, bring_back
from tests.integration.kine_harness_client import (
    CONFIG_MAPS,
    NAMESPACE,
    Api,
    NoAnswer,
    Write,
    Writers,
    cached_names,
    create,
    names,
    seconds_of_list,
    watch_list,
)

#: Kinds that nobody writes: only these show a replica that does not learn of revisions any more.
QUIET = (
    "/apis/networking.k8s.io/v1/ingresses",
    "/apis/apps/v1/daemonsets",
    "/api/v1/podtemplates",
)
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
SLOW_LIST_SECONDS = 2.5
BOOKMARK_SECONDS = 5.0
#: A first start takes 4 s on a quiet machine.
SLOW_START_SECONDS = 20.0
KINE_START_SECONDS = 20.0
WRITES_BACK_SECONDS = 60.0


@dataclasses.dataclass
class Starts:
    """Replicas started while another one is written to.

    :ivar stuck: never ready, or ready and a quiet kind's LIST is slow twice or its WatchList does not end.
    :ivar stuck_but_ready: those of them that ``/readyz`` calls healthy.
    :ivar blind: replicas whose cache lacks an acknowledged object for good: kine told the list's revision while a
        write with a lower one was still on its way, and left that write out of the watch that followed.
    """

    rate: float
    rounds: int = 0
    stuck: int = 0
    stuck_but_ready: int = 0
    blind: int = 0
    slowest_ready: float = 0.0
    written_per_second: float = 0.0


def is_stuck(api: Api) -> bool:
    """Whether a replica that calls itself ready lags behind for good."""
    for path in QUIET:
        if seconds_of_list(api, path) > SLOW_LIST_SECONDS and seconds_of_list(api, path) > SLOW_LIST_SECONDS:
            return True
    return any(watch_list(api, path, BOOKMARK_SECONDS) is None for path in QUIET)


def starts_under_load(harness: Harness, rate: float, rounds: int) -> Starts:
    """Start a second replica again and again while the first one takes ``rate`` writes a second."""
    found = Starts(rate)
    with harness.control_plane() as plane:
        (first,) = plane.ready_replicas(1, Pool(open=0))
        with Writers([first.api], rate, fresh=True) as writers:
            time.sleep(2)
            for _ in range(rounds):
                second = plane.start_replica(Pool(open=0))
                _take_start(found, second, writers)
                second.stop()
            found.written_per_second = round(writers.per_second(), 1)
    return found


def _take_start(found: Starts, replica: Replica, writers: Writers) -> None:
    found.rounds += 1
    seconds = replica.seconds_to_ready()
    found.slowest_ready = max(found.slowest_ready, round(seconds or READY_SECONDS, 1))
    if seconds is None:
        found.stuck += 1
    elif is_stuck(replica.api):
        found.stuck += 1
        found.stuck_but_ready += replica.is_ready()
    else:
        found.blind += _lacks_objects(replica.api, writers)


def _lacks_objects(api: Api, writers: Writers) -> bool:
    """Whether the replica's cache still lacks something 3 s after it was acknowledged, and a list 2 s later too."""
    wanted = {write.name for write in list(writers.acknowledged)}
    time.sleep(3)
    missing = wanted - cached_names(api)
    if missing:
        time.sleep(2)
        missing -= names(api)
    return bool(missing)


@dataclasses.dataclass
class FirstStarts:
    """Replicas that start at once on an empty database.

    :ivar crashed: rounds in which a program ended by itself.
    :ivar slow: rounds in which a replica took longer than on a quiet machine by far.
    """

    schema: bool
    rounds: int = 0
    crashed: int = 0
    slow: int = 0
    slowest_ready: float = 0.0
    said: list[str] = dataclasses.field(default_factory=list)


def kines_at_once(harness: Harness, rounds: int, *, schema: bool) -> FirstStarts:
    """Two kines alone; with ``schema`` after the product's own step that makes it."""
    found = FirstStarts(schema)
    for _ in range(rounds):
        with harness.control_plane(schema=schema) as plane:
            kines = [plane.start_kine(), plane.start_kine()]
            began = time.monotonic()
            while time.monotonic() - began < KINE_START_SECONDS and not _all_ended_or_listen(kines):
                time.sleep(0.02)
            found.slowest_ready = max(found.slowest_ready, round(time.monotonic() - began, 1))
            time.sleep(0.3)
            found.rounds += 1
            ended = [kine for kine in kines if kine.server.process.poll() is not None]
            found.crashed += bool(ended)
            found.slow += not all(kine.listens() for kine in kines if kine not in ended)
            found.said += [_last_line(kine.server) for kine in ended]
    return found


def _all_ended_or_listen(kines: t.Sequence[Kine]) -> bool:
    return all(kine.listens() or kine.server.process.poll() is not None for kine in kines)


def replicas_at_once(harness: Harness, rounds: int, *, keep: pathlib.Path | None = None) -> FirstStarts:
    """Two whole replicas, schema made before, as the first start of a hosted cluster.

    :param keep: where the logs of a slow round are left.
    """
    found = FirstStarts(schema=True)
    for number in range(rounds):
        with harness.control_plane() as plane:
            replicas = [plane.start_replica(), plane.start_replica()]
            seconds = [replica.seconds_to_ready(SLOW_START_SECONDS) for replica in replicas]
            if None in seconds and keep is not None:
                _keep_logs(replicas, keep / f"round-{number}")
            seconds = [replica.seconds_to_ready(2 * READY_SECONDS) for replica in replicas]
            longest = max(value or 2 * READY_SECONDS for value in seconds)
            ended = [text for text in (replica.ended() for replica in replicas) if text]
            found.said += [failing_checks(one.api) for one, value in zip(replicas, seconds) if value is None]
            found.rounds += 1
            found.crashed += bool(ended)
            found.slow += longest > SLOW_START_SECONDS
            found.slowest_ready = max(found.slowest_ready, round(longest, 1))
            found.said += ended
    return found


def failing_checks(api: Api) -> str:
    """What /livez says is not well."""
    try:
        text = str(api.request("GET", "/livez?verbose", timeout=10).body.get("text"))
    except NoAnswer as error:
        return f"/livez: no answer: {error}"
    return "/livez: " + ", ".join(line for line in text.splitlines() if line.startswith("[-]"))


def _keep_logs(replicas: t.Sequence[Replica], folder: pathlib.Path) -> None:
    for replica in replicas:
        place = folder / replica.name
        place.mkdir(parents=True)
        shutil.copy(replica.server.log, place)
        shutil.copy(replica.kine.server.log, place)
        for path in ("/livez", "/readyz"):
            try:
                answer = replica.api.request("GET", f"{path}?verbose", timeout=10)
                (place / f"{path[1:]}.txt").write_text(str(answer.body.get("text")))
            except NoAnswer as error:
                (place / f"{path[1:]}.txt").write_text(f"no answer: {error}")


def _last_line(server: processes.Server) -> str:
    text = COLOURS.sub("", server.log.read_text(errors="replace"))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


@dataclasses.dataclass
class SmallPool:
    """One replica whose kine may have only a few connections."""

    open: int
    rounds: int = 0
    ready: int = 0
    slowest_ready: float = 0.0


def small_pool(harness: Harness, connections: int, rounds: int) -> SmallPool:
    """Whether it becomes ready within 60 s."""
    found = SmallPool(connections)
    for _ in range(rounds):
        with harness.control_plane() as plane:
            seconds = plane.start_replica(Pool(connections)).seconds_to_ready()
            found.rounds += 1
            found.ready += seconds is not None
            found.slowest_ready = max(found.slowest_ready, round(seconds or READY_SECONDS, 1))
    return found


@dataclasses.dataclass
class ParallelWrites:
    """Writers that all write at the same moment, several times."""

    open: int
    writers: int
    sent: int = 0
    failed: int = 0
    slowest: float = 0.0
    most_connections: int = 0


def parallel_writes(harness: Harness, connections: int, *, writers: int = 64, rounds: int = 3) -> ParallelWrites:
    """Each writer makes one object a round; all begin together."""
    found = ParallelWrites(connections, writers)
    with harness.control_plane() as plane:
        # A pool that is too small for a start is another test's subject.
        (replica,) = plane.ready_replicas(1, Pool(connections))
        finished = threading.Event()
        sampler = threading.Thread(target=_sample, args=(plane, found, finished), daemon=True)
        sampler.start()
        barrier, lock = threading.Barrier(writers), threading.Lock()

        def write(number: int) -> None:
            _warm(replica.api)
            for turn in range(rounds):
                barrier.wait(120)
                began = time.monotonic()
                created = _creates(replica.api, f"parallel-{number}-{turn}")
                with lock:
                    found.sent += 1
                    found.failed += not created
                    found.slowest = max(found.slowest, round(time.monotonic() - began, 2))

        threads = [threading.Thread(target=write, args=(number,), daemon=True) for number in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120 * rounds)
        finished.set()
        sampler.join(10)
    return found


def _warm(api: Api) -> None:
    """The handshake is not to be part of the figure."""
    try:
        api.request("GET", "/version")
    except NoAnswer:
        return


def _creates(api: Api, name: str) -> bool:
    try:
        return create(api, name, timeout=70).status == 201
    except NoAnswer:
        return False


def _sample(plane: ControlPlane, found: ParallelWrites, finished: threading.Event) -> None:
    while not finished.wait(0.3):
        found.most_connections = max(found.most_connections, plane.sessions())


@dataclasses.dataclass
class Outage:
    """The database goes away under 50 writes a second through two replicas.

    :ivar back_after: seconds from its first answer to the first acknowledged write; None when none came.
    :ivar lost: acknowledged objects that a direct question does not find.
    :ivar rows: those of the lost ones of which the database has a row nevertheless.
    :ivar ended: programs that ended by themselves.
    """

    how: str
    acknowledged: int = 0
    failed: int = 0
    lost: int = 0
    rows: int = 0
    back_after: float | None = None
    ended: list[str] = dataclasses.field(default_factory=list)


OUTAGES = {
    "restarted": (signal.SIGINT, 0.3),
    "stopped 15 s": (signal.SIGINT, 15.0),
    "crashed": (signal.SIGQUIT, 0.3),
}


def outage(harness: Harness, how: str, *, rate: float = 50, seconds: float = 4) -> Outage:
    """Write new objects for some seconds before and after it; afterwards each acknowledged one must be there."""
    found = Outage(how)
    kind, away = OUTAGES[how]
    with harness.control_plane() as plane:
        replicas = plane.ready_replicas(2)
        apis = [replica.api for replica in replicas]
        with Writers(apis, rate, fresh=True, timeout=40) as writers:
            time.sleep(seconds)
            harness.server.stop(kind)
            time.sleep(away)
            returned = bring_back(harness.server)
            back = _first_write(writers, returned)
            found.back_after = None if back is None else round(back - returned, 2)
            time.sleep(seconds)
        found.ended = [text for text in (replica.ended() for replica in replicas) if text]
        found.acknowledged = len(writers.acknowledged)
        found.failed = sum(writers.failures.values())
        missing = lost(apis[0], writers.acknowledged)
        found.lost = len(missing)
        found.rows = sum(_has_row(plane, name) for name in missing)
    return found


def lost(api: Api, acknowledged: t.Sequence[Write]) -> list[str]:
    """Names of acknowledged objects that are not there. A list may lack what a direct question finds."""
    present = names(api)
    missing = [write.name for write in acknowledged if write.name not in present]
    return [name for name in missing if api.request("GET", f"{CONFIG_MAPS}/{name}", timeout=60).status == 404]


def _has_row(plane: ControlPlane, name: str) -> bool:
    key = f"/registry/configmaps/{NAMESPACE}/{name}"
    return plane.server.query(f"SELECT count(*) FROM kine WHERE name = '{key}'", plane.database) != "0"


def _first_write(writers: Writers, returned: float) -> float | None:
    ends = time.monotonic() + WRITES_BACK_SECONDS
    while time.monotonic() < ends:
        found = writers.first_after(returned)
        if found is not None:
            return found
        time.sleep(0.02)
    return None
