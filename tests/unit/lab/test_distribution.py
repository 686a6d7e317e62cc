# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``make`` is told about distributions, judged before anything is built."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lab.distribution import VARIABLES, problems

ROOT = Path(__file__).resolve().parents[3]
# `make test DISTRIBUTION=…` hands its own variables down.
CALLER = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name not in VARIABLES}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"DISTRIBUTION": "", "MOTHERSHIP_DISTRIBUTION": ""},
        {"DISTRIBUTION": "kubeadm"},
        {"DISTRIBUTION": "k0s", "LAB_K0S": "/opt/k0s"},
        {"MOTHERSHIP_DISTRIBUTION": "kubeadm", "CLUSTER_DISTRIBUTION": "k0s", "LAB_K0S": "/opt/k0s"},
    ],
)
def test_what_can_be_built_has_no_problem(environment: dict[str, str]) -> None:
    assert problems(environment) == []


def test_a_distribution_that_is_none_is_told_with_its_variable() -> None:
    (text,) = problems({"CLUSTER_DISTRIBUTION": "k3s"})
    assert text.startswith("CLUSTER_DISTRIBUTION=k3s: there is no such distribution")
    assert "kubeadm and k0s" in text


def test_k0s_without_a_binary_says_how_to_get_one() -> None:
    (text,) = problems({"DISTRIBUTION": "k0s"})
    assert "LAB_K0S is not set" in text
    assert "github.com/k0sproject/k0s/releases" in text
    assert "docs/lab.md" in text
    assert problems({"DISTRIBUTION": "k0s"}, needs_binary=False) == []


def test_make_refuses_before_it_builds_anything() -> None:
    done = subprocess.run(
        ["make", "demo", "DISTRIBUTION=k3s"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env=CALLER,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: DISTRIBUTION=k3s: there is no such distribution")
    assert "bundle" not in done.stdout


@pytest.mark.parametrize(
    ("given", "options"),
    [
        (["DISTRIBUTION=k0s"], "--mothership-distribution k0s --cluster-distribution k0s"),
        (["CLUSTER_DISTRIBUTION=k0s"], "--cluster-distribution k0s"),
        (["DISTRIBUTION=k0s", "MOTHERSHIP_DISTRIBUTION=kubeadm"],
         "--mothership-distribution kubeadm --cluster-distribution k0s"),
        ([], ""),
    ],
)  # fmt: skip
def test_make_hands_the_choice_to_the_inventory(given: list[str], options: str) -> None:
    command = ["make", "--no-print-directory", "-n", "lab-up", *given]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, env=CALLER, check=True)
    (line,) = [line for line in done.stdout.splitlines() if "lab.machines up" in line]
    assert line.split("--bundle .lab/bundle", 1)[1].split() == options.split()
