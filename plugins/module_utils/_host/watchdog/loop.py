# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The rounds of the watchdog: look at all replicas, judge, act, tell."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import ssl
import threading
import time
import typing as t

from . import replica
from .decision import ALARM, NOTHING, REPLACE, Answer, Judge, Limits, Observation, Pod, Verdict
from .https import Refusal, context_for
from .mark import HighWater
from .mothership import Mothership
from .notify import notify
from .page import Figures

#: Questions asked at the same time.
_THREADS = 16
#: The counter of fallbacks stands on a large page, so it is read in one round of so many.
_METRICS_EVERY = 3
#: Seconds after which the watchdog's certificate for a cluster is read again.
_SECRET_SECONDS = 300.0
#: Seconds until an unchanged alarm is told again.
_TELL_SECONDS = 60.0


@dataclasses.dataclass(frozen=True)
class Settings:
    """How often and how long is asked.

    :param server_name: in the certificates of all API servers.
    :param act: with ``False`` it tells what it would replace, and replaces nothing.
    """

    interval: float = 5.0
    server_name: str = "kubernetes"
    act: bool = True
    limits: Limits = dataclasses.field(default_factory=Limits)

    @property
    def timeout(self) -> float:
        """Of one question: longer than a slow LIST; usually shorter than the interval, so that rounds are not late."""
        return self.limits.slow_seconds + 1.5


class _Cluster:
    """What is remembered of one hosted cluster."""

    def __init__(self, limits: Limits) -> None:
        self.judge = Judge(limits)
        self.context: ssl.SSLContext | None = None
        self.context_at = 0.0
        self.mark: HighWater | None = None
        self.told: tuple[str, float] = ("", 0.0)
        self.alarmed = False


