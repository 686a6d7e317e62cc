# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declared list of machines, checked as a whole before anything is touched, and the places of the lab's files."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .command import LabError

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_GROUP = re.compile(r"[a-z_][a-z0-9_]*")
S3_GROUP = "lab_s3"


@dataclass(frozen=True)
class Machine:
    """One declared machine."""

    name: str
    address: str
    groups: tuple[str, ...]
    zone: str

    @property
    def mac_address(self) -> str:
        """Link address made of the address: with a random one, a restarted machine is unreachable for half a minute,
        until the neighbours forget the old one."""
        return "0a:4d:" + ":".join(f"{byte:02x}" for byte in ipaddress.IPv4Address(self.address).packed)


@dataclass(frozen=True)
class MachineList:
    """A checked list: network, machines and the variables file that goes with them."""

    network: str
    subnet: ipaddress.IPv4Network
    machines: tuple[Machine, ...]
    group_vars: Path

    @property
    def gateway(self) -> str:
        """Address of the host on the network."""
        return str(self.subnet.network_address + 1)

    def in_group(self, group: str) -> list[Machine]:
        """Machines of a group, in the order of the list."""
        return [machine for machine in self.machines if group in machine.groups]


@dataclass(frozen=True)
class Lab:
    """Where the lab of one checkout keeps its things, and the label by which it knows what is its own."""

    root: Path

    @property
    def owner(self) -> str:
        """Label value: two checkouts on one host never take each other's machines away."""
        return hashlib.sha256(str(self.root.resolve()).encode()).hexdigest()[:12]

    @property
    def state(self) -> Path:
        """Private state (keys, markers, logs); git-ignored."""
        return self.root / ".lab"

    @property
    def key(self) -> Path:
        """Private SSH key of the lab."""
        return self.state / "ssh" / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """Host keys of the machines as they are now."""
        return self.state / "known_hosts"

    @property
    def s3_file(self) -> Path:
        """Address and credentials of the lab's S3."""
        return self.state / "s3.json"

    @property
    def inventory(self) -> Path:
        """Generated Ansible inventory; git-ignored."""
        return self.root / "lab" / "inventory"

    @property
    def cache(self) -> Path:
        """What is dear to build and worth keeping over checkouts."""
        named = os.environ.get("LAB_CACHE")
        home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        return Path(named or f"{home}/mothership-hcp").expanduser()


def checkout() -> Lab:
    """Return the lab of the checkout that this file is in."""
    return Lab(Path(__file__).resolve().parents[2])


def load(path: Path) -> MachineList:
    """Read a list of machines; report every problem of the file at once."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise LabError(f"{path}: cannot read the list of machines: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("network"), dict) or not data.get("machines"):
        raise LabError(f"{path}: expected `network: {{name, subnet}}` and a non-empty list `machines`")
    try:
        subnet = ipaddress.IPv4Network(data["network"].get("subnet", ""))
    except ValueError as error:
        raise LabError(f"{path}: network.subnet: {error}") from error
    problems = _problems(data, subnet)
    if problems:
        raise LabError(f"{path}: {len(problems)} problem(s):\n  " + "\n  ".join(problems))
    machines = tuple(
        Machine(item["name"], str(item["address"]), tuple(item.get("groups") or ()), item.get("zone", "zone-a"))
        for item in data["machines"]
    )
    default = Path(__file__).resolve().parents[1] / "group_vars.yml"
    group_vars = path.parent / data["group_vars"] if data.get("group_vars") else default
    return MachineList(data["network"]["name"], subnet, machines, group_vars)


def _problems(data: dict[str, Any], subnet: ipaddress.IPv4Network) -> list[str]:
    """List what is wrong with the file, each with its place."""
    found: list[str] = []
    if not _NAME.fullmatch(str(data["network"].get("name", ""))):
        found.append("network.name: must be a lower-case name")
    seen: dict[str, str] = {}
    for index, item in enumerate(data["machines"]):
        where = f"machines[{index}]"
        if not isinstance(item, dict):
            found.append(f"{where}: must be a mapping")
            continue
        found += [f"{where}.{text}" for text in _machine_problems(item, subnet)]
        for field in ("name", "address"):
            value = str(item.get(field))
            if value in seen:
                found.append(f"{where}.{field}: {value} is already used by {seen[value]}")
            seen[value] = where
    return found


def _machine_problems(item: dict[str, Any], subnet: ipaddress.IPv4Network) -> list[str]:
    """List what is wrong with one machine."""
    found = [f"{key}: unknown option" for key in sorted(set(item) - {"name", "address", "groups", "zone"})]
    if not _NAME.fullmatch(str(item.get("name", ""))):
        found.append(f"name: {item.get('name')!r} is no host name (lower case, digits, -)")
    try:
        address = ipaddress.IPv4Address(str(item.get("address")))
    except ValueError as error:
        found.append(f"address: {error}")
    else:
        taken = (subnet.network_address, subnet.network_address + 1, subnet.broadcast_address)
        if address not in subnet or address in taken:
            found.append(f"address: {address} is not a free host address of {subnet}")
    groups = item.get("groups") or []
    if not isinstance(groups, list):
        found.append("groups: must be a list")
    else:
        found += [f"groups: {group!r} is no group name" for group in groups if not _GROUP.fullmatch(str(group))]
    return found
