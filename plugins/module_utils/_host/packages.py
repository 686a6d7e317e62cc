# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Debian packages: given as files, and those of the operating system that bring programs."""

from __future__ import annotations

import dataclasses
import typing as t
import urllib.parse

from .._core.errors import CommandFailed, HcpError, InvalidInput
from .._core.plan import Change, Plan
from .machine import Machine

#: Debian's packages ask this program whether they may start a service.
_POLICY = "/usr/sbin/policy-rc.d"
_UNIT_FOLDER = "/lib/systemd/system"


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

    Services that were not there before are not started: that is done by those who write their configuration.

    :raises CommandFailed: with dpkg's own words.
    """
    quiet = machine.read_stat(_POLICY) is None
    if quiet:
        machine.write_text(_POLICY, _policy(machine), 0o755)
    try:
        _install(machine, files)
    finally:
        if quiet:
            machine.remove(_POLICY)


def _policy(machine: Machine) -> str:
    """Lets services be restarted that are there now, and no other be started."""
    names = sorted({name.rsplit(".", 1)[0] for name in machine.read_names(_UNIT_FOLDER) if name.endswith(".service")})
    return "\n".join(
        [
            "#!/bin/sh",
            "# Of mothership.hcp, while it installs packages; it may be removed.",
            'case " $KNOWN " in',
            '  *" ${1%.service} "*) exit 0 ;;',
            "esac",
            "exit 101",
            "",
        ]
    ).replace("$KNOWN", " ".join(names))


def _install(machine: Machine, files: t.Sequence[str]) -> None:
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


def wanted_packages(machine: Machine, programs: t.Mapping[str, str], *, install: bool) -> Plan:
    """One change for each package that is missing.

    :param programs: package by program.
    :param install: whether they may be installed.
    :raises InvalidInput: when they may not.
    """
    plan = missing_packages(machine, programs)
    if plan and not install:
        raise packages_missing(plan)
    return plan


def missing_packages(machine: Machine, programs: t.Mapping[str, str]) -> Plan:
    packages = {package: name for name, package in programs.items() if not machine.is_program(name)}
    return Plan(
        [Change("create", f"package {package}", None, f"for {packages[package]}") for package in sorted(packages)]
    )


def install_missing(machine: Machine, packages: Plan) -> None:
    """Install with apt-get what :func:`wanted_packages` found.

    :raises InvalidInput: naming the packages and apt-get's own reason.
    """
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *_names(packages)]
    done = machine.execute(install, timeout=600, environment=environment, check=False)
    if done.code != 0:
        # Most often the lists of packages are old or were never read.
        machine.execute(["apt-get", "update"], timeout=300, environment=environment, check=False)
        done = machine.execute(install, timeout=600, environment=environment, check=False)
    if done.code != 0:
        raise packages_missing(packages, done.last_lines(3))


def packages_missing(packages: Plan, reason: str = "") -> HcpError:
    names = " ".join(_names(packages))
    return InvalidInput(
        f"packages of the operating system are missing: {names}" + (f"; apt-get says: {reason}" if reason else ""),
        remedy=f"install them on this machine ('apt-get install {names}') or give it a package mirror",
    )


def _names(packages: Plan) -> list[str]:
    return [change.target.split(" ", 1)[1] for change in packages.changes]
