# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Errors that say what is wrong, where, and what to do.

Rooms raise these; :func:`_core.module.run_module` converts them once, in ``main``.
"""

from __future__ import annotations

import typing as t


class HcpError(Exception):
    """An expected failure.

    :param message: what is wrong, in one sentence.
    :param where: the option path, object, host or file it is about.
    :param remedy: what the user should do next.
    :param details: plain data for the module result (never secrets).
    """

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        remedy: str | None = None,
        details: t.Mapping[str, t.Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.remedy = remedy
        self.details = dict(details or {})

    def __str__(self) -> str:
        text = self.message if self.where is None else f"{self.where}: {self.message}"
        return text if self.remedy is None else f"{text.rstrip('.')}. To fix: {self.remedy}"


class InvalidInput(HcpError):
    """An option's value cannot be used. ``where`` is the option path, such as ``hosted_clusters[0].name``."""


class ManyProblems(HcpError):
    """Several problems reported at once, so that a user mends them in one round."""

    def __init__(self, problems: t.Sequence[HcpError], *, headline: str) -> None:
        lines = [f"  {number}. {problem}" for number, problem in enumerate(problems, 1)]
        super().__init__("\n".join([headline, *lines]), details={"problems": [str(p) for p in problems]})
        self.problems = list(problems)


class Unreachable(HcpError):
    """A server did not answer at all: connection refused, no route, name not found, timed out."""


class CommandFailed(HcpError):
    """A program on the machine ended with an error."""


class TimedOut(HcpError):
    """Something awaited did not come. Message and details tell the last state seen and the next command to run."""
