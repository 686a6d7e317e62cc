# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are where they belong and nowhere else."""

from __future__ import annotations

import base64
import os
import re
import stat
import subprocess

import pytest

from .lab_clusters import ARTIFACTS, MACHINES, NAMESPACE, ROOT, Cluster, on_machine, plane


@pytest.fixture(scope="module")
def secrets(mothership: Cluster) -> list[str]:
    """A telling piece of every secret: whole passwords, and of each private key a part that no other key shares."""
    pieces: set[str] = set()
    for item in mothership.get("secrets", "-n", NAMESPACE)["items"]:
        for encoded in item.get("data", {}).values():
            text = base64.b64decode(encoded).decode("utf-8", "replace")
            for block in re.findall(r"PRIVATE KEY-----\n(.*?)\n-----END", text, re.DOTALL):
                pieces.add(block.splitlines()[1][:40])
        if item["metadata"]["name"] == "kine-credentials":
            pieces.add(base64.b64decode(item["data"]["password"]).decode())
    assert len(pieces) >= plane().least_secrets
    return sorted(pieces)


@pytest.fixture(scope="module")
def password(mothership: Cluster) -> list[str]:
    """The database password as it is, and as a Secret would show it."""
    encoded = mothership.get("secret", "kine-credentials", "-n", NAMESPACE)["data"]["password"]
    plain = base64.b64decode(encoded).decode()
    assert len(plain) >= 20
    return [plain, encoded]


@pytest.mark.parametrize("machine", MACHINES)
def test_no_secret_in_process_arguments(machine: str, secrets: list[str]) -> None:
    arguments = on_machine(machine, "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '")
    assert not [secret for secret in secrets if secret in arguments]


@pytest.mark.parametrize("machine", MACHINES)
def test_no_secret_in_files_that_all_may_read(machine: str, secrets: list[str]) -> None:
    folders = "/etc /home /opt /root /srv /tmp /usr/local /var/lib /var/log /var/tmp"
    readable_files = f"find {folders} -xdev -type f -perm -o=r -size -2M -print0 2>/dev/null"
    search = f"{readable_files} | xargs -0 grep -lFf $patterns 2>/dev/null"
    found = on_machine(
        machine, f"patterns=$(mktemp); cat > $patterns; {search}; rm $patterns", stdin="\n".join(secrets)
    )
    # A folder that only root may enter keeps others out of what is below it.
    readable = [
        path for path in found.split() if on_machine(machine, f"sudo -u nobody test -r '{path}' && echo yes").strip()
    ]
    assert readable == []


@pytest.mark.parametrize("machine", MACHINES)
def test_the_database_password_is_in_no_file_that_others_may_read(machine: str, password: list[str]) -> None:
    """Also not where only the folder above it keeps others out."""
    folders = "/etc /home /opt /root /srv /tmp /usr/local /var/lib /var/lib/k0s /var/lib/kubelet /var/log /var/tmp"
    search = f"find {folders} -xdev -type f -perm /077 -size -8M -print0 2>/dev/null | xargs -0 grep -lFf $patterns"
    script = f"patterns=$(mktemp); cat > $patterns; {search} 2>/dev/null; rm $patterns"
    assert sorted(set(on_machine(machine, script, stdin="\n".join(password), timeout=120).split())) == []


def test_the_database_password_is_in_no_file_of_a_replica_above_0600(
    mothership: Cluster, replicas: list[str], password: list[str]
) -> None:
    made = plane()
    if not made.folders:
        pytest.skip("the containers have no shell; their files are the Secrets that are mounted")
    # Not in an argument here either: the patterns come over standard input.
    script = f"for f in $(grep -rlFf /dev/stdin {' '.join(made.folders)} 2>/dev/null); do stat -L -c '%a %n' $f; done"
    for replica in replicas:
        where = (replica, "-n", NAMESPACE, "-c", made.container)
        said = mothership.kubectl("exec", "-i", *where, "--", "/bin/sh", "-c", script, stdin=password[0] + "\n")
        found = {name: mode for mode, name in (line.split(" ", 1) for line in said.splitlines())}
        assert found, f"{replica}: not even the file that kine reads was found"
        assert [name for name, mode in found.items() if int(mode, 8) & 0o077] == [], replica


@pytest.mark.parametrize("machine", MACHINES)
def test_the_database_password_is_in_no_log_of_a_machine(machine: str, password: list[str]) -> None:
    script = (
        "patterns=$(mktemp); cat > $patterns; journalctl --no-pager -o cat 2>/dev/null | grep -cFf $patterns;"
        " grep -rlFf $patterns /var/log 2>/dev/null; rm $patterns"
    )
    assert on_machine(machine, script, stdin="\n".join(password), timeout=120).split() == ["0"]


def test_the_database_password_is_in_no_log_of_a_replica(
    mothership: Cluster, replicas: list[str], password: list[str]
) -> None:
    for replica in replicas:
        logs = mothership.kubectl("logs", replica, "-n", NAMESPACE, "--all-containers", timeout=120)
        assert logs.strip()
        assert not [piece[:4] for piece in password if piece in logs], replica


@pytest.mark.parametrize("kinds", ["configmaps", "pods,deployments,statefulsets,controllerrevisions", "events"])
def test_the_database_password_is_in_no_object_but_secrets(
    mothership: Cluster, tenant: Cluster, password: list[str], kinds: str
) -> None:
    for cluster in (mothership, tenant):
        shown = cluster.kubectl("get", kinds, "-A", "-o", "json")
        assert not [piece[:4] for piece in password if piece in shown], f"{kinds} of {cluster.kubeconfig}"


def test_artifacts_hold_secrets_only_in_kubeconfigs(secrets: list[str]) -> None:
    for file in ARTIFACTS.rglob("*"):
        if not file.is_file():
            continue
        if file.name == "kubeconfig":
            assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
            continue
        text = file.read_text("utf-8", "replace")
        assert not [secret for secret in secrets if secret in text], file
        assert "client-key-data" not in text, file


def test_most_verbose_run_shows_no_secret(secrets: list[str]) -> None:
    """A run that changes nothing; ``SITE_LOG`` may name the output of another run, such as the first one."""
    site = ["ansible-playbook", "mothership.hcp.site", "-vvv", "--diff"]
    done = subprocess.run(site, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:]
    output = done.stdout + done.stderr
    if "SITE_LOG" in os.environ:
        with open(os.environ["SITE_LOG"], encoding="utf-8", errors="replace") as log:
            output += log.read()
    assert [secret[:6] for secret in secrets if secret in output] == []
    assert "PRIVATE KEY" not in output
    assert "client-key-data" not in output
    tokens = re.findall(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b", output)
    assert tokens == []
