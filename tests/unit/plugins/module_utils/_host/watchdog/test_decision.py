# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sequences of rounds, five seconds apart, as a watchdog sees them, and what it must (not) do about each."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._host.watchdog.decision import (
    ALARM,
    FAILED,
    NOTHING,
    OK,
    REFUSED,
    REPLACE,
    UNREACHABLE,
    Answer,
    Judge,
    Limits,
    Observation,
    Pod,
    Verdict,
)

STEP = 5.0


def seen(
    name: str, seconds: float | None = 0.01, *, outcome: str = OK, fallbacks: float | None = None, **pod: t.Any
) -> Observation:
    """A replica that took ``seconds``; ``None``: it was not asked."""
    answer = None if seconds is None else Answer(outcome, seconds, 100, fallbacks, "500" if outcome == FAILED else "")
    return Observation(Pod(pod.pop("uid", name), name, "10.0.0.1", 6443, **pod), answer)


def starting(name: str, running: float | None = 20.0, **pod: t.Any) -> Observation:
    return seen(name, None, ready=False, running_seconds=running, **pod)


class Story:
    """Rounds of one cluster; what the judge wants is done."""

    def __init__(self, **limits: t.Any) -> None:
        self.judge, self.now = Judge(Limits(**limits)), 0.0
        self.verdicts: list[Verdict] = []

    def round(self, *observations: Observation, times: int = 1) -> Verdict:
        for _each in range(times):
            verdict = self.judge.judge(self.now, observations)
            if verdict.action == REPLACE:
                self.judge.replaced(self.now)
            self.verdicts.append(verdict)
            self.now += STEP
        return verdict

    @property
    def replaced(self) -> list[str]:
        return [one.pod.name for one in self.verdicts if one.pod]

    @property
    def actions(self) -> list[str]:
        return [one.action for one in self.verdicts]


def test_a_replica_that_is_slow_twice_beside_a_good_one_is_replaced_within_30_seconds() -> None:
    story = Story()
    story.round(seen("a"), seen("b"), times=3)
    began = story.now
    story.round(seen("a"), seen("b", 3.02), times=2)
    assert story.actions[-2:] == [NOTHING, REPLACE]
    assert story.now - began + 5.0 <= 30  # and the last LIST itself
    last = story.verdicts[-1]
    assert last.pod is not None
    assert last.pod.name == "b"
    assert "LIST took 3.02 s" in last.reason
    assert "beside it: a 0.010 s" in last.reason


def test_one_slow_list_is_nothing() -> None:
    story = Story()
    for _each in range(5):
        story.round(seen("a"), seen("b", 3.0))
        story.round(seen("a"), seen("b"))
    assert set(story.actions) == {NOTHING}


def test_a_list_that_fails_twice_counts_too() -> None:
    story = Story()
    story.round(seen("a"), seen("b", 5.0, outcome=FAILED), times=2)
    assert story.replaced == ["b"]


@pytest.mark.parametrize("other", [3.0, 2.0, 1.2])
def test_a_slow_database_is_an_alarm_and_nothing_is_replaced(other: float) -> None:
    story = Story()
    story.round(seen("a"), seen("b"), times=3)
    story.round(seen("a", 3.1), seen("b", other), times=20)
    assert story.actions[-1] == ALARM
    assert "no other replica answers in time" in story.verdicts[-1].reason
    assert story.replaced == []
    # One of them recovers first: it is not taken as the proof at once.
    story.round(seen("a", 3.1), seen("b"))
    story.round(seen("a"), seen("b"), times=5)
    assert story.replaced == []


def test_the_only_replica_is_never_replaced() -> None:
    story = Story()
    story.round(seen("a", 4.0), times=10)
    assert story.actions[-1] == ALARM
    assert story.replaced == []


