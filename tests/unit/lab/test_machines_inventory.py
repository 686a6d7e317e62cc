# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated inventory."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.machines import inventory
from lab.machines.command import LabError
from lab.machines.config import Lab, MachineList, load
from lab.machines.inventory import Distributions

ROOT = Path(__file__).resolve().parents[3]
S3 = {"url": "http://10.77.0.21:7070", "bucket": "velero", "region": "r", "access_key": "a", "secret_key": "s/+=: #"}
NOTHING_SAID = Distributions()


@pytest.fixture
def declared(tmp_path: Path) -> MachineList:
    template = tmp_path / "group_vars.yml"
    template.write_text("db: '@ADDRESS:db1@:5432'\nmail: a@ADDRESS.example\n", encoding="utf-8")
    return dataclasses.replace(load(ROOT / "lab" / "machines.yaml"), group_vars=template)


def test_hosts_groups_and_verified_host_keys(declared: MachineList) -> None:
    found = inventory.hosts(declared)["all"]
    machines = found["children"]["lab_machines"]
    assert "vars" not in found
    assert machines["hosts"]["w2"] == {"ansible_host": "10.77.0.32", "machine_zone": "zone-b"}
    assert set(found["children"]["workers_tenant_a"]["hosts"]) == {"w1", "w2"}
    assert machines["vars"]["ansible_user"] != "root"
    assert machines["vars"]["ansible_become"] is True
    assert "StrictHostKeyChecking=yes" in machines["vars"]["ansible_ssh_common_args"]


def test_addresses_are_rendered_and_nothing_else(declared: MachineList) -> None:
    text = inventory.render(declared.group_vars.read_text(encoding="utf-8"), declared, NOTHING_SAID)
    assert yaml.safe_load(text) == {"db": "10.77.0.21:5432", "mail": "a@ADDRESS.example"}


def test_unknown_machine_in_the_template_is_refused(declared: MachineList) -> None:
    declared.group_vars.write_text("x: '@ADDRESS:nobody@'\n", encoding="utf-8")
    with pytest.raises(LabError, match="nobody"):
        inventory.check(declared, NOTHING_SAID)


def test_files_and_modes(tmp_path: Path, declared: MachineList) -> None:
    lab = Lab(tmp_path)
    inventory.write(lab, declared, S3, NOTHING_SAID)
    secrets = lab.inventory / "group_vars" / "all" / "lab_secrets.yml"
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(secrets.read_text(encoding="utf-8"))["velero_s3_secret_key"] == S3["secret_key"]
    assert yaml.safe_load((lab.inventory / "hosts.yml").read_text(encoding="utf-8")) == inventory.hosts(declared)
    before = {path: path.stat().st_mtime_ns for path in lab.inventory.rglob("*.yml")}
    inventory.write(lab, declared, S3, NOTHING_SAID)
    assert {path: path.stat().st_mtime_ns for path in lab.inventory.rglob("*.yml")} == before
    inventory.write(lab, declared, None, NOTHING_SAID)
    assert not secrets.exists()


def rendered(choice: Distributions) -> dict[str, Any]:
    """The lab's own variables, as ``up`` writes them."""
    declared = load(ROOT / "lab" / "machines.yaml")
    text = inventory.render(declared.group_vars.read_text(encoding="utf-8"), declared, choice)
    return dict(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("choice", "mothership", "cluster"),
    [
        (NOTHING_SAID, "kubeadm", "kubeadm"),
        (Distributions("k0s", "k0s"), "k0s", "k0s"),
        (Distributions(cluster="k0s"), "kubeadm", "k0s"),
        (Distributions(mothership="k0s"), "k0s", "kubeadm"),
    ],
)
def test_the_labs_own_variables_carry_the_distributions(choice: Distributions, mothership: str, cluster: str) -> None:
    found = rendered(choice)
    assert found["mothership_distribution"] == mothership
    assert [one["distribution"] for one in found["hosted_clusters"]] == [cluster]


def test_another_variables_file_keeps_working_and_a_choice_it_ignores_is_refused(declared: MachineList) -> None:
    inventory.check(declared, NOTHING_SAID)
    with pytest.raises(LabError, match="choice of k0s would change nothing"):
        inventory.check(declared, Distributions(cluster="k0s"))
