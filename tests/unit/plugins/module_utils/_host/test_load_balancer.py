# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core import balancing
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import (
    CommandFailed,
    HcpError,
    InvalidInput,
    TimedOut,
)
from ansible_collections.mothership.hcp.plugins.module_utils._host import load_balancer
from ansible_collections.mothership.hcp.plugins.module_utils._host.load_balancer_settings import Settings
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Completed

from tests.unit.plugins.module_utils._host.fake_machine import FakeMachine

OPTIONS: dict[str, t.Any] = {
    "name": "lb-1",
    "machines": {"lb-1": "192.0.2.5", "lb-2": "192.0.2.6"},
    "servers": {"ms-2": "192.0.2.12", "ms-1": "192.0.2.11"},
    "distribution": "k0s",
    "api_port": 6443,
    "k0s_api_port": 9443,
    "konnectivity_port": 8132,
    "node_ports": "30000-30010",
    "node_port_servers": {"ms-1": "192.0.2.11"},
    "node_port_health_port": 10256,
    "virtual_address": "192.0.2.10",
    "virtual_router_id": 51,
    "interface": "",
    "max_connections": 500,
    "ipv6": False,
}
#: Default route through eth0, 192.0.2.0/24 on eth1, an interface that is down.
ROUTES = """Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0
eth1 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0
eth2 0A0200C0 00000000 0000 0 0 0 FFFFFFFF 0 0 0
"""
LOCAL = """Local:
  +-- 192.0.2.0/24 2 0 2
     |-- 192.0.2.5
        /32 host LOCAL
     |-- 127.0.0.1
        /32 host LOCAL
"""
PORTS = [6443, 9443, 8132, *range(30000, 30011), 8404]


def listening(machine: FakeMachine, ports: t.Iterable[int]) -> None:
    lines = ["  sl  local_address rem_address   st", *(f" 0: 00000000:{port:04X} 00000000:0000 0A" for port in ports)]
    machine.put("/proc/net/tcp", "\n".join(lines))


def state(machine: FakeMachine, name: str, *, loaded: bool = True, active: bool = True) -> None:
    answers = (
        f"LoadState={'loaded' if loaded else 'not-found'}",
        f"ActiveState={'active' if active else 'inactive'}",
        f"UnitFileState={'enabled' if active else 'disabled'}",
    )
    machine.answer(f"systemctl show {name}.service", "\n".join(answers) + "\n")


def loads(machine: FakeMachine) -> None:
    """HAProxy runs with what is on the disk."""
    text = machine.read_text("/etc/haproxy/haproxy.cfg") or ""
    listening(machine, PORTS)
    machine.answer("bash -c", f"HTTP/1.0 200 OK\r\n\r\n{balancing.identity(text)}")


def virgin() -> FakeMachine:
    """A machine without the packages; what is installed and started behaves as it should."""
    machine = FakeMachine()
    machine.put("/proc/net/route", ROUTES)
    machine.put("/proc/net/fib_trie", LOCAL)
    listening(machine, [22])
    for name in load_balancer.UNITS:
        state(machine, name, loaded=False, active=False)
        machine.effect(f"systemctl start {name}", functools.partial(state, machine, name))
        machine.effect(f"systemctl disable --now {name}", functools.partial(state, machine, name, active=False))

    def started() -> None:
        state(machine, "haproxy")
        loads(machine)

    machine.effect("systemctl start haproxy", started)
    machine.effect("systemctl reload haproxy", lambda: loads(machine))

    def install() -> None:
        machine.programs |= set(load_balancer.UNITS)
        machine.put("/etc/haproxy/haproxy.cfg", "global\n\tdaemon\ndefaults\n\tmode http\n")
        state(machine, "haproxy")

    machine.effect("apt-get install", install)
    return machine


def run(machine: FakeMachine, *, check_mode: bool = False, install: bool = True, **changed: t.Any) -> dict[str, t.Any]:
    settings = Settings.from_options({**OPTIONS, **changed})
    return load_balancer.run(machine, settings, install_packages=install, check_mode=check_mode, timeout=0.05)


def commands(machine: FakeMachine) -> list[str]:
    """What was done to services."""
    return [line[len("run systemctl ") :] for line in machine.mutations if line.startswith("run systemctl")]


def targets(result: dict[str, t.Any]) -> list[str]:
    return [change["target"] for change in result["plan"]]


