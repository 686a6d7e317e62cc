# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Groups of the inventory against the clusters that are asked for."""

from __future__ import annotations

import difflib
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput

CONTROL_PLANE = "mothership_control_plane"
MOTHERSHIP_WORKERS = "mothership_workers"
POSTGRESQL = "postgresql"
LOAD_BALANCERS = "load_balancers"
WORKERS_PREFIX = "workers_"
_KNOWN = (CONTROL_PLANE, MOTHERSHIP_WORKERS, POSTGRESQL, LOAD_BALANCERS)


def is_database(name: str) -> bool:
    """Whether machines of a group run PostgreSQL; a further server has a group such as ``postgresql_b``."""
    return name == POSTGRESQL or name.startswith(f"{POSTGRESQL}_")


def members_of(groups: t.Mapping[str, t.Sequence[str]], name: str) -> list[str]:
    """Machines of a group; of the group of PostgreSQL those of all servers."""
    names = sorted(filter(is_database, groups)) if name == POSTGRESQL else [name]
    return [host for each in names for host in groups.get(each, ())]


def worker_machines(groups: t.Mapping[str, t.Sequence[str]]) -> list[str]:
    """Workers of all hosted clusters."""
    return [host for name, hosts in groups.items() if name.startswith(WORKERS_PREFIX) for host in hosts]


def workers_group(cluster: str) -> str:
    """Group of a hosted cluster's workers: ``tenant-a`` -> ``workers_tenant_a``."""
    return WORKERS_PREFIX + cluster.replace("-", "_")


def group_problems(
    groups: t.Mapping[str, t.Sequence[str]],
    clusters: t.Sequence[str],
    *,
    external_database: bool = False,
    several_control_planes: bool = False,
) -> list[HcpError]:
    """Empty, unknown and contradictory groups.

    :param groups: group name -> hosts.
    :param clusters: names of the hosted clusters.
    :param external_database: there is a database that is not this site's.
    :param several_control_planes: the mothership's distribution can have more than one machine.
    """
    problems: list[HcpError] = []
    if not groups.get(CONTROL_PLANE):
        problems.append(_empty(CONTROL_PLANE, "the machine that is to become the mothership's control plane"))
    if len(groups.get(CONTROL_PLANE, ())) > 1 and not several_control_planes:
        problems.append(
            InvalidInput(
                f"has {len(groups[CONTROL_PLANE])} machines; with kubeadm this release makes one control plane machine",
                where=f"group {CONTROL_PLANE}",
                remedy=f"keep one and put the others into {MOTHERSHIP_WORKERS}: hosted control planes spread over them;"
                " or use mothership_distribution: k0s",
            )
        )
    if clusters and not groups.get(POSTGRESQL) and not external_database:
        problems.append(_empty(POSTGRESQL, "the machine that keeps the hosted clusters' databases"))
    expected = {workers_group(name) for name in clusters}
    for name, hosts in groups.items():
        if name.startswith(WORKERS_PREFIX) and name not in expected and hosts:
            problems.append(_no_cluster(name, expected))
        elif hosts and not is_database(name) and name not in (*_KNOWN, *expected, "all", "ungrouped"):
            near = difflib.get_close_matches(name, [*_KNOWN, *expected], n=1, cutoff=0.85)
            if near:
                problems.append(InvalidInput(f"unknown group, did you mean {near[0]}?", where=f"group {name}"))
    return problems + machines_with_two_tasks(groups, expected)


def machines_with_two_tasks(groups: t.Mapping[str, t.Sequence[str]], workers: t.Iterable[str]) -> list[HcpError]:
    """Machines that would have to be nodes of two Kubernetes clusters: one kubelet serves one cluster."""
    membership: dict[str, list[str]] = {}
    mothership = [*groups.get(CONTROL_PLANE, ()), *groups.get(MOTHERSHIP_WORKERS, ())]
    for machine in dict.fromkeys(mothership):
        membership.setdefault(machine, []).append("the mothership")
    for group in sorted(workers):
        for machine in groups.get(group, ()):
            membership.setdefault(machine, []).append(f"group {group}")
    return [
        InvalidInput(
            f"is in {' and in '.join(places)}: a machine can be a node of one cluster only",
            where=f"machine {machine}",
            remedy=f"keep {machine} in one of them",
        )
        for machine, places in membership.items()
        if len(places) > 1
    ]


def group_notes(groups: t.Mapping[str, t.Sequence[str]], clusters: t.Sequence[str]) -> list[str]:
    """What is allowed but may be an oversight."""
    return [
        f"hosted cluster {name} has no workers: group {workers_group(name)} is empty"
        for name in clusters
        if not groups.get(workers_group(name))
    ]


def _empty(group: str, purpose: str) -> HcpError:
    return InvalidInput(
        "the group has no machine", where=f"group {group}", remedy=f"add {purpose} to it in the inventory"
    )


def _no_cluster(group: str, expected: set[str]) -> HcpError:
    near = difflib.get_close_matches(group, expected, n=1, cutoff=0.6)
    cluster = group[len(WORKERS_PREFIX) :].replace("_", "-")
    hint = f"rename it to {near[0]}, or " if near else ""
    return InvalidInput(
        f"there is no hosted cluster {cluster}",
        where=f"group {group}",
        remedy=f"{hint}add a cluster named {cluster} to hosted_clusters",
    )
