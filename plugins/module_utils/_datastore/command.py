# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Programs on the database machine: always with a time-out, never through a shell."""

from __future__ import annotations

import dataclasses
import subprocess
import typing as t

from .._core.errors import CommandFailed, TimedOut


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a program ended."""

    returncode: int
    stdout: str = ""
    stderr: str = ""


class Run(t.Protocol):
    """Runs a program. Tests pass a recorder instead of :func:`run`."""

    def __call__(
        self,
        argv: t.Sequence[str],
        *,
        stdin: str | None = None,
        timeout: float = 60,
        check: bool = True,
        environment: t.Mapping[str, str] | None = None,
    ) -> Outcome: ...


def run(
    argv: t.Sequence[str],
    *,
    stdin: str | None = None,
    timeout: float = 60,
    check: bool = True,
    environment: t.Mapping[str, str] | None = None,
) -> Outcome:
    """Run ``argv`` in ``/`` (a place every operating system user may be in).

    :param stdin: text for its standard input; where SQL and whatever must not be in an argument list goes.
    :param timeout: seconds.
    :param check: raise :class:`CommandFailed` when it ends with an error.
    :param environment: the whole environment; by default that of this process.
    """
    try:
        ended = subprocess.run(
            list(argv),
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            cwd="/",
            env=dict(environment) if environment is not None else None,
            check=False,
        )
    except FileNotFoundError as error:
        raise CommandFailed(f"the program {argv[0]} is not on this machine", where=argv[0]) from error
    except subprocess.TimeoutExpired as error:
        raise TimedOut(f"{argv[0]} did not end within {timeout:g} s", where=" ".join(argv[:4])) from error
    outcome = Outcome(ended.returncode, ended.stdout, ended.stderr)
    if check and outcome.returncode != 0:
        raise CommandFailed(last_lines(outcome.stderr or outcome.stdout) or "no output", where=" ".join(argv[:4]))
    return outcome


def last_lines(text: str, count: int = 8) -> str:
    """The last ``count`` lines that are not empty."""
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:])
