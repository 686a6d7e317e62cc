# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core import balancing

ROUTES = """Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0
eth1 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0
eth2 0A0200C0 00000000 0000 0 0 0 FFFFFFFF 0 0 0
"""


def test_the_most_exact_route_counts() -> None:
    assert balancing.interface_to(ROUTES, "192.0.2.10") == "eth1"
    assert balancing.interface_to(ROUTES, "198.51.100.1") == "eth0"
    assert balancing.interface_to("", "198.51.100.1") == ""


def test_addresses_of_the_machine() -> None:
    tree = (
        "     |-- 192.0.2.5\n        /32 host LOCAL\n     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 192.0.2.0\n"
    )
    assert balancing.local_addresses(tree) == {"192.0.2.5"}


def test_an_identity_is_that_of_the_text() -> None:
    one, other = (balancing.with_identity(head + balancing.HEALTH_FRONTEND) for head in ("a\n", "b\n"))
    assert balancing.identity(one).startswith("configuration-")
    assert balancing.identity(one) != balancing.identity(other)
    assert balancing.identity("global\n") == balancing.identity("") == ""


@pytest.mark.parametrize(
    ("text", "used"),
    [("global\n", False), ("# frontend x\n", False), ("\n frontend x\n", True), ("vrrp_instance x {\n", True)],
)
def test_what_is_in_use(text: str, used: bool) -> None:
    assert balancing.is_in_use(text) == used


def test_keepalived_of_several_groups_differs() -> None:
    virtual = balancing.VirtualAddress("fd00::10", "eth1", "fd00::6", (), 1, 52)
    text = balancing.keepalived_config(virtual, marker="# m", check="/check", instance="one")
    assert text.startswith("# m\n")
    assert "vrrp_instance one {" in text
    assert "priority 149" in text
    assert "fd00::10/128 dev eth1" in text
    assert "unicast_peer" not in text


def test_bash_reads_the_check() -> None:
    bash = shutil.which("bash")
    assert bash is not None
    text = balancing.keepalived_check("# m")
    assert subprocess.run([bash, "-n"], input=text, text=True, timeout=30, check=False).returncode == 0
