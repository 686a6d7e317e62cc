# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the watchdog does about what it saw. Pure: no input or output, and the time is given.

A replica counts as stuck only beside one that works: what ails all replicas of a cluster comes from its database, and
a new pod would not help. What cannot be reached at all is the network's or the kubelet's business, not ours.
"""

from __future__ import annotations

import dataclasses
import typing as t

#: How a replica answered: in full; with an error or not in time; no connection; it does not know the watchdog.
OK, FAILED, UNREACHABLE, REFUSED = "ok", "failed", "unreachable", "refused"

NOTHING, ALARM, REPLACE = "nothing", "alarm", "replace"


@dataclasses.dataclass(frozen=True)
class Limits:
    """When the watchdog acts.

    :param slow_seconds: a LIST that takes longer is suspicious.
    :param healthy_seconds: one that takes no longer shows that the database is well.
    :param strikes: rounds in a row until a suspicion counts.
    :param start_seconds: how long a replica whose server runs may be without being ready.
    :param running_seconds: a server that runs for less is not judged: it may be one that ends again and again.
    :param backoff_seconds: after a replacement.
    :param burst: replacements in a row with that pause. A release of kine that gets stuck at most of its starts needs
        several, and a stuck replica serves nobody meanwhile. When so many did not help, further ones hardly will: each
        doubles the pause, up to ``backoff_most``, and it is an alarm.
    :param forget_seconds: when all replicas were well for that long, earlier replacements are forgotten.
    """

    slow_seconds: float = 2.5
    healthy_seconds: float = 1.0
    strikes: int = 2
    start_seconds: float = 60.0
    running_seconds: float = 20.0
    backoff_seconds: float = 15.0
    burst: int = 10
    backoff_most: float = 600.0
    forget_seconds: float = 60.0


@dataclasses.dataclass(frozen=True)
class Pod:
    """One replica.

    :param running_seconds: for how long the container of the API server runs; ``None`` when it does not.
    :param restarts: how often that container was started again.
    """

    uid: str
    name: str
    address: str = ""
    port: int = 0
    ready: bool = True
    deleting: bool = False
    running_seconds: float | None = 3600.0
    restarts: int = 0


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a replica said to a LIST.

    :param revision: of the database, as the answer has it.
    :param fallbacks: consistent reads that it had to take to the database so far; ``None`` when not asked.
    """

    outcome: str
    seconds: float = 0.0
    revision: int | None = None
    fallbacks: float | None = None
    text: str = ""


