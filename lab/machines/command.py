# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running commands and talking to the user: every command has a time limit, every wait is heard of."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

PROGRESS_SECONDS = 10.0
_START = time.monotonic()


class LabError(Exception):
    """Something the user must know of and can act on; printed without a traceback."""


def say(text: str) -> None:
    """Print a line with the seconds since the start, so that slow steps show."""
    print(f"[{time.monotonic() - _START:6.1f} s] {text}", flush=True)


def bound_to_parent(argv: Sequence[str]) -> list[str]:
    """Wrap a command so that it ends with its parent.

    A killed `up` must not leave a podman at work that the next `up` would race with.
    SIGTERM, because podman finishes its critical section on it.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", *argv] if setpriv else list(argv)


def run(
    argv: Sequence[str], *, timeout: float, stdin: str = "", check: bool = True, what: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command and return its output; a failure or an overrun becomes a LabError that quotes its last words."""
    what = what or " ".join(argv[:3])
    try:
        done = subprocess.run(
            bound_to_parent(argv), input=stdin, timeout=timeout, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise LabError(f"{what}: {argv[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        if not check:
            return subprocess.CompletedProcess(list(argv), 124, "", f"no answer within {timeout:.0f} s")
        raise LabError(f"{what}: no answer within {timeout:.0f} s") from error
    if check and done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-3:]
        raise LabError(f"{what}: exit code {done.returncode}: {' / '.join(words)}")
    return done


def stream(argv: Sequence[str], *, log: Path, timeout: float, what: str, env: dict[str, str] | None = None) -> None:
    """Run a long command with its output in a file, and say its newest line often enough to show that it lives."""
    log.parent.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            bound_to_parent(argv), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=env
        )
    while True:
        try:
            code = process.wait(timeout=PROGRESS_SECONDS)
            break
        except subprocess.TimeoutExpired:
            spent = time.monotonic() - begin
            say(f"{what}: {spent:.0f} s; {last_line(log)}")
            if spent > timeout:
                process.kill()
                raise LabError(f"{what}: not done within {timeout:.0f} s; see {log}") from None
    if code != 0:
        raise LabError(f"{what}: exit code {code}: {last_line(log)}; see {log}")


def last_line(log: Path) -> str:
    """Return the newest non-empty line of a log."""
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1].strip()[:120] if lines else "no output yet"
