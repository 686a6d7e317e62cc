# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core import balancing
from ansible_collections.mothership.hcp.plugins.module_utils._core.balancing import VirtualAddress
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._host import load_balancer_config as config
from ansible_collections.mothership.hcp.plugins.module_utils._host.load_balancer_config import (
    Port,
    Server,
)

SERVERS = (Server("ms1", "192.0.2.11"), Server("ms2", "fd00::12"))
API = Port("api", "6443", SERVERS, "https", True)
KONNECTIVITY = Port("konnectivity", "8132", SERVERS, "tcp", False)
NODE_PORTS = Port("node-ports", "30000-32767", SERVERS, "kube-proxy", True, 10256)
VIRTUAL = VirtualAddress("192.0.2.10", "eth0", "192.0.2.5", ("192.0.2.6",), 0, 51)


def section(text: str, name: str) -> list[str]:
    """The lines of one section, without the space before them."""
    body = text.split(f"\nlisten {name}\n")[1].split("\nlisten ")[0]
    return [line.strip() for line in body.splitlines() if line.strip()]


def haproxy(*ports: Port, ipv6: bool = False) -> str:
    return config.haproxy_config(ports, max_connections=500, ipv6=ipv6)


def test_clients_of_the_api_stay_on_one_server() -> None:
    lines = section(haproxy(API, KONNECTIVITY), "api")
    assert lines[:3] == ["bind *:6443", "balance source", "hash-type consistent"]
    assert "server ms1 192.0.2.11:6443 check check-ssl verify none" in lines
    assert "server ms2 [fd00::12]:6443 check check-ssl verify none" in lines
    # k0s answers 401 to anonymous clients.
    assert "http-check expect status 200,401,403" in lines


def test_konnectivity_goes_to_all_servers() -> None:
    lines = section(haproxy(API, KONNECTIVITY), "konnectivity")
    assert "balance roundrobin" in lines
    assert "balance source" not in lines


def test_a_range_is_passed_on_port_by_port() -> None:
    lines = section(haproxy(NODE_PORTS), "node-ports")
    assert lines[0] == "bind *:30000-32767"
    assert "server ms1 192.0.2.11 check port 10256 fall 5" in lines


def test_ipv6_is_listened_on_when_asked() -> None:
    assert "bind [::]:6443 v4v6" in section(haproxy(API, ipv6=True), "api")


def test_every_configuration_has_its_identity() -> None:
    names = {
        balancing.identity(haproxy(API)),
        balancing.identity(haproxy(API, KONNECTIVITY)),
        balancing.identity("global\n"),
    }
    assert len(names) == 3
    assert balancing.identity(haproxy(API)) == balancing.identity(haproxy(API))


def test_the_ports_of_a_configuration_are_found_again() -> None:
    assert config.bound_ports(haproxy(API)) == {6443, balancing.HEALTH_PORT}
    assert len(config.bound_ports(haproxy(API, NODE_PORTS, ipv6=True))) == 2 + 2768
    assert config.bound_ports("listen other\n    bind *:80\n") == set()


@pytest.mark.skipif(shutil.which("haproxy", path="/usr/sbin:/usr/bin") is None, reason="haproxy is not installed")
@pytest.mark.parametrize("ipv6", [False, True])
def test_haproxy_takes_it(tmp_path: pathlib.Path, ipv6: bool) -> None:
    path = tmp_path / "haproxy.cfg"
    path.write_text(haproxy(API, KONNECTIVITY, NODE_PORTS, ipv6=ipv6))
    program = shutil.which("haproxy", path="/usr/sbin:/usr/bin") or ""
    done = subprocess.run([program, "-c", "-f", str(path)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr


def test_keepalived_talks_to_its_peers_only() -> None:
    text = config.keepalived_config(VIRTUAL)
    assert "unicast_src_ip 192.0.2.5\n    unicast_peer {\n        192.0.2.6\n    }" in text
    assert "192.0.2.10/32 dev eth0" in text
    assert "auth" not in text
    assert "nopreempt" in text
    assert "priority 150" in text


def test_a_later_machine_comes_behind() -> None:
    other = VirtualAddress("fd00::10", "eth1", "fd00::6", (), 3, 52)
    text = config.keepalived_config(other)
    assert "priority 147" in text
    assert "fd00::10/128 dev eth1" in text
    assert "unicast_peer" not in text


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("a b", "192.0.2.1"),
        ("a", ""),
        ("a", "192.0.2.999"),
        ("a", "192.0.2.1:6443"),
        ("a", "fe80::1%eth0"),
        ("a", "192.0.2.1\n    x"),
        ("", "a"),
    ],
)
def test_servers_that_cannot_be(name: str, address: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be a server"):
        config.server_of("servers", name, address)


@pytest.mark.parametrize("address", ["192.0.2.1", "fd00::1", "ms1", "1-ms", "ms-1.k8s.example.com"])
def test_servers_that_can_be(address: str) -> None:
    assert config.server_of("servers", "ms1", address).address == address


@pytest.mark.parametrize("text", ["a", "0", "70000", "10-", "20-10", "1-2-3"])
def test_ranges_that_cannot_be(text: str) -> None:
    with pytest.raises(InvalidInput, match="node_ports"):
        config.port_range("node_ports", text)


def test_ranges_that_can_be() -> None:
    assert [config.port_range("", text) for text in ("80", " 100 - 200 ", "0100-200")] == ["80", "100-200", "100-200"]