def test_a_database_that_is_away_for_minutes_replaces_nobody() -> None:
    story = Story()
    story.round(seen("a"), seen("b"), times=5)
    story.round(seen("a", 5.0, outcome=FAILED), seen("b", 5.0, outcome=FAILED), times=2)
    down = {"ready": False, "running_seconds": 900.0}
    story.round(seen("a", 5.0, outcome=FAILED, **down), seen("b", 5.0, outcome=FAILED, **down), times=60)
    # It is back; one replica is ready 20 seconds before the other.
    story.round(seen("a"), seen("b", 0.5, outcome=FAILED, **down), times=4)
    story.round(seen("a"), seen("b"), times=20)
    assert story.replaced == []


def test_starting_pods_are_left_alone() -> None:
    story = Story()
    story.round(seen("a"), starting("b", None), times=40)  # its image is pulled
    for second in range(0, 50, 5):
        story.round(seen("a"), starting("b", float(second)))
    story.round(seen("a"), seen("b"), times=5)
    assert set(story.actions) == {NOTHING}


def test_a_first_start_of_all_replicas_is_left_alone() -> None:
    story = Story()
    story.round(starting("a"), starting("b"), times=30)
    story.round(seen("a"), starting("b", 150.0), times=8)
    story.round(seen("a"), seen("b"), times=5)
    assert story.replaced == []


