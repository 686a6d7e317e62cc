# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._host import k0s_binary

from .k0s_frame import NUMBER, K0sMachine, binary


@pytest.mark.parametrize("wanted", ["1.36.3+k0s.2", "v1.36.3+k0s.2", "1.36.3-k0s.2", "1.36.3", "v1.36.3", ""])
def test_a_version_with_or_without_the_part_of_k0s(wanted: str) -> None:
    assert k0s_binary.check_staged(K0sMachine(), wanted) == "1.36.3+k0s.2"


@pytest.mark.parametrize("wanted", ["1.36.3+k0s.1", "1.36.2", "1.37.3"])
def test_another_version_is_refused(wanted: str) -> None:
    with pytest.raises(InvalidInput, match=r"has version 1\.36\.3\+k0s\.2, asked for was"):
        k0s_binary.check_staged(K0sMachine(), wanted)


def test_a_binary_for_another_architecture_is_named_and_never_run() -> None:
    machine = K0sMachine()
    other, name = (0xB7, "arm64") if NUMBER != 0xB7 else (0x3E, "amd64")
    machine.put(k0s_binary.STAGED, binary(number=other))
    with pytest.raises(InvalidInput, match=f"k0s binary is for {name}, this machine is "):
        k0s_binary.check_staged(machine, "1.36.3")
    machine.put(k0s_binary.STAGED, "<html>not found</html>")
    with pytest.raises(InvalidInput, match="no program for Linux"):
        k0s_binary.check_staged(machine, "1.36.3")
    assert machine.asked == []


def test_a_binary_without_a_version_is_refused() -> None:
    with pytest.raises(HcpError, match="does not say its version"):
        k0s_binary.check_staged(K0sMachine(version=""), "1.36.3")


def test_it_is_outdated_when_another_one_is_staged() -> None:
    machine = K0sMachine()
    assert k0s_binary.is_outdated(machine)
    k0s_binary.install(machine)
    machine.asked.clear()
    assert not k0s_binary.is_outdated(machine)
    assert machine.asked == [], "files that were found equal are not read again"
    machine.stage("1.36.3+k0s.2")
    assert not k0s_binary.is_outdated(machine), "the same content in a new file"
    machine.stage("1.36.4+k0s.0")
    assert k0s_binary.is_outdated(machine)


def test_a_payload_is_seen() -> None:
    assert k0s_binary.has_payload(K0sMachine(payload=True))
    assert not k0s_binary.has_payload(K0sMachine())


def test_minor() -> None:
    assert k0s_binary.minor("v1.36.3+k0s.2") == k0s_binary.minor("1.36.0-rc.1+k0s") == (1, 36)