def test_a_virgin_machine_gets_a_complete_plan() -> None:
    machine = virgin()
    result = run(machine, check_mode=True)
    assert machine.mutations == []
    assert targets(result) == [
        "package haproxy",
        "package keepalived",
        "/etc/haproxy/haproxy.cfg",
        "/etc/keepalived/mothership-check",
        "/etc/keepalived/keepalived.conf",
        "haproxy.service",
        "haproxy.service",
        "keepalived.service",
        "keepalived.service",
    ]
    assert result["virtual_address"] == {"address": "192.0.2.10", "interface": "eth1"}


def test_the_second_run_changes_nothing() -> None:
    machine = virgin()
    assert run(machine)["changed"]
    # The package started HAProxy with a configuration of its own: ours is loaded, not lost.
    assert commands(machine) == ["reload haproxy.service", "enable keepalived.service", "start keepalived.service"]
    machine.mutations.clear()
    again = run(machine)
    assert not again["changed"]
    assert machine.mutations == []


def test_a_changed_configuration_is_reloaded() -> None:
    machine = virgin()
    run(machine)
    machine.mutations.clear()
    result = run(machine, servers={"ms-1": "192.0.2.11", "ms-2": "192.0.2.12", "ms-3": "192.0.2.13"})
    assert targets(result) == ["/etc/haproxy/haproxy.cfg", "haproxy.service reload"]
    assert result["restarts"] == []
    assert commands(machine) == ["reload haproxy.service"]


def test_a_run_that_was_killed_before_the_reload_is_finished() -> None:
    machine = virgin()
    run(machine)
    noted = machine.read_text("/var/lib/mothership-hcp/services.json") or ""
    run(machine, max_connections=600)
    machine.put("/var/lib/mothership-hcp/services.json", noted)
    assert targets(run(machine, max_connections=600)) == ["haproxy.service reload"]


def test_a_refused_configuration_leaves_the_old_one() -> None:
    machine = virgin()
    run(machine)
    before = machine.read_text("/etc/haproxy/haproxy.cfg")
    machine.answer("haproxy -c", Completed(1, "", "[ALERT] unknown keyword"))
    with pytest.raises(CommandFailed, match="unknown keyword"):
        run(machine, max_connections=600)
    assert machine.read_text("/etc/haproxy/haproxy.cfg") == before
    assert not [name for name in machine.files if name.endswith("mothership-new")]


@pytest.mark.parametrize(
    ("code", "said", "refused"), [(0, "a warning", False), (-15, "", False), (-15, "no", True), (5, "", True)]
)
def test_keepalived_may_end_its_test_with_a_signal(code: int, said: str, refused: bool) -> None:
    machine = virgin()
    machine.answer("keepalived --config-test", Completed(code, "", said))
    if refused:
        with pytest.raises(CommandFailed, match="keepalived refuses"):
            run(machine)
    else:
        run(machine)


def test_a_configuration_that_haproxy_cannot_run_with_is_taken_back() -> None:
    machine = virgin()
    run(machine)
    before = machine.read_text("/etc/haproxy/haproxy.cfg")
    machine.effect("systemctl reload haproxy", lambda: None)
    machine.answer("journalctl", "Cannot raise FD limit")
    for _attempt in range(2):
        with pytest.raises(TimedOut, match="Cannot raise FD limit"):
            run(machine, max_connections=900000)
        assert machine.read_text("/etc/haproxy/haproxy.cfg") == before
    assert not run(machine)["changed"]


def test_without_a_virtual_address_there_is_no_keepalived() -> None:
    machine = virgin()
    result = run(machine, virtual_address="")
    assert "package keepalived" not in targets(result)
    assert result["virtual_address"] is None


def test_keepalived_goes_with_the_virtual_address() -> None:
    machine = virgin()
    run(machine)
    assert load_balancer.residue_units(machine) == ["haproxy", "keepalived"]
    machine.mutations.clear()
    result = run(machine, virtual_address="")
    assert targets(result) == [
        "keepalived.service",
        "/etc/keepalived/keepalived.conf",
        "/etc/keepalived/mothership-check",
    ]
    assert commands(machine) == ["disable --now keepalived.service"]
    assert load_balancer.residue_files(machine) == ["/etc/haproxy/haproxy.cfg"]
    assert load_balancer.residue_units(machine) == ["haproxy"]
    assert not run(machine, virtual_address="")["changed"]


