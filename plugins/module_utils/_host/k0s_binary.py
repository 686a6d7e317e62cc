# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The k0s binary: staged by ``bundle_install``, checked, and put in the place of the installed one."""

from __future__ import annotations

import json

from .._core.errors import HcpError, InvalidInput
from .facts import architecture
from .machine import STATE_FOLDER, Machine

#: Where ``bundle_install`` puts it: the installed one must not change while the service runs.
STAGED = f"{STATE_FOLDER}/k0s/k0s"
INSTALLED = "/usr/local/bin/k0s"
_RECORD = f"{STATE_FOLDER}/k0s/installed.json"
#: ELF's numbers of machines and the kernel's names, by Go's names of architectures.
_ELF_MACHINES = {0x3E: "amd64", 0xB7: "arm64", 0x28: "arm", 0xF3: "riscv64"}


def check_staged(machine: Machine, wanted: str) -> str:
    """The version of the staged binary.

    :param wanted: ``1.36.3+k0s.2``, or ``1.36.3`` when any patch of k0s will do; empty: whatever it is.
    :raises InvalidInput: when it is for another architecture or of another version.
    """
    _check_architecture(machine)
    found = read_version(machine, STAGED)
    if found is None:
        raise HcpError(
            "the k0s binary does not say its version",
            where=STAGED,
            remedy="build it with its version stamped, or take a release; send it with mothership.hcp.bundle_install",
        )
    wanted = wanted.lstrip("v").replace("-k0s.", "+k0s.")
    compared = found if "+" in wanted else found.split("+")[0]
    if wanted and compared != wanted:
        raise InvalidInput(
            f"the k0s binary has version {found}, asked for was {wanted}",
            where=STAGED,
            remedy=f"give a bundle with k0s {wanted}, or ask for {found}",
        )
    return found


def _check_architecture(machine: Machine) -> None:
    head = machine.read_head(STAGED, 20)
    if head[:4] != b"\x7fELF" or len(head) < 20:
        raise InvalidInput(
            "this is no program for Linux",
            where=STAGED,
            remedy="check file bin/k0s of the bundle and send it again with mothership.hcp.bundle_install",
        )
    number = head[18] | head[19] << 8
    found = _ELF_MACHINES.get(number, f"machine number {number}")
    here = architecture()
    if found != here:
        raise InvalidInput(
            f"k0s binary is for {found}, this machine is {here}",
            where=STAGED,
            remedy=f"give this machine a bundle for {here}",
        )


def read_version(machine: Machine, path: str) -> str | None:
    """What ``k0s version`` says, without ``v``; ``None`` when it cannot be run or says nothing."""
    if not machine.is_present(path):
        return None
    done = machine.ask([path, "version"], timeout=30)
    return (done.stdout.strip().lstrip("v") or None) if done.code == 0 else None


def minor(version: str) -> tuple[int, ...]:
    """``(1, 36)`` of ``v1.36.3+k0s.2``."""
    return tuple(int(part) for part in version.lstrip("v").split("+")[0].split("-")[0].split(".")[:2])


def has_payload(machine: Machine) -> bool:
    """Whether the staged binary brings kubelet, containerd and all others with it."""
    return machine.is_present(STAGED) and machine.is_zip_archive(STAGED)


def is_outdated(machine: Machine) -> bool:
    """Whether the staged binary is another one than the installed one, or none is installed."""
    staged, installed = machine.read_stat(STAGED), machine.read_stat(INSTALLED)
    if staged is None:
        return False
    if installed is None or staged.size != installed.size:
        return True
    if _record(machine) == [staged.identity, installed.identity]:
        return False
    return machine.read_sha256(STAGED) != machine.read_sha256(INSTALLED)


def install(machine: Machine) -> None:
    """Put the staged binary in the place of the installed one; the service must be stopped."""
    machine.copy_file(STAGED, INSTALLED, 0o755)
    staged, installed = machine.read_stat(STAGED), machine.read_stat(INSTALLED)
    if staged and installed:
        machine.write_text(_RECORD, json.dumps([staged.identity, installed.identity]) + "\n")


def _record(machine: Machine) -> object:
    """Which files were found equal last: comparing them again takes a second of processor time."""
    try:
        return json.loads(machine.read_text(_RECORD) or "null")
    except ValueError:
        return None
