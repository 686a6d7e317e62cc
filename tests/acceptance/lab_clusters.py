# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a lab on which ``site`` has run. Everything goes through the tools a user has: kubectl and SSH."""

from __future__ import annotations

import dataclasses
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
NAMESPACE = "hcp-tenant-a"


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
