# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy and keepalived of a database machine: texts, the plan, and what check mode leaves alone."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core import balancing
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput, TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import proxy, proxy_config
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.files import TextFile
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.proxy_machine import Service

OPTIONS: dict[str, t.Any] = {
    "name": "db2",
    "machines": {"db1": "10.77.0.21", "db2": "10.77.0.22", "db3": "10.77.0.23"},
    "port": 5000,
    "database_port": 5432,
    "health_port": 8008,
    "allowed_networks": ["10.77.0.0/24"],
    "virtual_address": "10.77.0.20",
    "keepalived": True,
    "virtual_router_id": 52,
    "interface": "",
    "max_connections": 2000,
    "tls_folder": "/tls",
}
ROUTES = "Iface Destination Gateway Flags\neth1 00004D0A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n"


class FakeProxy:
    """A machine in memory; ``done`` notes what would change a real one."""

    def __init__(self, **texts: str) -> None:
        tls = {f"/tls/{name}": f"{name}\n" for name in ("server.crt", "server.key", "ca.crt")}
        self.files: dict[str, TextFile] = {}
        for path, text in {**tls, "/proc/net/route": ROUTES, **texts}.items():
            self.files[path] = TextFile(path, text)
        self.programs = {"haproxy", "keepalived"}
        self.services: dict[str, Service] = {}
        self.ports = {5432, 8008}
        self.loaded = ""
        self.takes_it = True
        self.done: list[str] = []

    def read(self, path: str) -> TextFile | None:
        return self.files.get(path)

    def text(self, path: str) -> str:
        return self.files[path].text if path in self.files else ""

    def is_program(self, name: str) -> bool:
        return name in self.programs

    def service(self, name: str) -> Service:
        return self.services.get(name, Service())

    def listening_ports(self) -> set[int]:
        return self.ports

    def running_identity(self) -> str:
        return balancing.identity(self.loaded)

    def write(self, file: TextFile) -> None:
        self.done.append(f"write {file.path}")
        self.files[file.path] = file

    def remove(self, path: str) -> None:
        self.done.append(f"remove {path}")
        del self.files[path]

    def validate(self, file: TextFile) -> None:
        self.done.append(f"validate {file.path}")

    def systemctl(self, verb: str, name: str) -> None:
        self.done.append(f"{verb} {name}")
        running = not verb.startswith("disable")
        self.services[name] = Service(running, running)
        if name == "haproxy" and self.takes_it:
            self.loaded = self.text("/etc/haproxy/haproxy.cfg")
            self.ports = self.ports | {5000, 8404}

    def keep_states(self, path: str) -> None:
        self.done.append("keep states")
        self.files[path] = TextFile(path, "1\nwho is up\n\n")

    def wait_until_loaded(self, text: str, _timeout: float) -> None:
        if balancing.identity(text) != self.running_identity():
            raise TimedOut("HAProxy does not run with the new configuration")


def ensure(machine: t.Any, *, check_mode: bool = False, **changed: t.Any) -> dict[str, t.Any]:
    settings = proxy_config.Settings.from_options({**OPTIONS, **changed})
    return proxy.ensure(settings, machine, timeout=1, check_mode=check_mode)


@pytest.fixture
def set_up() -> FakeProxy:
    machine = FakeProxy()
    ensure(machine)
    machine.done.clear()
    return machine


def test_both_services_are_set_up() -> None:
    machine = FakeProxy()
    planned = ensure(machine, check_mode=True)
    assert machine.done == []
    done = ensure(machine)
    assert done["plan"] == planned["plan"]
    assert done["virtual_address"] == {"address": "10.77.0.20", "interface": "eth1"}
    assert machine.files["/tls/haproxy.pem"].mode == 0o600
    assert machine.files["/tls/haproxy.pem"].text == "server.crt\nserver.key\n"
    assert "server.key" not in str(done["diff"])


def test_a_second_run_changes_nothing(set_up: FakeProxy) -> None:
    assert not ensure(set_up)["changed"]
    assert set_up.done == []


def test_a_virgin_machine_in_check_mode_has_a_whole_plan() -> None:
    machine = FakeProxy()
    machine.files = {"/proc/net/route": TextFile("/proc/net/route", ROUTES)}
    machine.programs = set()
    assert len(ensure(machine, check_mode=True)["plan"]) == 9
    with pytest.raises(HcpError, match="certificate of this database machine is missing"):
        ensure(machine)


