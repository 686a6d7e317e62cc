# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three members of the database machines' etcd on the loopback interface: Debian's etcd and etcdctl of the bundle.

A small script takes the place of systemctl; everything else is real.
"""

from __future__ import annotations

import contextlib
import glob
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import authority_work, command, etcd_member
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.authority import Authority
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.etcd_machine import EtcdMachine, Layout
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.etcd_settings import Settings

from tests.integration import processes

MEMBERS = {"db1": "127.0.0.11", "db2": "127.0.0.12", "db3": "127.0.0.13"}
SYSTEMCTL = """#!/bin/bash
mkdir -p {root} && cd {root}
alive() {{ [ -s pid ] && kill -0 "$(cat pid)" 2>/dev/null; }}
start() {{
    alive && return
    (set -a; . etc/default/etcd; exec setsid etcd </dev/null >>log 2>&1) & echo $! >pid
}}
stop() {{ alive && kill "$(cat pid)"; while alive; do sleep 0.1; done; : >pid; }}
case "$1" in
    show)
        alive && echo ActiveState=active || echo ActiveState=inactive
        echo UnitFileState=$(cat enabled 2>/dev/null)
        echo MainPID=$(cat pid 2>/dev/null) ;;
    enable) echo enabled >enabled ;;
    start) start ;;
    stop) stop ;;
    restart) stop; : >log; start; until grep -q "ready to serve client" log; do sleep 0.1; done ;;
esac
"""


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder with etcd and etcdctl of Debian."""
    bundle = os.environ.get("LAB_BUNDLE") or str(processes.REPOSITORY / ".lab" / "bundle")
    packages = glob.glob(f"{bundle}/packages/postgresql-ha/etcd-*.deb")
    if len(packages) < 2:
        pytest.fail(f"etcd-server and etcd-client are not in {bundle}/packages/postgresql-ha: build the bundle")
    folder = tmp_path_factory.mktemp("etcd")
    for package in packages:
        subprocess.run(["dpkg-deb", "-x", package, str(folder)], check=True, timeout=60)
    return str(folder / "usr/bin")


