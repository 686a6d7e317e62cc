# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Which machine gets which bundle: a bundle is for one architecture, so a site may have several."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import bundle as bundles
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import groups, k0s

if t.TYPE_CHECKING:
    import pathlib

    from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec

Members = t.Mapping[str, t.Sequence[str]]


@dataclasses.dataclass(frozen=True)
class Parcel:
    """One bundle and the machines that get it.

    :param binary: the bundle's k0s.
    """

    bundle: bundles.Bundle
    binary: k0s.Binary | None
    machines: frozenset[str]

    def members(self, members: Members) -> dict[str, list[str]]:
        """The groups, with no other machines in them."""
        return {name: [host for host in hosts if host in self.machines] for name, hosts in members.items()}

    def usage(self, mothership: str, clusters: t.Iterable[ClusterSpec], members: Members) -> k0s.Usage:
        """What these machines run."""
        return k0s.Usage.of(mothership, clusters, self.members(members))

    @property
    def k0s_has_payload(self) -> bool:
        """Whether the bundle's k0s brings the programs that it starts."""
        return self.binary is not None and self.binary.payload

    def problems(
        self,
        collection: pathlib.Path,
        clusters: t.Sequence[ClusterSpec],
        usage: k0s.Usage,
        members: Members,
        *,
        velero: bool,
    ) -> list[HcpError]:
        """What the bundle lacks for these machines, and k0s workers that do not fit their control plane."""
        wanted = bundles.Wanted.read(collection, velero=velero, usage=usage, k0s_has_payload=self.k0s_has_payload)
        found = bundles.content_problems(self.bundle, wanted) if usage.machines else []
        found += k0s.binary_problems(self.bundle, self.binary, usage)
        return found + k0s.worker_problems(self.bundle, clusters, self.members(members))


def open_all(folders: t.Mapping[str, str], default: str) -> tuple[list[Parcel], list[HcpError]]:
    """Read every bundle that is named, each once.

    :param folders: machine -> folder of its bundle.
    :param default: the folder that is read when there is no machine.
    """
    parcels: list[Parcel] = []
    problems: list[HcpError] = []
    for folder in dict.fromkeys(folders.values() or [default]):
        found, told = bundles.examine(folder)
        problems += told
        if found is not None:
            machines = frozenset(name for name, own in folders.items() if own == folder)
            parcels.append(Parcel(found, k0s.Binary.of(found), machines))
    return parcels, problems


def of_mothership(parcels: t.Sequence[Parcel], members: Members) -> Parcel | None:
    """The parcel of the machine that hosts the control planes, else any."""
    for host in members.get(groups.CONTROL_PLANE, ()):
        for parcel in parcels:
            if host in parcel.machines:
                return parcel
    return parcels[0] if parcels else None
