# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What replicas that run answer: lists after acknowledged writes, compare-and-swap, complete watches."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import random
import threading
import time
import typing as t

from tests.integration.kine_harness import Harness, Pool
from tests.integration.kine_harness_client import (
    CONFIG_MAPS,
    Api,
    NoAnswer,
    Watcher,
    create,
    replace,
    watch_list,
)

HUNG_SECONDS = 20.0
PROBE = "probe"


@dataclasses.dataclass
class Freshness:
    """LIST and WatchList through one replica, directly after a write that another one acknowledged.

    :ivar oldest: seconds until the slowest LIST showed its write.
    :ivar hung: WatchLists whose first bookmark took 20 s or more.
    """

    shared_kine: bool
    lists: int = 0
    stale: int = 0
    oldest: float = 0.0
    watch_lists: int = 0
    stale_watch_lists: int = 0
    hung: int = 0
    gets: int = 0
    stale_gets: int = 0


def freshness(harness: Harness, rounds: int, *, shared: bool = False) -> Freshness:
    """One write for each question. Pauses differ, so that kine's polls are met at every moment.

    :param shared: one kine for both API servers.
    """
    found, value = Freshness(shared), 0
    # Unlimited: this is not the place to meet a pool that is too small.
    with harness.control_plane() as plane:
        first, second = plane.ready_replicas(2, Pool(open=0), shared=shared)
        create(first.api, PROBE)
        time.sleep(2)
        for _ in range(rounds):
            for ask in (_ask_list, _ask_watch_list, _ask_get):
                value += 1
                time.sleep(random.uniform(0.0, 0.4))
                with contextlib.suppress(NoAnswer):
                    if replace(first.api, PROBE, value).status == 200:
                        ask(found, second.api, value)
    return found


def _ask_list(found: Freshness, api: Api, value: int) -> None:
    found.lists += 1
    acknowledged = time.monotonic()
    first = True
    while time.monotonic() - acknowledged < HUNG_SECONDS:
        try:
            items = api.request("GET", CONFIG_MAPS, timeout=HUNG_SECONDS).body.get("items", [])
        except NoAnswer:
            items = []
        if _value(items) >= value:
            break
        found.stale += first
        first = False
        found.oldest = max(found.oldest, round(time.monotonic() - acknowledged, 2))
        time.sleep(0.01)


def _ask_watch_list(found: Freshness, api: Api, value: int) -> None:
    found.watch_lists += 1
    items = watch_list(api, CONFIG_MAPS, HUNG_SECONDS)
    if items is None:
        found.hung += 1
    else:
        found.stale_watch_lists += _value(items) < value


def _ask_get(found: Freshness, api: Api, value: int) -> None:
    found.gets += 1
    answer = api.request("GET", f"{CONFIG_MAPS}/{PROBE}", timeout=60)
    found.stale_gets += _value([answer.body]) < value


def _value(items: t.Sequence[t.Mapping[str, t.Any]]) -> int:
    values = [int(item["data"]["value"]) for item in items if item.get("metadata", {}).get("name") == PROBE]
    return max(values, default=-1)


@dataclasses.dataclass
class Counting:
    """Compare-and-swap counters through two replicas, watched through both.

    :ivar lost: increments that were acknowledged although another one had given the same number.
    :ivar unknown: increments without an answer; they may or may not count.
    :ivar gaps: acknowledged revisions that a watch did not deliver, of all watches together.
    :ivar disordered: events of one watch with a lower revision than the one before.
    """

    increments: int = 0
    conflicts: int = 0
    unknown: int = 0
    lost: int = 0
    wrong_totals: int = 0
    events_expected: int = 0
    gaps: int = 0
    disordered: int = 0
    watch_restarts: int = 0


class _Counters:
    """Threads that count."""

    def __init__(self, counters: int) -> None:
        self.names = [f"counter-{number}" for number in range(counters)]
        self.given: dict[str, list[int]] = {name: [] for name in self.names}
        self.revisions: list[int] = []
        self.conflicts: list[str] = []
        self.unknown: list[str] = []
        self.stop = threading.Event()

    def run(self, api: Api, name: str) -> None:
        while not self.stop.is_set():
            with contextlib.suppress(NoAnswer):
                self._increment(api, name)

    def _increment(self, api: Api, name: str) -> None:
        present = api.request("GET", f"{CONFIG_MAPS}/{name}").body
        if "data" not in present:
            return
        following = int(present["data"]["value"]) + 1
        try:
            answer = replace(api, name, following, present["metadata"]["resourceVersion"])
        except NoAnswer:
            self.unknown.append(name)
            return
        if answer.status == 200:
            self.given[name].append(following)
            self.revisions.append(answer.revision)
        elif answer.status == 409:
            self.conflicts.append(name)
        else:
            self.unknown.append(name)


def counting(harness: Harness, seconds: float, *, counters: int = 4, threads: int = 2) -> Counting:
    """Count for some seconds, then compare what was acknowledged with what is stored and what watches delivered.

    :param threads: for each counter and replica.
    """
    with harness.control_plane() as plane, contextlib.ExitStack() as stack:
        replicas = plane.ready_replicas(2, Pool(open=0))
        work = _Counters(counters)
        for name in work.names:
            create(replicas[0].api, name)
        # A replica that does not list yet what the other one wrote would watch from before it.
        time.sleep(2)
        watchers = [stack.enter_context(Watcher(replica.api)) for replica in replicas]
        places = [(replica.api, name) for replica in replicas for name in work.names] * threads
        workers = [threading.Thread(target=work.run, args=place, daemon=True) for place in places]
        for worker in workers:
            worker.start()
        time.sleep(seconds)
        work.stop.set()
        for worker in workers:
            worker.join(60)
        return _counted(work, watchers, replicas[0].api)


def _counted(work: _Counters, watchers: t.Sequence[Watcher], api: Api) -> Counting:
    found = Counting(conflicts=len(work.conflicts), unknown=len(work.unknown))
    unknown = collections.Counter(work.unknown)
    for name, given in work.given.items():
        found.increments += len(given)
        found.lost += len(given) - len(set(given))
        total = int(api.request("GET", f"{CONFIG_MAPS}/{name}").body["data"]["value"])
        found.wrong_totals += not len(given) <= total <= len(given) + unknown[name]
    expected = set(work.revisions)
    for watcher in watchers:
        watcher.wait_for(max(expected, default=0), 15)
        seen = list(watcher.revisions)
        found.events_expected += len(expected)
        found.gaps += len(expected - set(seen))
        found.disordered += sum(later < earlier for earlier, later in zip(seen, seen[1:]))
        found.watch_restarts += watcher.restarts
    return found
