# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines must not share cgroups: where they do, the kubelet of one deletes the pods of another after a while."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.machines import access, config

ROOT = Path(__file__).resolve().parents[2]

LAB = config.checkout()
DECLARED = config.load(Path(os.environ.get("LAB_MACHINES") or ROOT / "lab" / "machines.yaml"))
V1 = not Path("/sys/fs/cgroup/cgroup.controllers").exists()


def sh(machine: config.Machine, script: str) -> str:
    """Run a script as root in a machine, over SSH as users do."""
    argv = access.ssh_command(LAB, machine, "sudo", "-n", "sh", "-eu")
    done = subprocess.run(argv, input=script, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, f"{machine.name}: {done.stderr}"
    return done.stdout


def cgroup_mounts(machine: config.Machine) -> dict[str, int]:
    """Mount point -> inode of every cgroup hierarchy that a machine sees."""
    script = """awk '$5 ~ "^/sys/fs/cgroup" && / - cgroup2? / {print $5}' /proc/self/mountinfo |
        while read -r at; do echo "$at $(stat -c %i "$at")"; done"""
    return {line.split()[0]: int(line.split()[1]) for line in sh(machine, script).splitlines()}


@pytest.fixture(scope="module", autouse=True)
def lab_up() -> None:
    """Skip, with the reason, where no lab is up."""
    status = subprocess.run(
        [sys.executable, "-m", "lab.machines", "status"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if status.returncode != 0:
        pytest.skip(f"the lab is not up (python -m lab.machines up):\n{status.stdout}{status.stderr}")


@pytest.fixture(params=DECLARED.machines, ids=lambda machine: machine.name)
def machine(request: pytest.FixtureRequest) -> config.Machine:
    """Each machine in turn."""
    return request.param


@pytest.mark.skipif(not V1, reason="cgroup v2: the cgroup namespace separates machines")
def test_no_hierarchy_is_seen_from_its_root(machine: config.Machine) -> None:
    mounts = cgroup_mounts(machine)
    assert len(mounts) > 1
    assert {at: inode for at, inode in mounts.items() if inode == 1} == {}


@pytest.mark.skipif(not V1, reason="cgroup v2: the cgroup namespace separates machines")
def test_first_process_is_inside_the_machines_cgroup_namespace(machine: config.Machine) -> None:
    lines = sh(machine, "cat /proc/1/cgroup").splitlines()
    assert [line for line in lines if ".." in line] == []


@pytest.fixture
def probe(machine: config.Machine) -> Iterator[str]:
    """Name of a cgroup that exists in every hierarchy of one machine."""
    name = f"lab-isolation-{uuid.uuid4().hex[:8]}"
    paths = " ".join(f"{at}/{name}" for at in cgroup_mounts(machine))
    sh(machine, f"mkdir {paths}")
    yield name
    sh(machine, f"rmdir {paths}")


def test_a_cgroup_of_one_machine_is_not_visible_in_another(machine: config.Machine, probe: str) -> None:
    if len(DECLARED.machines) < 2:
        pytest.skip("only one machine is declared")
    find = f"find /sys/fs/cgroup -type d -name {probe}"
    assert sh(machine, find).strip(), "the machine does not see its own cgroup"
    seen = {other.name: sh(other, find).split() for other in DECLARED.machines if other is not machine}
    assert {name: paths for name, paths in seen.items() if paths} == {}
