# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Address ranges that must not overlap."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput

Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

_FREE = "choose a range that nothing else uses, such as one of 10.0.0.0/8 or 172.16.0.0/12"


@dataclasses.dataclass(frozen=True)
class NamedRange:
    """A range with the option that sets it.

    :param name: option path, as shown to the user.
    :param cidr: as written.
    :param why: what goes wrong when another range overlaps it.
    """

    name: str
    cidr: str
    why: str

    @property
    def network(self) -> Network | None:
        """The parsed range; ``None`` when it is none."""
        try:
            return ipaddress.ip_network(self.cidr, strict=True)
        except ValueError:
            return None


def invalid_ranges(ranges: t.Sequence[NamedRange]) -> list[HcpError]:
    problems: list[HcpError] = []
    for entry in ranges:
        try:
            ipaddress.ip_network(entry.cidr, strict=True)
        except ValueError as error:
            problems.append(
                InvalidInput(f"is no address range: {error}", where=entry.name, remedy="write it as 10.244.0.0/16")
            )
    return problems


def overlapping_ranges(ranges: t.Sequence[NamedRange]) -> list[HcpError]:
    """Every pair of ranges that share addresses; ranges that do not parse are left to :func:`invalid_ranges`."""
    problems: list[HcpError] = []
    for position, first in enumerate(ranges):
        for second in ranges[position + 1 :]:
            if _overlap(first.network, second.network):
                problems.append(
                    InvalidInput(
                        f"{first.cidr} overlaps {second.name} {second.cidr}: {second.why}",
                        where=first.name,
                        remedy=_FREE,
                    )
                )
    return problems


def machines_inside(ranges: t.Sequence[NamedRange], addresses: t.Mapping[str, t.Iterable[str]]) -> list[HcpError]:
    """Ranges that contain a machine's own address.

    :param addresses: machine -> its addresses; what is no address (a DNS name) is passed over.
    """
    problems: list[HcpError] = []
    for entry in ranges:
        network = entry.network
        if network is None:
            continue
        inside = [
            f"{machine} ({text})"
            for machine, texts in addresses.items()
            for text in texts
            if (address := _address(text)) is not None and address.version == network.version and address in network
        ]
        if inside:
            problems.append(
                InvalidInput(
                    f"{entry.cidr} contains the address of {', '.join(sorted(set(inside)))}: pods could not reach it",
                    where=entry.name,
                    remedy=_FREE,
                )
            )
    return problems


def shared_addresses(addresses: t.Mapping[str, t.Iterable[str]]) -> list[HcpError]:
    """Addresses that two machines have both."""
    owners: dict[str, set[str]] = {}
    for machine, texts in addresses.items():
        for text in texts:
            address = _address(text)
            if address is not None and not address.is_loopback and not address.is_link_local:
                owners.setdefault(str(address), set()).add(machine)
    return [
        HcpError(
            f"address {address} belongs to {' and '.join(sorted(machines))}",
            where="inventory",
            remedy="give each machine its own address; put one machine into two groups, not under two names",
        )
        for address, machines in owners.items()
        if len(machines) > 1
    ]


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(str(text))
    except ValueError:
        return None


def _overlap(first: Network | None, second: Network | None) -> bool:
    return first is not None and second is not None and first.version == second.version and first.overlaps(second)