def test_the_configuration_of_somebody_else_is_left_alone() -> None:
    machine = virgin()
    machine.put("/etc/haproxy/haproxy.cfg", "defaults\n  mode http\nfrontend web\n  bind :80\n")
    with pytest.raises(InvalidInput, match="it is in use"):
        run(machine, check_mode=True)
    assert load_balancer.residue_files(machine) == []
    assert load_balancer.residue_units(machine) == []


def test_ports_of_other_programs_are_named() -> None:
    machine = virgin()
    listening(machine, [22, 6443])
    with pytest.raises(InvalidInput, match="6443"):
        run(machine, check_mode=True)
    machine = virgin()
    run(machine)
    listening(machine, [*PORTS, 30011])
    with pytest.raises(InvalidInput, match="30011"):
        run(machine, node_ports="30000-30011")


def test_packages_may_be_left_to_an_earlier_task() -> None:
    machine = virgin()
    assert "package haproxy" not in targets(run(machine, check_mode=True, install=False))
    with pytest.raises(InvalidInput, match="haproxy keepalived"):
        run(machine, install=False)


def test_the_list_of_packages_may_be_old() -> None:
    machine = virgin()
    machine.answer("apt-get install", Completed(100, "", "no candidate"))
    with pytest.raises(InvalidInput, match="no candidate"):
        run(machine)
    assert any("apt-get update" in line for line in machine.mutations)


def test_an_address_that_is_not_on_the_machine() -> None:
    with pytest.raises(InvalidInput, match="load_balancer_addresses"):
        run(virgin(), machines={"lb-1": "203.0.113.5", "lb-2": "203.0.113.6"}, virtual_address="203.0.113.10")


def test_the_interface_is_that_of_the_best_route() -> None:
    machine = virgin()
    assert load_balancer.interface_to(machine, "198.51.100.1") == "eth0"
    assert load_balancer.interface_to(machine, "192.0.2.10") == "eth1"
    machine.put("/proc/net/route", ROUTES.splitlines()[0])
    with pytest.raises(InvalidInput, match="load_balancer_interface"):
        load_balancer.interface_to(machine, "192.0.2.10")
    assert run(machine, check_mode=True, interface="bond0")["virtual_address"]["interface"] == "bond0"


def test_all_load_balancers_list_the_servers_alike() -> None:
    ports = Settings.from_options(OPTIONS).ports()
    assert [server.name for server in ports[0].servers] == ["ms-1", "ms-2"]
    assert [port.name for port in ports] == ["api", "k0s-join", "konnectivity", "node-ports"]
    kubeadm = Settings.from_options({**OPTIONS, "distribution": "kubeadm", "node_ports": ""}).ports()
    assert [port.name for port in kubeadm] == ["api"]
    without = Settings.from_options(
        {**OPTIONS, "k0s_api_port": 0, "konnectivity_port": 0, "node_port_servers": {}}
    ).ports()
    assert [port.name for port in without] == ["api"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"servers": {}}, "no server"),
        ({"name": "lb-3"}, "not among the load balancers"),
        ({"servers": {"lb-1": "192.0.2.5"}}, "machines of their own"),
        ({"api_port": 0}, "0 is no port"),
        ({"konnectivity_port": 65536}, "65536 is no port"),
        ({"api_port": 30005}, "port 30005 is that of api too"),
        ({"konnectivity_port": 8404}, "health check"),
        ({"virtual_address": "vip.example.com"}, "no IP address"),
        ({"virtual_address": "192.0.2.6"}, "does not go together"),
        ({"virtual_address": "fd00::1"}, "does not go together"),
        ({"virtual_address": "fd00::1", "machines": {"lb-1": "fd00::5"}}, "needs the name of its interface"),
        ({"machines": {"lb-1": "lb-1.example.com"}}, "load_balancer_addresses"),
        ({"virtual_router_id": 256}, "between 1 and 255"),
        ({"interface": "eth0 }"}, "no interface"),
    ],
)
def test_input_that_cannot_be_used(changed: dict[str, t.Any], said: str) -> None:
    with pytest.raises(HcpError, match=said) as caught:
        Settings.from_options({**OPTIONS, **changed})
    assert "To fix:" in str(caught.value)
