# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated inventory."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from lab.machines import inventory
from lab.machines.command import LabError
from lab.machines.config import Lab, MachineList, load

ROOT = Path(__file__).resolve().parents[3]
S3 = {"url": "http://10.77.0.21:7070", "bucket": "velero", "region": "r", "access_key": "a", "secret_key": "s/+=: #"}


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
    text = inventory.render(declared.group_vars.read_text(encoding="utf-8"), declared)
    assert yaml.safe_load(text) == {"db": "10.77.0.21:5432", "mail": "a@ADDRESS.example"}


def test_unknown_machine_in_the_template_is_refused(declared: MachineList) -> None:
    declared.group_vars.write_text("x: '@ADDRESS:nobody@'\n", encoding="utf-8")
    with pytest.raises(LabError, match="nobody"):
        inventory.check(declared)


def test_files_and_modes(tmp_path: Path, declared: MachineList) -> None:
    lab = Lab(tmp_path)
    inventory.write(lab, declared, S3)
    secrets = lab.inventory / "group_vars" / "all" / "lab_secrets.yml"
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(secrets.read_text(encoding="utf-8"))["velero_s3_secret_key"] == S3["secret_key"]
    assert yaml.safe_load((lab.inventory / "hosts.yml").read_text(encoding="utf-8")) == inventory.hosts(declared)
    before = {path: path.stat().st_mtime_ns for path in lab.inventory.rglob("*.yml")}
    inventory.write(lab, declared, S3)
    assert {path: path.stat().st_mtime_ns for path in lab.inventory.rglob("*.yml")} == before
    inventory.write(lab, declared, None)
    assert not secrets.exists()
