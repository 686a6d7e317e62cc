# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Flags that a k0smotron cluster gives to ``k0s controller``."""

from __future__ import annotations

import dataclasses
import re
import shlex
import typing as t

from .._controlplane.k0s_options import COMPONENTS, MANAGED_FLAGS
from .problems import Findings

#: k0smotron leaves its flags to a shell, without quotes: these characters have a meaning there.
_SHELL = re.compile(r"[$`;&|<>\n]")
_SHORT = {"c": "config"}
#: What mothership.hcp decides in the same way.
_TRUE = ("", "true", "1")


@dataclasses.dataclass(frozen=True)
class Flags:
    """What is left of the flags.

    :param disabled: components, from ``--disable-components``.
    """

    rest: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()


def translate_flags(given: t.Sequence[str], where: str, findings: Findings) -> Flags:
    """Our options for the flags; those that we set ourselves are refused."""
    rest: list[str] = []
    disabled: list[str] = []
    for word in _words(given, where, findings):
        name, equals, value = word.lstrip("-").partition("=")
        name = _SHORT.get(name, name)
        if not word.startswith("-"):
            findings.refuse(
                f"{word!r} is an argument and no flag",
                where,
                "remove it: the replicas need no token to find each other",
            )
        elif name == "disable-components":
            disabled += _components(value, findings)
        elif name == "enable-dynamic-config":
            if value not in _TRUE:
                findings.note("The configuration in the cluster itself (kube-system/k0s) is used from now on.")
        elif name in MANAGED_FLAGS:
            findings.refuse(
                f"--{name} is set by mothership.hcp",
                where,
                "remove the flag, and let k0smotron restart the control plane without it first",
            )
        else:
            rest.append(word if equals else f"--{name}" if word.startswith("--") else word)
    return Flags(tuple(rest), tuple(dict.fromkeys(disabled)))


def _components(value: str, findings: Findings) -> list[str]:
    """Names that k0s takes and does not know have no effect."""
    given = [part for part in value.split(",") if part]
    for name in given:
        if name not in COMPONENTS:
            findings.note(f"k0s has no component {name} to disable; the name is not kept.")
    return [name for name in given if name in COMPONENTS]


def _words(given: t.Sequence[str], where: str, findings: Findings) -> list[str]:
    """The flags as the shell would hand them on, each with its value."""
    words: list[str] = []
    for text in given:
        if _SHELL.search(text):
            findings.refuse(
                f"{text!r} means something to the shell that k0smotron starts", where, "write the plain value"
            )
            continue
        try:
            parts = shlex.split(text)
        except ValueError as error:
            findings.refuse(f"{text!r} cannot be read: {error}", where, "close the quotes")
            continue
        for part in parts:
            # "--flag value" is "--flag=value"; nothing but a flag begins with a hyphen.
            if words and not part.startswith("-") and words[-1].startswith("--") and "=" not in words[-1]:
                words[-1] += f"={part}"
            else:
                words.append(part)
    return words