def test_a_start_that_never_ends_is_replaced() -> None:
    story = Story()
    story.round(seen("a"), seen("c"), times=2)
    for second in range(0, 70, 5):
        story.round(seen("a"), starting("b", second % 60 + 1.0, restarts=second // 60))
        if story.replaced:
            break
    else:
        for second in range(5, 30, 5):
            story.round(seen("a"), starting("b", float(second), restarts=1))
    assert story.replaced == ["b"]
    assert "not ready" in next(one for one in story.verdicts if one.pod).reason


def test_a_start_whose_lists_hang_is_replaced_within_30_seconds() -> None:
    story = Story()
    story.round(seen("a"), seen("c"), times=2)
    for second in range(0, 35, 5):
        story.round(seen("a"), seen("b", 3.02, ready=False, running_seconds=float(second)))
        if story.replaced:
            break
    assert story.replaced == ["b"]
    assert second <= 25


def test_a_start_that_says_no_for_a_while_is_left_alone() -> None:
    story = Story()
    for second in range(0, 50, 5):
        story.round(seen("a"), seen("b", 0.1, outcome=FAILED, ready=False, running_seconds=float(second)))
    # 15 seconds of waiting for its caches, as seen with kine 0.17 now and then.
    for second in range(0, 15, 5):
        story.round(seen("a"), seen("d", 3.02, ready=False, running_seconds=float(second)))
    story.round(seen("a"), seen("d"), times=5)
    assert story.replaced == []


def test_a_server_that_ends_at_once_again_and_again_is_not_a_stuck_start() -> None:
    story = Story()
    for count in range(60):
        story.round(seen("a"), starting("b", float(count % 2), restarts=count))
    assert story.replaced == []


def test_an_api_server_that_was_restarted_begins_anew() -> None:
    story = Story()
    story.round(seen("a"), seen("b"), times=2)
    story.round(seen("a"), seen("b", 3.0))
    story.round(seen("a"), starting("b", 1.0, restarts=1), times=3)
    story.round(seen("a"), seen("b", 3.0, restarts=1))
    story.round(seen("a"), seen("b", restarts=1), times=3)
    assert set(story.actions) == {NOTHING}


def test_a_rolling_update_replaces_nobody() -> None:
    story = Story()
    old, new = [seen("a"), seen("b")], ["c", "d"]
    for gone, name in zip(("a", "b"), new):
        story.round(*old, starting(name, None), times=2)
        story.round(*old, starting(name, 5.0), times=3)
        story.round(*old, seen(name, 2.8))
        story.round(*old, seen(name))
        left = [one for one in old if one.pod.name != gone]
        story.round(*left, seen(name), seen(gone, None, deleting=True, ready=False), times=9)
        old = [*left, seen(name)]
    assert set(story.actions) == {NOTHING}


def test_a_stuck_replica_waits_until_the_update_is_through() -> None:
    story = Story()
    story.round(seen("a"), seen("b", 3.0), starting("c", 5.0), times=4)
    assert story.replaced == []
    assert "waits until c is ready" in story.verdicts[-1].reason
    story.round(seen("a"), seen("b", 3.0), seen("c"))
    assert story.replaced == ["b"]


def test_one_at_a_time() -> None:
    story = Story()
    story.round(seen("a"), seen("b", 3.0), seen("c", 3.0), times=2)
    assert story.replaced == ["b"]
    story.round(seen("a"), seen("b", None, deleting=True), seen("c", 3.0), starting("d", None), times=8)
    assert story.replaced == ["b"]
    assert "waits until b is gone" in story.verdicts[-1].reason
    story.round(seen("a"), seen("d"), seen("c", 3.0))
    assert story.replaced == ["b", "c"]


def test_a_release_that_gets_stuck_at_most_starts_has_each_start_replaced_within_30_seconds() -> None:
    story = Story()
    story.round(seen("a"), times=2)
    for number in range(10):
        for second in range(0, 30, 5):
            story.round(seen("a"), seen("b", 4.0, ready=False, running_seconds=float(second), uid=f"b{number}"))
            if len(story.replaced) > number:
                break
        assert len(story.replaced) == number + 1, second


def test_replacing_in_vain_slows_down_and_is_an_alarm() -> None:
    story, times = Story(), []
    for number in range(400):
        before = len(story.replaced)
        story.round(seen("a"), seen("b", 3.0, uid=f"b{len(story.replaced)}"))
        if len(story.replaced) > before:
            times.append(number * STEP)
        if len(times) < 10:
            assert story.actions[-1] != ALARM
    pauses = [later - earlier for earlier, later in zip(times, times[1:])]
    assert pauses == sorted(pauses)
    assert pauses[:9] == [15] * 9
    assert pauses[-1] >= 480
    assert len(times) <= 17
    assert story.actions[-1] == ALARM
    assert "replacements in a row did not help" in story.verdicts[-1].reason


def test_a_replacement_that_helped_is_forgotten() -> None:
    story = Story()
    for number in range(5):
        story.round(seen("a"), seen("b", 3.0, uid=f"b{number}"), times=2)
        assert len(story.replaced) == number + 1
        story.round(seen("a"), seen("b", uid=f"b{number}x"), times=14)


@pytest.mark.parametrize("outcome", [UNREACHABLE, REFUSED])
def test_what_cannot_be_reached_or_does_not_know_us_is_not_stuck(outcome: str) -> None:
    story = Story()
    story.round(seen("a"), seen("b", 0.0, outcome=outcome), times=20)
    assert set(story.actions) == {NOTHING}


def test_reads_of_one_replica_alone_that_keep_falling_back_are_a_sign() -> None:
    story = Story()
    for number in range(5):
        story.round(seen("a", fallbacks=7.0), seen("b", fallbacks=10.0 + number))
        story.round(seen("a"), seen("b"), times=2)
    assert story.replaced == ["b"]
    assert "its reads fall back to the database" in next(one.reason for one in story.verdicts if one.pod)


def test_reads_of_all_that_fall_back_are_not() -> None:
    story = Story()
    for number in range(12):
        story.round(seen("a", fallbacks=7.0 + number), seen("b", fallbacks=10.0 + number))
    # One that falls back once in a while is not stuck either.
    for number in range(12):
        story.round(seen("a", fallbacks=30.0), seen("b", fallbacks=30.0 + number // 3))
    assert story.replaced == []


def test_without_a_certificate_for_the_cluster_nothing_is_done() -> None:
    story = Story()
    story.round(seen("a", None), seen("b", None), starting("c", 500.0), times=60)
    assert set(story.actions) == {NOTHING}