@dataclasses.dataclass(frozen=True)
class Observation:
    pod: Pod
    answer: Answer | None = None


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What to do in one cluster.

    :param action: ``nothing``, ``alarm`` or ``replace`` (then ``pod`` is which).
    :param reason: with the values that led to it; empty when all is well.
    :param suspects: names of pods that look stuck.
    """

    action: str
    reason: str = ""
    pod: Pod | None = None
    suspects: tuple[str, ...] = ()


@dataclasses.dataclass
class _Record:
    """What is remembered of one pod."""

    restarts: int
    strikes: int = 0
    fallback_strikes: int = 0
    fit_rounds: int = 0
    unready_since: float | None = None
    fallbacks: float | None = None
    why: str = ""


class Judge:
    """Judges one cluster, round after round."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._records: dict[str, _Record] = {}
        self._replaced: list[float] = []
        self._well_since: float | None = None

    def judge(self, now: float, seen: t.Sequence[Observation]) -> Verdict:
        """The verdict over one round."""
        living = [one for one in seen if not one.pod.deleting]
        self._records = {one.pod.uid: self._record(one.pod) for one in living}
        self._count_fallbacks(living)
        for one in living:
            self._note(now, one)
        self._wait_for_one_that_works(now, living)
        self._forget(now, living)
        stuck = [one for one in living if self._is_stuck(now, one.pod)]
        if not stuck:
            return Verdict(NOTHING)
        return self._decide(now, seen, living, stuck)

    def replaced(self, now: float) -> None:
        """A pod was deleted."""
        self._replaced.append(now)
        self._well_since = None

    @property
    def pause(self) -> float:
        """Seconds from the last replacement to the next one."""
        beyond = max(0, len(self._replaced) - self._limits.burst)
        return min(self._limits.backoff_seconds * 2.0**beyond, self._limits.backoff_most) if self._replaced else 0.0

    def _record(self, pod: Pod) -> _Record:
        known = self._records.get(pod.uid)
        # A server that was started again begins anew, but its time to get ready goes on.
        if known is None or known.restarts != pod.restarts:
            return _Record(pod.restarts, unready_since=known.unready_since if known else None)
        return known

    def _count_fallbacks(self, living: t.Sequence[Observation]) -> None:
        """Note whose reads, and nobody else's, had to fall back since they were last asked about it."""
        asked = [(one, one.answer.fallbacks) for one in living if one.answer and one.answer.fallbacks is not None]
        grown = set()
        for one, count in asked:
            before = self._records[one.pod.uid].fallbacks
            if before is not None and count > before:
                grown.add(one.pod.uid)
        for one, count in asked:
            record = self._records[one.pod.uid]
            alone = grown == {one.pod.uid} and len(asked) > 1
            record.fallbacks, record.fallback_strikes = count, record.fallback_strikes + 1 if alone else 0

    def _note(self, now: float, one: Observation) -> None:
        record, answer = self._records[one.pod.uid], one.answer
        if one.pod.ready:
            record.unready_since = None
        elif one.pod.running_seconds is not None and record.unready_since is None:
            record.unready_since = now
        record.why = self._suspicion(answer, starting=not one.pod.ready) if answer else ""
        record.strikes = record.strikes + 1 if record.why else 0
        well = one.pod.ready and answer is not None and answer.outcome == OK
        fit = well and answer is not None and answer.seconds <= self._limits.healthy_seconds
        record.fit_rounds = record.fit_rounds + 1 if fit else 0

    def _suspicion(self, answer: Answer, *, starting: bool) -> str:
        # One that starts says no for a while, but it does not let wait.
        if answer.outcome == FAILED and (not starting or answer.seconds > self._limits.slow_seconds):
            return f"LIST failed after {answer.seconds:.2f} s ({answer.text})"
        slow = answer.outcome == OK and answer.seconds > self._limits.slow_seconds
        return f"LIST took {answer.seconds:.2f} s" if slow else ""

    def _wait_for_one_that_works(self, now: float, living: t.Sequence[Observation]) -> None:
        """While no replica works, none is late: the database may be away. Their time begins when one works."""
        if any(self._records[one.pod.uid].fit_rounds for one in living):
            return
        for one in living:
            record = self._records[one.pod.uid]
            if not one.pod.ready:
                record.strikes = 0
                record.unready_since = now if record.unready_since is not None else None

    def _is_stuck(self, now: float, pod: Pod) -> bool:
        record = self._records[pod.uid]
        if pod.ready:
            # Single reads fall back now and then: that alone has to last.
            if not record.why and record.fallback_strikes >= 2 * self._limits.strikes:
                record.why = (
                    f"its reads fall back to the database ({record.fallbacks:.0f} so far), those of others do not"
                )
                return True
            return record.strikes >= self._limits.strikes
        if record.unready_since is None or (pod.running_seconds or 0.0) < self._limits.running_seconds:
            return False
        if record.strikes >= self._limits.strikes:
            return True
        waiting = now - record.unready_since
        if waiting < self._limits.start_seconds:
            return False
        record.why = f"not ready {waiting:.0f} s after its API server started"
        return True

    def _decide(
        self, now: float, seen: t.Sequence[Observation], living: t.Sequence[Observation], stuck: list[Observation]
    ) -> Verdict:
        names = tuple(one.pod.name for one in stuck)
        why = "; ".join(f"{one.pod.name}: {self._records[one.pod.uid].why}" for one in stuck)
        fit = [one for one in living if one not in stuck and self._is_fit(one.pod)]
        if not fit:
            return Verdict(ALARM, f"{why}; no other replica answers in time, so none is replaced", suspects=names)
        beside = ", ".join(f"{one.pod.name} {one.answer.seconds:.3f} s" for one in fit if one.answer)
        why = f"{why}; beside it: {beside}"
        hindrance = self._hindrance(now, seen, living, stuck)
        in_vain = len(self._replaced) >= self._limits.burst
        if in_vain:
            why = f"{why}; {len(self._replaced)} replacements in a row did not help"
        if hindrance:
            return Verdict(ALARM if in_vain else NOTHING, f"{why}; {hindrance}", suspects=names)
        # One that never got ready serves nobody: it goes first.
        worst = min(stuck, key=lambda one: (one.pod.ready, one.pod.name))
        return Verdict(REPLACE, why, worst.pod, names)

    def _is_fit(self, pod: Pod) -> bool:
        return self._records[pod.uid].fit_rounds >= self._limits.strikes

    def _hindrance(
        self, now: float, seen: t.Sequence[Observation], living: t.Sequence[Observation], stuck: list[Observation]
    ) -> str:
        for one in seen:
            if one.pod.deleting:
                return f"waits until {one.pod.name} is gone"
        for one in living:
            if not one.pod.ready and one not in stuck:
                return f"waits until {one.pod.name} is ready"
        left = self._replaced[-1] + self.pause - now if self._replaced else 0.0
        return f"waits {left:.0f} s after {len(self._replaced)} replacements" if left > 0 else ""

    def _forget(self, now: float, living: t.Sequence[Observation]) -> None:
        if not living or not all(self._records[one.pod.uid].fit_rounds for one in living):
            self._well_since = None
            return
        self._well_since = now if self._well_since is None else self._well_since
        if now - self._well_since >= self._limits.forget_seconds:
            self._replaced = []
