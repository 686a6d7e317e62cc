# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The mothership's control plane machines: how many there may be, where their state is, how their API is reached."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import groups

KINE = "kine"


@dataclasses.dataclass(frozen=True)
class ControlPlane:
    """What the site says about it.

    :param storage: ``mothership_storage``.
    :param has_password: ``mothership_datastore_password`` is set.
    :param endpoint: ``mothership_endpoint`` as the user set it; empty when the first machine's address is used.
    :param members: groups of the inventory.
    """

    distribution: str
    storage: str
    has_password: bool
    endpoint: str
    members: t.Mapping[str, t.Sequence[str]]

    @property
    def machines(self) -> t.Sequence[str]:
        return self.members.get(groups.CONTROL_PLANE, ())


def problems(plane: ControlPlane) -> list[HcpError]:
    """What cannot work."""
    found: list[HcpError] = []
    if plane.distribution != "k0s" and plane.storage == KINE:
        remedy = "set mothership_distribution: k0s, or remove it: kubeadm keeps the mothership's state in etcd"
        found.append(InvalidInput(f"{KINE} is only for a mothership on k0s", where="mothership_storage", remedy=remedy))
    elif plane.storage == KINE:
        found += _datastore_problems(plane)
    both = sorted(set(plane.members.get(groups.LOAD_BALANCERS, ())) & _nodes(plane.members))
    found += [
        InvalidInput(
            f"is in group {groups.LOAD_BALANCERS} and is a node: both would listen at the port of the API",
            where=f"machine {machine}",
            remedy="give load balancers machines of their own",
        )
        for machine in both
    ]
    return found


def _datastore_problems(plane: ControlPlane) -> list[HcpError]:
    found: list[HcpError] = []
    if not plane.members.get(groups.POSTGRESQL):
        found.append(
            InvalidInput(
                "the group has no machine, but the state of the mothership is to be in its PostgreSQL",
                where=f"group {groups.POSTGRESQL}",
                remedy="add a machine to it in the inventory, or use mothership_storage: etcd",
            )
        )
    if not plane.has_password:
        found.append(
            InvalidInput(
                f"is required with mothership_storage: {KINE}",
                where="mothership_datastore_password",
                remedy="set it to a long random password, in a vault",
            )
        )
    return found


def _nodes(members: t.Mapping[str, t.Sequence[str]]) -> set[str]:
    """Machines that run a kubelet."""
    names = [name for name in members if name.startswith(groups.WORKERS_PREFIX)]
    return {
        host for name in (groups.CONTROL_PLANE, groups.MOTHERSHIP_WORKERS, *names) for host in members.get(name, ())
    }


def notes(plane: ControlPlane) -> list[str]:
    """What is allowed but may be an oversight."""
    found = []
    count = len(plane.machines)
    if plane.distribution == "k0s" and count > 1 and not plane.endpoint:
        found.append(
            f"mothership_endpoint is not set: the API of {count} machines would be reached at {plane.machines[0]} alone"
            "; set it to the name or address of a load balancer"
        )
    if plane.distribution == "k0s" and plane.storage == "etcd" and count > 1 and count % 2 == 0:
        found.append(
            f"an etcd of {count} machines survives the loss of {(count - 1) // 2}, as one of {count - 1} does:"
            " use an odd number"
        )
    return found
