# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Debian packages given as files."""

from __future__ import annotations

import dataclasses
import typing as t
import urllib.parse

from .._core.errors import CommandFailed, InvalidInput
from .machine import Machine


@dataclasses.dataclass(frozen=True)
class Package:
    """Name and version as dpkg knows them."""

    name: str
    version: str

    @classmethod
    def from_file_name(cls, file_name: str) -> Package:
        """From ``name_version_architecture.deb``; a colon of the version may be written as ``%3a``.

        :raises InvalidInput: when the name has another form.
        """
        parts = file_name.rsplit(".", 1)[0].split("_")
        if len(parts) != 3 or not file_name.endswith(".deb"):
            raise InvalidInput("a package's file must be named NAME_VERSION_ARCHITECTURE.deb", where=file_name)
        return cls(parts[0], urllib.parse.unquote(parts[1]))


def installed_packages(machine: Machine) -> dict[str, str]:
    """Version by name of every package that is installed and configured."""
    done = machine.ask(["dpkg-query", "--show", "--showformat", "${Package}\t${Version}\t${db:Status-Status}\n"])
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return {row[0]: row[1] for row in rows if len(row) == 3 and row[2] == "installed"}


def is_satisfied(machine: Machine, package: Package, installed: t.Mapping[str, str]) -> bool:
    """Whether the package is installed in this version or a newer one."""
    current = installed.get(package.name)
    if current is None:
        return False
    if current == package.version:
        return True
    return machine.ask(["dpkg", "--compare-versions", current, "ge", package.version]).code == 0


def install_packages(machine: Machine, files: t.Sequence[str]) -> None:
    """Install all in one go, keeping configuration files that were changed.

    :raises CommandFailed: with dpkg's own words.
    """
    argv = ["dpkg", "--install", "--force-confdef", "--force-confold", *files]
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    done = machine.execute(argv, timeout=900, environment=environment, check=False)
    if done.code != 0:
        # A package that must be configured before another is unpacked: the second pass finds it configured.
        done = machine.execute(argv, timeout=900, environment=environment, check=False)
    if done.code != 0:
        raise CommandFailed(
            f"dpkg could not install the packages of the bundle:\n{done.last_lines()}",
            remedy="if packages are missing, rebuild the bundle for this release of the operating system",
        )