class Watchdog:
    """One watchdog.

    :param say: told every line for the log.
    """

    def __init__(
        self, mothership: Mothership, settings: Settings, figures: Figures, say: t.Callable[[str], None]
    ) -> None:
        self._mothership, self._settings, self._figures, self._say = mothership, settings, figures, say
        self._clusters: dict[str, _Cluster] = {}
        self._rounds = 0
        self._pool = concurrent.futures.ThreadPoolExecutor(_THREADS)

    def run(self, stopping: threading.Event) -> None:
        """Rounds until it is told to stop; whatever goes wrong in one is told, and the next one comes."""
        while not stopping.is_set():
            started = time.monotonic()
            try:
                self.round()
            except (OSError, Refusal, KeyError, ValueError) as error:
                self._figures.add("errors")
                self._say(f"error the mothership cannot be asked: {error!r}")
            notify("WATCHDOG=1")
            stopping.wait(max(0.5, self._settings.interval - (time.monotonic() - started)))
        self._pool.shutdown(wait=False)

    def round(self) -> None:
        """One round over all hosted clusters."""
        self._figures.add("rounds")
        leader = self._mothership.hold_lease()
        self._figures.set("leader", int(leader))
        if not leader:
            self._clusters.clear()
            return
        found = self._mothership.clusters()
        self._clusters = {name: self._clusters.get(name) or _Cluster(self._settings.limits) for name in found}
        self._figures.keep(found)
        list(self._pool.map(lambda pair: self._prepare(*pair), found.items()))
        pods = dict(zip(found, self._pool.map(self._pods, found.values())))
        for name, seen in self._look(pods).items():
            self._settle(name, found[name], seen)
        self._rounds += 1

    def _prepare(self, name: str, namespace: str) -> None:
        """The certificate and the mark of a cluster."""
        cluster, now = self._clusters[name], time.monotonic()
        if cluster.mark is None:
            stored = self._mothership.mark(namespace)
            cluster.mark = None if stored is None else HighWater(stored)
        if cluster.context is None or now - cluster.context_at > _SECRET_SECONDS:
            texts = self._mothership.secret(namespace)
            if {"ca.crt", "client.crt", "client.key"} <= set(texts):
                cluster.context = context_for(texts["ca.crt"], texts["client.crt"], texts["client.key"])
                cluster.context_at = now

    def _pods(self, namespace: str) -> list[Pod]:
        """None where the watchdog has no rights (yet): other clusters are looked after all the same."""
        try:
            return self._mothership.pods(namespace)
        except Refusal as refusal:
            if refusal.status not in (403, 404):
                raise
            return []

    def _look(self, pods: t.Mapping[str, t.Sequence[Pod]]) -> dict[str, list[Observation]]:
        """Ask all replicas of all clusters at once.

        A hanging LIST lasts, so a server's running time is told as it is when the answers are there.
        """
        began = time.monotonic()
        asked = {
            (name, pod.uid): self._pool.submit(self._ask, name, pod)
            for name, found in pods.items()
            for pod in found
            if pod.address and pod.port and pod.running_seconds is not None and not pod.deleting
        }
        answers = {key: future.result() for key, future in asked.items()}
        passed = time.monotonic() - began
        return {
            name: [Observation(_older(pod, passed), answers.get((name, pod.uid))) for pod in found]
            for name, found in pods.items()
        }

    def _ask(self, name: str, pod: Pod) -> Answer | None:
        context = self._clusters[name].context
        if context is None:
            return None
        answer = replica.ask(
            pod,
            self._settings.server_name,
            context,
            timeout=self._settings.timeout,
            slow_seconds=self._settings.limits.slow_seconds,
            with_metrics=self._rounds % _METRICS_EVERY == 0,
        )
        self._figures.add("checks", name)
        return answer

    def _settle(self, name: str, namespace: str, seen: t.Sequence[Observation]) -> None:
        cluster, now = self._clusters[name], time.monotonic()
        for one in seen:
            if one.answer is not None:
                self._figures.set("list_seconds", one.answer.seconds, name, one.pod.name)
        verdict = cluster.judge.judge(now, seen)
        self._figures.add("suspects", name, len(verdict.suspects))
        self._carry_out(name, namespace, verdict)
        self._keep_mark(name, namespace, [one.answer.revision for one in seen if one.answer and one.answer.revision])

    def _carry_out(self, name: str, namespace: str, verdict: Verdict) -> None:
        cluster = self._clusters[name]
        alarmed, cluster.alarmed = cluster.alarmed, verdict.action == ALARM
        if verdict.action == REPLACE and verdict.pod is not None:
            self._replace(name, namespace, verdict.pod, verdict.reason)
        elif verdict.action == ALARM:
            if not alarmed:
                self._figures.add("alarms", name)
                self._tell(namespace, None, "ReplicasSlow", verdict.reason)
            self._say_now_and_then(name, f"alarm cluster={name} {verdict.reason}")
        elif verdict.action == NOTHING and verdict.reason:
            self._say_now_and_then(name, f"wait cluster={name} {verdict.reason}")
        else:
            cluster.told = ("", 0.0)

    def _replace(self, name: str, namespace: str, pod: Pod, reason: str) -> None:
        if not self._settings.act:
            self._say_now_and_then(name, f"would-replace cluster={name} pod={pod.name} {reason}")
            return
        if not self._mothership.may_act:
            self._say(f"wait cluster={name} pod={pod.name} the lease is not sure; {reason}")
            return
        try:
            deleted = self._mothership.delete_pod(namespace, pod)
        except (OSError, Refusal) as error:
            self._say(f"error cluster={name} pod={pod.name} cannot be deleted: {error}; {reason}")
            return
        if not deleted:
            self._say(f"wait cluster={name} pod={pod.name} is gone already; {reason}")
            return
        self._clusters[name].judge.replaced(time.monotonic())
        self._figures.add("replacements", name)
        self._say(f"replace cluster={name} pod={pod.name} uid={pod.uid} {reason}")
        self._tell(namespace, pod, "StuckReplicaReplaced", reason)

    def _keep_mark(self, name: str, namespace: str, revisions: list[int]) -> None:
        mark, now = self._clusters[name].mark, time.monotonic()
        if mark is None:
            return
        before = mark.behind
        mark.see(revisions)
        if mark.behind and not before:
            text = f"the database is {mark.behind} revisions behind the mark {mark.value}: run database_recover"
            self._say(f"alarm cluster={name} {text}")
            self._figures.add("alarms", name)
            self._tell(namespace, None, "DatabaseBehindItsMark", text)
        self._figures.set("revision_high_water", mark.value, name)
        self._figures.set("revision_behind", mark.behind, name)
        value = mark.due(now)
        if value is None:
            return
        try:
            self._mothership.store_mark(namespace, value)
            mark.written(value, now)
        except (OSError, Refusal) as error:
            self._say(f"error cluster={name} the revision mark cannot be stored: {error}")

    def _tell(self, namespace: str, pod: Pod | None, reason: str, message: str) -> None:
        """An Event; the log has the line already, so that a failure here loses nothing."""
        kind, name, uid = ("Pod", pod.name, pod.uid) if pod else ("Namespace", namespace, "")
        try:
            self._mothership.tell(namespace, kind, name, uid, reason, message)
        except (OSError, Refusal) as error:
            self._say(f"error no event for {namespace}/{name}: {error}")

    def _say_now_and_then(self, name: str, text: str) -> None:
        """A state that lasts is not told every round; only its beginning decides whether it is the same."""
        cluster, now, kind = self._clusters[name], time.monotonic(), text.split(" ", 1)[0]
        if cluster.told[0] != kind or now - cluster.told[1] >= _TELL_SECONDS:
            cluster.told = (kind, now)
            self._say(text)


def _older(pod: Pod, seconds: float) -> Pod:
    if pod.running_seconds is None:
        return pod
    return dataclasses.replace(pod, running_seconds=pod.running_seconds + seconds)
