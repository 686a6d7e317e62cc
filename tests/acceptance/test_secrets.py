# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are where they belong and nowhere else."""

from __future__ import annotations

import base64
import os
import re
import stat

import pytest

from .lab_clusters import ARTIFACTS, MACHINES, NAMESPACE, Cluster, on_machine


@pytest.fixture(scope="module")
def secrets(mothership: Cluster) -> list[str]:
    """A telling piece of every secret: whole passwords, one line out of the middle of each private key."""
    pieces: set[str] = set()
    for item in mothership.get("secrets", "-n", NAMESPACE)["items"]:
        for encoded in item.get("data", {}).values():
            text = base64.b64decode(encoded).decode("utf-8", "replace")
            for block in re.findall(r"PRIVATE KEY-----\n(.*?)\n-----END", text, re.DOTALL):
                pieces.add(block.splitlines()[0][16:48])
        if item["metadata"]["name"] == "kine-credentials":
            pieces.add(base64.b64decode(item["data"]["password"]).decode())
    assert len(pieces) > 5
    return sorted(pieces)


@pytest.mark.parametrize("machine", MACHINES)
def test_no_secret_in_process_arguments(machine: str, secrets: list[str]) -> None:
    arguments = on_machine(machine, "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '")
    assert not [secret for secret in secrets if secret in arguments]


@pytest.mark.parametrize("machine", MACHINES)
def test_no_secret_in_files_that_all_may_read(machine: str, secrets: list[str]) -> None:
    pattern = "|".join(re.escape(secret) for secret in secrets)
    folders = "/etc /home /opt /root /srv /tmp /usr/local /var/lib /var/log /var/tmp"
    found = on_machine(
        machine, f"find {folders} -xdev -type f -perm -o=r -size -2M -print0 2>/dev/null | xargs -0 grep -lE '{pattern}' 2>/dev/null"
    )
    # A folder that only root may enter keeps others out of what is below it.
    readable = [path for path in found.split() if on_machine(machine, f"sudo -u nobody test -r '{path}' && echo yes").strip()]
    assert readable == []


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
