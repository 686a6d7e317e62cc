# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._host import bundle_target
from ansible_collections.mothership.hcp.plugins.module_utils._host.bundle_target import INCOMING, INDEX
from ansible_collections.mothership.hcp.plugins.module_utils._host.facts import architecture

from .fake_machine import FakeMachine


def entry(path: str, text: str, destination: str, kind: str = "binary", mode: int = 0o755) -> dict[str, t.Any]:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {
        "path": path,
        "kind": kind,
        "destination": destination,
        "size": len(text),
        "sha256": digest,
        "mode": mode,
    }


KUBELET = entry("bin/kubelet", "new kubelet", "/usr/local/bin/kubelet")
PAUSE = entry("images/pause.tar", "pause", "/var/lib/mothership-hcp/images/pause.tar", "image", 0o644)
DEB = entry("packages/libx_1%3a2.0_amd64.deb", "deb", "/var/lib/mothership-hcp/packages/libx.deb", "package", 0o644)


def inspect(machine: FakeMachine, *entries: dict[str, t.Any], check_mode: bool = False) -> dict[str, t.Any]:
    request = {
        "operation": "inspect",
        "files": list(entries),
        "architecture": architecture(),
        "upload_user": "admin",
    }
    return bundle_target.answer(machine, request, check_mode=check_mode)


def send_and_apply(machine: FakeMachine, *sent: tuple[dict[str, t.Any], str]) -> dict[str, t.Any]:
    for file, text in sent:
        machine.put(f"{INCOMING}/{file['path'].replace('/', '_')}", text)
    request = {"operation": "apply", "files": [file for file, _text in sent]}
    return bundle_target.answer(machine, request, check_mode=False)


def test_check_mode_makes_no_mutating_call() -> None:
    machine = FakeMachine()
    planned = inspect(machine, KUBELET, PAUSE, check_mode=True)
    assert machine.mutations == []
    done = inspect(machine, KUBELET, PAUSE)
    assert planned["plan"] == done["plan"]
    assert machine.mutations == [
        f"remove {INCOMING}",
        "folder /var/lib/mothership-hcp",
        f"folder {INCOMING}",
        f"run chown admin {INCOMING}",
    ]


def test_what_came_is_installed_and_not_read_again() -> None:
    machine = FakeMachine()
    assert inspect(machine, KUBELET, PAUSE)["missing"] == ["bin/kubelet", "images/pause.tar"]
    assert send_and_apply(machine, (KUBELET, "new kubelet"), (PAUSE, "pause"))["changed"]
    machine.mutations.clear()
    machine.asked.clear()
    again = inspect(machine, KUBELET, PAUSE)
    assert (again["changed"], again["missing"], machine.mutations, machine.asked) == (False, [], [], [])


def test_a_file_that_somebody_replaced_is_noticed_and_sent_again() -> None:
    machine = FakeMachine()
    inspect(machine, KUBELET)
    send_and_apply(machine, (KUBELET, "new kubelet"))
    machine.put("/usr/local/bin/kubelet", "old kubelet", 0o755)
    found = inspect(machine, KUBELET)
    assert found["missing"] == ["bin/kubelet"]
    assert found["plan"] == [{"action": "update", "target": "/usr/local/bin/kubelet"}]


def test_an_equal_file_from_elsewhere_is_not_sent() -> None:
    machine = FakeMachine()
    machine.put("/usr/local/bin/kubelet", "new kubelet", 0o755)
    assert inspect(machine, KUBELET)["missing"] == []
    assert INDEX in machine.written


def test_what_arrives_damaged_is_not_installed() -> None:
    machine = FakeMachine()
    inspect(machine, PAUSE, KUBELET)
    with pytest.raises(InvalidInput, match="bin/kubelet arrived with SHA-256"):
        send_and_apply(machine, (PAUSE, "pause"), (KUBELET, "new kubeleT"))
    assert machine.read_text("/usr/local/bin/kubelet") is None
    assert machine.read_text(PAUSE["destination"]) is None


def test_too_small_a_disk_is_refused_before_anything_is_sent() -> None:
    machine = FakeMachine(free_bytes=10)
    with pytest.raises(InvalidInput) as caught:
        inspect(machine, KUBELET)
    assert "fake: not enough room in /var/lib/mothership-hcp: 11 bytes are needed, 10 are free" in str(caught.value)
    assert machine.mutations == []


def test_another_architecture_is_refused() -> None:
    request = {"operation": "inspect", "files": [], "architecture": "sparc", "upload_user": "admin"}
    with pytest.raises(InvalidInput, match="sparc"):
        bundle_target.answer(FakeMachine(), request, check_mode=False)


def test_packages_are_compared_by_version_and_installed_in_one_call() -> None:
    machine = FakeMachine()
    machine.answer("dpkg-query", "libx\t1:1.9\tinstalled\nother\t1\tconfig-files\n")
    assert inspect(machine, DEB)["plan"] == [{"action": "update", "target": "package libx"}]
    send_and_apply(machine, (DEB, "deb"))
    assert sum(line.startswith("run dpkg --install") for line in machine.mutations) == 1
    machine.answer("dpkg-query", "libx\t1:2.0\tinstalled\n")
    assert inspect(machine, DEB)["plan"] == []
    machine.answer("dpkg-query", "libx\t1:2.1\tinstalled\n")
    machine.answer("dpkg --compare-versions 1:2.1 ge 1:2.0", "")
    assert inspect(machine, DEB)["plan"] == []


def test_the_module_alone_says_that_it_needs_its_action() -> None:
    with pytest.raises(HcpError, match="action plugin"):
        bundle_target.answer(FakeMachine(), {}, check_mode=False)
