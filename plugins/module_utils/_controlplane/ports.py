# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Node ports of hosted clusters: stable once given, never the same for two."""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t

from .._core.errors import HcpError
from .port_range import PortRange

if t.TYPE_CHECKING:
    from .spec import ClusterSpec


@dataclasses.dataclass(frozen=True)
class Ports:
    """The two node ports of a hosted cluster."""

    api: int
    konnectivity: int


class PortTaken(HcpError):
    """A port that the user asked for belongs to a Service of somebody else."""


def allocate(
    specs: t.Sequence[ClusterSpec],
    allowed: PortRange,
    used: t.Mapping[int, str],
    present: t.Mapping[str, tuple[int | None, int | None]],
) -> dict[str, Ports]:
    """Ports for every cluster.

    :param used: node port -> ``namespace/name`` of the Service that has it, over the whole mothership.
    :param present: cluster name -> the ports its own Services have now; kept unless the user asks for others.
    :raises PortTaken: when a port that the user asked for is another Service's.
    """
    own = {port: name for name, pair in present.items() for port in pair if port is not None}
    foreign = {port: owner for port, owner in used.items() if port not in own}
    taken = set(foreign)
    for spec in specs:
        for key, port in (("api_port", spec.api_port), ("konnectivity_port", spec.konnectivity_port)):
            holder = foreign.get(port) if port is not None else None
            if holder is not None:
                raise PortTaken(
                    f"port {port} belongs to Service {holder}",
                    where=f"{spec.name}.{key}",
                    remedy="choose another port, or leave it out and one is allocated",
                )
            taken |= {port} if port is not None else set()
    # First everybody keeps what they have, then the rest is given out: a new cluster never takes an old one's port.
    wishes = {spec.name: _wishes(spec, present.get(spec.name, (None, None)), taken) for spec in specs}
    taken |= {port for pair in wishes.values() for port in pair if port is not None}
    taken |= set(own)
    result = {}
    for spec in specs:
        api, konnectivity = wishes[spec.name]
        api = api or _next_free(f"{spec.name}/api", allowed, taken)
        konnectivity = konnectivity or _next_free(f"{spec.name}/konnectivity", allowed, taken)
        result[spec.name] = Ports(api, konnectivity)
    return result


def _wishes(
    spec: ClusterSpec, present: tuple[int | None, int | None], taken: t.Collection[int]
) -> tuple[int | None, int | None]:
    """What the user asked for, else what the cluster has, unless another cluster now asks for it."""
    api, konnectivity = (None if port in taken else port for port in present)
    return spec.api_port or api, spec.konnectivity_port or konnectivity


def _next_free(seed: str, allowed: PortRange, taken: set[int]) -> int:
    """A free port, first in the static band, from a place that depends on ``seed`` only; it is added to ``taken``."""
    band = allowed.static_band
    start = int.from_bytes(hashlib.sha256(seed.encode("ascii")).digest()[:4], "big") % band
    banded = (allowed.first + (start + step) % band for step in range(band))
    beyond = range(allowed.first + band, allowed.last + 1)
    for port in (*banded, *beyond):
        if port not in taken:
            taken.add(port)
            return port
    raise HcpError(
        f"all node ports {allowed} are taken",
        where=seed,
        remedy="remove Services of type NodePort, or give the mothership a larger range",
    )
