# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same step on many machines at once, with one voice: who is where, and every failure together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TypeVar

from .command import PROGRESS_SECONDS, LabError, say
from .config import Machine

Result = TypeVar("Result")
Tell = Callable[[str], None]


def on_each(
    machines: Sequence[Machine], step: Callable[[Machine, Tell], Result], *, what: str
) -> dict[Machine, Result]:
    """Run a step on each machine in a thread; say the states while it lasts; raise all failures as one error."""
    states = {machine.name: "starting" for machine in machines}

    def tell(machine: Machine) -> Tell:
        return lambda text: states.update({machine.name: text})

    with ThreadPoolExecutor(max_workers=max(1, min(16, len(machines)))) as pool:
        running = {pool.submit(step, machine, tell(machine)): machine for machine in machines}
        pending = set(running)
        while pending:
            done, pending = wait(pending, timeout=PROGRESS_SECONDS, return_when=FIRST_COMPLETED)
            if not done:
                say(f"{what}: " + ", ".join(f"{running[job].name} {states[running[job].name]}" for job in pending))
    failures = [f"{machine.name}: {job.exception()}" for job, machine in running.items() if job.exception()]
    unexpected = [job.exception() for job in running if job.exception() and not isinstance(job.exception(), LabError)]
    if unexpected:
        raise RuntimeError("; ".join(failures)) from unexpected[0]
    if failures:
        raise LabError(f"{what}: {len(failures)} of {len(machines)} machine(s) failed:\n  " + "\n  ".join(failures))
    return {machine: job.result() for job, machine in running.items()}
