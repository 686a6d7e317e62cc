# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.flags import Flags, translate_flags
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.problems import Findings


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], Flags()),
        (["--debug", "--enable-dynamic-config"], Flags(("--debug",))),
        (
            ["--disable-components=helm,coredns --disable-components autopilot", "--disable-components=helm"],
            Flags((), ("helm", "coredns", "autopilot")),
        ),
        (["--feature-gates", "A=true"], Flags(("--feature-gates=A=true",))),
        (
            ["--kube-controller-manager-extra-args='--v=2 --x'"],
            Flags(("--kube-controller-manager-extra-args=--v=2 --x",)),
        ),
        (["-d"], Flags(("-d",))),
    ],
)
def test_flags_are_split_as_a_shell_does(given: list[str], expected: Flags) -> None:
    findings = Findings()
    assert translate_flags(given, "here", findings) == expected
    assert findings == Findings()


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--config=/x", "--config is set"),
        ("-c /x", "--config is set"),
        ("--data-dir /x", "--data-dir is set"),
        ("--enable-worker", "--enable-worker is set"),
        ("--single", "--single is set"),
        ("--labels=$HOME", "shell"),
        ("--debug; rm -r /", "shell"),
        ("--debug 'x", "cannot be read"),
        ("H4sIAAAA", "is an argument"),
    ],
)
def test_what_we_set_ourselves_is_refused(flag: str, message: str) -> None:
    findings = Findings()
    translate_flags([flag], "here", findings)
    assert any(message in problem.message for problem in findings.problems)


def test_every_refused_flag_is_told() -> None:
    findings = Findings()
    translate_flags(["--single --enable-worker", "--data-dir=/x"], "here", findings)
    assert len(findings.problems) == 3


def test_components_that_k0s_does_not_know_are_dropped() -> None:
    findings = Findings()
    assert translate_flags(["--disable-components=worker-config,helm"], "here", findings) == Flags((), ("helm",))
    assert "worker-config" in findings.notes[0]


def test_dynamic_configuration_that_was_off_is_noted() -> None:
    findings = Findings()
    assert translate_flags(["--enable-dynamic-config=false"], "here", findings) == Flags()
    assert len(findings.notes) == 1
