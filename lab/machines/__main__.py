# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the lab's machines: `python -m lab.machines up|down|status`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.distribution import DISTRIBUTIONS

from . import lifecycle, status
from .command import LabError
from .config import Lab, MachineList, checkout, load
from .inventory import Distributions

NOT_ALL_UP = 3


def parser() -> argparse.ArgumentParser:
    """The command line."""
    main_parser = argparse.ArgumentParser(prog="python -m lab.machines", description=__doc__)
    commands = main_parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="make the declared machines run; idempotent")
    up.add_argument("--bundle", type=Path, help="bundle with bin/versitygw for the lab's S3 (default: .lab/bundle)")
    up.add_argument("--timeout", type=float, default=90.0, help="seconds a machine may take to start (default: 90)")
    for part in ("mothership", "cluster"):
        up.add_argument(
            f"--{part}-distribution", choices=DISTRIBUTIONS, help="written into the inventory (default: kubeadm)"
        )
    down = commands.add_parser("down", help="remove the machines; caches and the image stay; idempotent")
    down.add_argument("--all", action="store_true", help="remove the machines' image as well")
    state = commands.add_parser("status", help=f"show the machines; exit code {NOT_ALL_UP} when not all are up")
    for command in (up, state):
        command.add_argument(
            "--machines", type=Path, help="list of machines (default: LAB_MACHINES, lab/machines.yaml)"
        )
    return main_parser


def declared_machines(lab: Lab, named: Path | None) -> MachineList:
    """Load the list that the user means."""
    from_environment = os.environ.get("LAB_MACHINES")
    path = named or (Path(from_environment) if from_environment else lab.root / "lab" / "machines.yaml")
    return load(path)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    options = parser().parse_args(argv)
    lab = checkout()
    try:
        if options.command == "down":
            lifecycle.down(lab, image=options.all)
            return 0
        declared = declared_machines(lab, options.machines)
        if options.command == "up":
            distributions = Distributions(options.mothership_distribution, options.cluster_distribution)
            lifecycle.up(lab, declared, options.bundle, options.timeout, distributions)
            return 0
        rows = status.rows(lab, declared)
        print(status.table(rows))
        return 0 if all(row.up for row in rows) else NOT_ALL_UP
    except LabError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the next `up` finishes what is half done", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