class Machines:
    """The three machines, each a folder."""

    def __init__(self, folder: pathlib.Path, programs: str) -> None:
        self.folder, self.programs = folder, programs
        self.ports = (processes.free_port(), processes.free_port())
        self._certificates()
        for name in MEMBERS:
            self._make_programs(name)

    def _certificates(self) -> None:
        authority = Authority(command.run, str(self.folder / "ca"))
        authority.make()
        tls = authority_work.AuthorityMachine(command.run, authority, str(self.folder / "tls")).tls(30)
        tls.make_server("mothership-database", ["localhost", "127.0.0.1", *MEMBERS.values()])
        shutil.copy(authority.certificate, self.folder / "tls/ca.crt")

    def root(self, name: str) -> pathlib.Path:
        return self.folder / name

    def settings(self, name: str) -> Settings:
        options = {"quota_mebibytes": 64, "heartbeat_interval": 100, "election_timeout": 1000}
        ports = {"client_port": self.ports[0], "peer_port": self.ports[1]}
        return Settings.from_options(
            {"name": name, "members": MEMBERS, "tls_folder": str(self.folder / "tls"), **options, **ports}
        )

    def _make_programs(self, name: str) -> None:
        """Before any thread: a file cannot be run while a process that another thread forks has it open to write."""
        folder = self.folder / f"{name}-bin"
        folder.mkdir()
        (folder / "systemctl").write_text(SYSTEMCTL.format(root=self.root(name)))
        # The user etcd is not needed here.
        (folder / "install").write_text('#!/bin/bash\nmkdir -p "${@: -1}"\n')
        for program in folder.iterdir():
            program.chmod(0o755)

    def machine(self, name: str) -> EtcdMachine:
        path = f"{self.folder}/{name}-bin:{self.programs}:{os.environ['PATH']}"

        def run(argv: t.Sequence[str], *, environment: t.Any = None, **how: t.Any) -> command.Outcome:
            program = shutil.which(argv[0], path=path) or argv[0]
            return command.run([program, *argv[1:]], environment={**(environment or os.environ), "PATH": path}, **how)

        return EtcdMachine(run, Progress(), str(self.folder / "tls"), Layout(str(self.root(name))))

    def ensure(self, name: str, *, new_cluster: bool = False, check_mode: bool = False) -> dict[str, t.Any]:
        return etcd_member.ensure(
            self.settings(name), self.machine(name), new_cluster=new_cluster, timeout=60, check_mode=check_mode
        )

    def all(self, **how: t.Any) -> list[dict[str, t.Any]]:
        """All at the same time, as Ansible does it."""
        with ThreadPoolExecutor(len(MEMBERS)) as pool:
            return list(pool.map(lambda name: self.ensure(name, **how), MEMBERS))

    def etcdctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        tls = self.folder / "tls"
        return subprocess.run(
            [f"{self.programs}/etcdctl", "--command-timeout=5s", "--dial-timeout=2s", *arguments],
            env={
                "ETCDCTL_API": "3",
                "ETCDCTL_ENDPOINTS": ",".join(self.settings("db1").endpoints),
                "ETCDCTL_CACERT": str(tls / "ca.crt"),
                "ETCDCTL_CERT": str(tls / "server.crt"),
                "ETCDCTL_KEY": str(tls / "server.key"),
            },
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def pid(self, name: str) -> int:
        return int((self.root(name) / "pid").read_text() or 0)

    def kill(self, name: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            os.kill(self.pid(name), signal.SIGKILL)


@pytest.fixture
def machines(tmp_path: pathlib.Path, programs: str, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Machines]:
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    made = Machines(tmp_path, programs)
    yield made
    for name in MEMBERS:
        made.kill(name)


def test_the_life_of_a_cluster(machines: Machines) -> None:
    assert not any(machines.machine(name).read().formed for name in MEMBERS)
    planned = machines.all(new_cluster=True, check_mode=True)
    assert not (machines.root("db1") / "etc").exists()
    begun = machines.all(new_cluster=True)
    assert [one["plan"] for one in begun] == [one["plan"] for one in planned]
    assert all(one["formed"] for one in begun)
    again = machines.all()
    assert [one["plan"] for one in again] == [[], [], []]
    assert again[0]["health"] == dict.fromkeys(MEMBERS, True)
    assert machines.etcdctl("put", "kept", "yes").returncode == 0
    other_trust_restarts_one_at_a_time(machines)
    a_dead_machine_is_replaced(machines)
    nothing_is_made_anew_while_others_may_have_data(machines)


def other_trust_restarts_one_at_a_time(machines: Machines) -> None:
    with (machines.folder / "tls/ca.crt").open("a") as file:
        file.write((machines.folder / "tls/server.crt").read_text())
    failed, stop = [], threading.Event()

    def write() -> None:
        while not stop.is_set():
            done = machines.etcdctl("put", "load", str(time.time()))
            if done.returncode != 0:
                failed.append(done.stderr)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        restarted = machines.all()
    finally:
        stop.set()
        writer.join()
    assert [one["restarts"] for one in restarted] == [["etcd.service"]] * 3
    assert failed == []
    assert not any(one["changed"] for one in machines.all())


def a_dead_machine_is_replaced(machines: Machines) -> None:
    machines.kill("db2")
    with pytest.raises(HcpError):
        machines.machine("db1").restart(machines.settings("db1"), 8)
    time.sleep(0.5)
    shutil.rmtree(machines.root("db2"))
    assert not machines.machine("db2").read().formed
    planned = machines.ensure("db2", check_mode=True)
    done = machines.ensure("db2")
    assert planned["plan"] == done["plan"]
    assert {"action": "delete", "target": "etcd member db2"} in done["plan"]
    assert done["health"] == dict.fromkeys(MEMBERS, True)
    assert len(machines.etcdctl("member", "list").stdout.splitlines()) == 3
    assert "yes" in machines.etcdctl("get", "kept").stdout
    assert not any(one["changed"] for one in machines.all())


def nothing_is_made_anew_while_others_may_have_data(machines: Machines) -> None:
    for name in MEMBERS:
        machines.kill(name)
    time.sleep(0.5)
    shutil.rmtree(machines.root("db3"))
    with pytest.raises(HcpError, match="none of the others answers: db1, db2"):
        machines.ensure("db3")
