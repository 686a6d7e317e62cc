# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command with its output in a log, progress while it runs, and a useful message when it fails."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import BuildError

PROBE_SECONDS = 1.0
TAIL_LINES = 20
ADVICE = "mend the cause and run the same command again; finished components are kept."


@dataclass(frozen=True)
class Runner:
    """What all commands of one component's build share."""

    component: str
    log: Path
    tick: Callable[[], None]

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str] | None = None,
        timeout: float,
        advice: str = "",
    ) -> str:
        """Run to the end and return the standard output; standard error goes to the log."""
        output = cwd / ".stdout"
        with self.log.open("ab") as log, output.open("wb") as stdout:
            log.write(f"$ {' '.join(command)}\n".encode())
            log.flush()
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=log,
                start_new_session=True,
            )
            status = self._wait(process, timeout)
        if status != 0:
            with self.log.open("ab") as log:  # some commands say on standard output what went wrong
                log.write(output.read_bytes())
            raise BuildError(self._failure(command, status, timeout, advice))
        return output.read_text(encoding="utf-8", errors="replace")

    def _wait(self, process: subprocess.Popen[bytes], timeout: float) -> int | None:
        waited = 0.0
        try:
            while waited < timeout:
                try:
                    return process.wait(PROBE_SECONDS)
                except subprocess.TimeoutExpired:
                    waited += PROBE_SECONDS
                    self.tick()
            return None
        finally:
            _end_session(process)

    def _failure(self, command: Sequence[str], status: int | None, timeout: float, advice: str) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
        end = f"did not end within {timeout:.0f} s" if status is None else f"ended with status {status}"
        return "\n".join(
            [
                f"{self.component} could not be built: `{' '.join(command[:3])} …` {end}. Its last lines:",
                *(f"    {line}" for line in lines),
                f"Full log: {self.log}",
                f"What to do: {advice or ADVICE}",
            ]
        )


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """Leave no compiler behind when the builder itself is interrupted or has waited long enough."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