def test_another_certificate_is_a_reload(set_up: FakeProxy) -> None:
    set_up.files["/tls/server.crt"] = TextFile("/tls/server.crt", "another\n")
    result = ensure(set_up)
    assert (result["restarts"], set_up.done[-3:-1]) == ([], ["keep states", "reload haproxy"])
    assert set_up.text(proxy_config.STATES) == "1\n"


def test_a_reload_that_was_not_made_is_made_by_the_next_run(set_up: FakeProxy) -> None:
    set_up.loaded = ""
    del set_up.files[proxy.NOTE]
    ensure(set_up)
    assert [line for line in set_up.done if "write" not in line] == [
        "keep states",
        "reload haproxy",
        "reload keepalived",
    ]


def test_what_haproxy_does_not_take_is_put_back(set_up: FakeProxy) -> None:
    before = set_up.text("/etc/haproxy/haproxy.cfg")
    set_up.takes_it = False
    with pytest.raises(TimedOut):
        ensure(set_up, max_connections=1000)
    assert set_up.text("/etc/haproxy/haproxy.cfg") == before
    assert set_up.text(proxy_config.STATES) == "1\n"


def test_keepalived_goes_with_the_virtual_address(set_up: FakeProxy) -> None:
    ensure(set_up, keepalived=False)
    assert set_up.done[0] == "disable --now keepalived"
    assert "/etc/keepalived/keepalived.conf" not in set_up.files
    assert not ensure(set_up, keepalived=False)["changed"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{balancing.BALANCER_MARKER}\nlisten api\n", "is a load balancer of the mothership"),
        ("frontend mine\n", "not written by mothership.hcp"),
    ],
)
def test_a_haproxy_of_others_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        ensure(FakeProxy(**{"/etc/haproxy/haproxy.cfg": text}))


def test_the_files_of_a_load_balancer_are_told_apart() -> None:
    assert balancing.BALANCER_MARKER not in proxy_config.MARKER


def test_missing_packages_and_taken_ports_are_named() -> None:
    machine = FakeProxy()
    machine.programs = {"haproxy"}
    with pytest.raises(InvalidInput, match="missing: keepalived"):
        ensure(machine)
    machine.ports = {5000}
    with pytest.raises(InvalidInput, match="HAProxy needs: 5000"):
        ensure(machine, keepalived=False)


def test_the_text() -> None:
    settings = proxy_config.Settings.from_options(OPTIONS)
    text = proxy_config.haproxy_config(settings, "sha256:0")
    assert "bind *:5000 tcp-ut 10s" in text
    assert "reject unless { src 10.77.0.0/24 10.77.0.21 10.77.0.22 10.77.0.23 127.0.0.0/8 }" in text
    assert (
        "server db3 10.77.0.23:5432 check port 8008 check-ssl verify required ca-file /tls/ca.crt "
        "crt /tls/haproxy.pem tcp-ut 10s"
    ) in text
    assert proxy_config.bound_ports(text) == {5000, 8404}
    assert "reject" not in proxy_config.haproxy_config(
        proxy_config.Settings.from_options({**OPTIONS, "allowed_networks": []}), ""
    )


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"name": "db9"}, "db9 is not among them"),
        ({"machines": {"db2": "db2.example"}}, "no IP address"),
        ({"port": 5432}, "cannot be used"),
        ({"port": 8404}, "cannot be used"),
        ({"virtual_router_id": 0}, "not between 1 and 255"),
        ({"virtual_address": "10.77.0.22"}, "does not go together"),
        ({"virtual_address": "fd00::1", "machines": {"db2": "fd00::2"}}, "needs the name of its interface"),
        ({"allowed_networks": ["x"]}, "allowed_networks"),
        ({"interface": "a b"}, "no interface"),
        ({"virtual_address": "192.0.2.1"}, "leads to 192.0.2.1"),
    ],
)
def test_wrong_options(changed: dict[str, t.Any], text: str) -> None:
    with pytest.raises(InvalidInput, match=text):
        ensure(FakeProxy(), **changed)
