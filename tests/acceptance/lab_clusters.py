# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a lab on which ``site`` has run. Everything goes through the tools a user has: kubectl and SSH."""

from __future__ import annotations

import dataclasses
import functools
import json
import shlex
import socket
import subprocess
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KUBECTL = ROOT / ".lab/bundle/bin/kubectl"
ARTIFACTS = ROOT / "artifacts"
MACHINES = ("ms1", "db1", "w1", "w2")
MOTHERSHIP = ARTIFACTS / "mothership/kubeconfig"
TENANT = ARTIFACTS / "tenant-a/kubeconfig"
NAME = "tenant-a"
NAMESPACE = "hcp-tenant-a"


@dataclasses.dataclass(frozen=True)
class Plane:
    """What the pods of a hosted control plane look like, by distribution.

    :param kind: of the object that keeps the pods.
    :param container: the one that serves the API.
    :param version_command: a command in that container, and what its output contains.
    :param failures_of_a_killed_kine: most failed requests of a client that asks five times a second.
    :param folders: of the container, that may hold secrets; none when it has no shell to look with.
    :param least_secrets: how many different secrets its namespace has at least.
    """

    kind: str
    container: str
    version_command: tuple[str, ...]
    version_says: str
    failures_of_a_killed_kine: int
    folders: tuple[str, ...]
    least_secrets: int


PLANES = {
    "kubeadm": Plane(
        kind="deployment",
        container="kube-apiserver",
        version_command=("/usr/local/bin/kube-apiserver", "--version"),
        version_says="Kubernetes v",
        failures_of_a_killed_kine=1,
        folders=(),
        least_secrets=6,
    ),
    # k0s starts a program that ended only after five seconds. Until readiness takes the replica out, a client that
    # stays with it is without an answer.
    "k0s": Plane(
        kind="statefulset",
        container="k0s",
        version_command=("/usr/local/bin/k0s", "version"),
        version_says="+k0s.",
        failures_of_a_killed_kine=30,
        folders=("/datastore", "/etc", "/run", "/state", "/tmp", "/var/lib/k0s"),
        least_secrets=5,
    ),
}


@dataclasses.dataclass(frozen=True)
class Cluster:
    """One cluster, as kubectl reaches it.

    :param kubeconfig: file with the credentials.
    :param server: another address than the kubeconfig's, such as one replica's.
    """

    kubeconfig: Path
    server: str | None = None

    def kubectl(self, *arguments: str, stdin: str | None = None, timeout: float = 60) -> str:
        command = [str(KUBECTL), "--kubeconfig", str(self.kubeconfig), "--request-timeout=20s"]
        if self.server:
            command += ["--server", self.server]
        done = subprocess.run([*command, *arguments], input=stdin, capture_output=True, text=True, timeout=timeout)
        if done.returncode != 0:
            raise AssertionError(f"kubectl {shlex.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def get(self, *arguments: str) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", json.loads(self.kubectl("get", *arguments, "-o", "json")))

    def names(self, *arguments: str) -> list[str]:
        return sorted(item["metadata"]["name"] for item in self.get(*arguments)["items"])


def on_machine(name: str, command: str, *, stdin: str | None = None, timeout: float = 60) -> str:
    """Output of a shell command run as root on a lab machine, over SSH."""
    ssh = [*_ssh(name), "sudo", "sh", "-c", shlex.quote(command)]
    done = subprocess.run(ssh, input=stdin, capture_output=True, text=True, timeout=timeout)
    if done.returncode not in (0, 1):
        raise AssertionError(f"{name}: {command!r} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _ssh(name: str, *options: str) -> list[str]:
    host = json.loads(_inventory())["_meta"]["hostvars"][name]
    key = next((ROOT / ".lab/ssh").glob("id_*[!.pub]"))
    return [
        "ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "StrictHostKeyChecking=yes",
        "-o", f"UserKnownHostsFile={ROOT / '.lab/known_hosts'}", "-i", str(key),
        *options, f"{host['ansible_user']}@{host['ansible_host']}",
    ]  # fmt: skip


def site_variables() -> dict[str, t.Any]:
    """Variables of the site as the lab's inventory has them, without templates being filled in."""
    return t.cast("dict[str, t.Any]", json.loads(_inventory())["_meta"]["hostvars"]["ms1"])


def plane() -> Plane:
    """How the lab's hosted control plane is made."""
    (cluster,) = [entry for entry in site_variables()["hosted_clusters"] if entry["name"] == NAME]
    return PLANES[cluster.get("distribution", "kubeadm")]


def processes_of_pods(machine: str, program: str) -> list[str]:
    """Numbers of the processes of a program that run in pods, whatever started them there."""
    script = f'for pid in $(pgrep -x {program}); do grep -q kubepods /proc/$pid/cgroup && echo "$pid"; done; true'
    return on_machine(machine, script).split()


@functools.cache
def _inventory() -> str:
    done = subprocess.run(
        ["ansible-inventory", "-i", str(ROOT / "lab/inventory"), "--list"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout


def eventually(check: t.Callable[[], t.Any], *, seconds: float = 60, every: float = 0.5) -> t.Any:
    """The first true answer of ``check``; the last failure when none comes in time."""
    end = time.monotonic() + seconds
    last: BaseException | None = None
    while time.monotonic() < end:
        try:
            answer = check()
            if answer:
                return answer
        except (AssertionError, KeyError, IndexError) as error:
            last = error
        time.sleep(every)
    raise AssertionError(f"not within {seconds} s") from last


class Tunnel:
    """A way to one replica of the control plane: SSH forwards a local port to the pod's own address.

    Not ``kubectl port-forward``, which ends when a client closes a connection hard.
    """

    def __init__(self, machine: str, address: str, port: int) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.local_port = free.getsockname()[1]
        forward = ("-N", "-o", "ExitOnForwardFailure=yes", "-L", f"127.0.0.1:{self.local_port}:{address}:{port}")
        self._process = subprocess.Popen(_ssh(machine, *forward), stdin=subprocess.DEVNULL)

    def __enter__(self) -> str:
        eventually(self._answers, seconds=15, every=0.1)
        return f"https://127.0.0.1:{self.local_port}"

    def __exit__(self, *exc_info: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.local_port)) == 0
