# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.bundle``: make, list or partly build the lab's bundle."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from .builder import Builder
from .cache import Cache, Entry, default_cache_root
from .errors import BundleError
from .folder import BundleFile, component_files, image_file, manifest, write_bundle
from .k0s import find_k0s, with_k0s
from .progress import say
from .table import Component, Table, expected_outputs, load_table
from .toolchain import find_go

LAB = Path(__file__).resolve().parent.parent


def main() -> int:
    """Parse the command line, run, and turn expected errors into a message."""
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        table = load_table(arguments.table)
        k0s = find_k0s(arguments.k0s, table.architecture)
        if k0s is not None:
            table = with_k0s(table, k0s)
        if arguments.list:
            return _list(table)
        if not arguments.only and arguments.output is None:
            raise BundleError("say where the bundle belongs with --output FOLDER, or name components with --only")
        return _run(table, arguments)
    except BundleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on, finished components are kept", file=sys.stderr)
        return 130


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab.bundle", description="Make the lab's bundle from public sources."
    )
    parser.add_argument("--output", type=Path, help="folder of the bundle")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="build into the cache only (repeatable)"
    )
    parser.add_argument("--list", action="store_true", help="print the component table and end")
    parser.add_argument(
        "--k0s", metavar="FILE", help="take this k0s binary into the bundle (default: LAB_K0S; none without either)"
    )
    parser.add_argument("--table", type=Path, default=LAB / "components.yaml", help="another component table")
    return parser


def _list(table: Table) -> int:
    for component in table.components:
        made = ", ".join(component.debian.packages if component.debian else expected_outputs(component))
        say(f"{component.name:22} {component.version:8} {component.seconds:4} s  {made}")
        for image in component.images:
            say(f"{'':38}image {image.reference}")
    return 0


def _run(table: Table, arguments: argparse.Namespace) -> int:
    began = time.monotonic()
    cache = Cache(default_cache_root())
    builder = Builder(table, cache, find_go(table.toolchain, cache.root), LAB / "programs")
    chosen = _chosen(table, builder, arguments.only)
    entries = builder.build_components(chosen)
    named = [one for one in chosen if not arguments.only or one.name in arguments.only]
    files = _files(builder, named, entries)
    if arguments.only:
        say(f"in the cache: {', '.join(str(entries[one.name].directory) for one in named)}")
        return 0
    changed = write_bundle(arguments.output, manifest(table, files), files)
    size = sum(file.record.size for file in files) / 1e6
    state = "bundle is complete" if changed else "bundle is up to date"
    say(f"{state}: {arguments.output} ({len(files)} files, {size:.0f} MB, {time.monotonic() - began:.1f} s)")
    return 0


def _chosen(table: Table, builder: Builder, only: list[str]) -> list[Component]:
    """All components, or the named ones with those that their images need."""
    if not only:
        return list(table.components)
    names = {table.component(name).name for name in only}
    for name in only:
        for image in table.component(name).images:
            names |= builder.parts_of(image)
    return [component for component in table.components if component.name in names]


def _files(builder: Builder, components: list[Component], entries: dict[str, Entry]) -> list[BundleFile]:
    files = []
    for component in components:
        files += component_files(component, entries[component.name])
        for image in component.images:
            files.append(image_file(component, image, builder.build_image(image, entries)))
    return files


if __name__ == "__main__":
    sys.exit(main())
