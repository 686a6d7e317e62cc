# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.access import access_problem


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "REMOTE HOST IDENTIFICATION HAS CHANGED!\nOffending RSA key in /k:3\nHost key verification failed.",
            "known_hosts (/k:3)",
        ),
        ("Host key verification failed.", "is not in known_hosts"),
        ("No ED25519 host key is known for 192.0.2.1", "is not in known_hosts"),
        ("admin@192.0.2.1: Permission denied (publickey).", "refuses the SSH login"),
        ("ssh: Could not resolve hostname w9: Name or service not known", "cannot be resolved"),
        ("connect to host 192.0.2.1 port 22: Connection refused", "refuses SSH connections"),
        ("connect to host 192.0.2.1 port 22: Connection timed out", "cannot be reached"),
    ],
)
def test_unreachable_machines_are_told_with_the_cause(said: str, shown: str) -> None:
    problem = access_problem("w1", "192.0.2.1", {"unreachable": True, "msg": said})
    assert problem is not None
    assert str(problem).startswith("machine w1: ")
    assert shown in str(problem)
    assert problem.remedy


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        ({"failed": True, "msg": "Missing sudo password"}, "privilege escalation on w1 failed"),
        ({"failed": True, "msg": "x", "module_stderr": "sudo: a password is required"}, "privilege escalation"),
        ({"failed": True, "msg": "The module interpreter '/usr/bin/python3' was not found."}, "has no Python"),
        ({"failed": True, "msg": "something\nlast line"}, "cannot be examined: last line"),
    ],
)
def test_failed_machines_are_told(result: dict[str, object], shown: str) -> None:
    assert shown in str(access_problem("w1", "192.0.2.1", result))


def test_a_machine_that_answered_is_fine() -> None:
    assert access_problem("w1", "192.0.2.1", {"changed": False, "machine": {}}) is None
