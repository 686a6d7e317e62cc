#!/usr/bin/env python3
# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which distribution the lab's mothership and hosted clusters get. Standard library only: it runs before the venv.

Usage: ``python3 -m lab.distribution`` looks at the variables that ``make`` was called with, and says at once what is
wrong, before anything is built.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

DISTRIBUTIONS = ("kubeadm", "k0s")
VARIABLES = ("DISTRIBUTION", "MOTHERSHIP_DISTRIBUTION", "CLUSTER_DISTRIBUTION")
K0S_NEEDED = (
    "needs a k0s binary, and LAB_K0S is not set. What to do: download k0s-v1.36.3+k0s.2-amd64 from "
    "https://github.com/k0sproject/k0s/releases, check it with the release's sha256sums.txt, make it executable, "
    "and add LAB_K0S=/path/to/it. docs/lab.md says more."
)


def problems(environment: Mapping[str, str], *, needs_binary: bool = True) -> list[str]:
    """What is wrong with the variables; an empty one counts as not set."""
    chosen = {name: environment[name] for name in VARIABLES if environment.get(name)}
    known = " and ".join(DISTRIBUTIONS)
    found = [
        f"{name}={value}: there is no such distribution. What to do: choose one of {known}"
        for name, value in chosen.items()
        if value not in DISTRIBUTIONS
    ]
    with_k0s = [name for name, value in chosen.items() if value == "k0s"]
    if with_k0s and needs_binary and not environment.get("LAB_K0S"):
        found.append(f"{with_k0s[0]}=k0s {K0S_NEEDED}")
    return found


def main() -> int:
    """Print every problem and end with 2 when there is one."""
    found = problems(os.environ, needs_binary="--without-binary" not in sys.argv[1:])
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    return 2 if found else 0


if __name__ == "__main__":
    sys.exit(main())
