# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Checks of networks, addresses and names. Pure functions that raise :class:`InvalidInput`."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .._core.errors import InvalidInput

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def network(text: t.Any, where: str) -> ipaddress.IPv4Network:
    """An IPv4 network such as ``10.245.0.0/16``; host bits must be zero."""
    try:
        if "/" not in str(text):
            raise ValueError("its length is missing")
        return ipaddress.IPv4Network(str(text))
    except ValueError as error:
        raise InvalidInput(
            f"{text!r} is not an IPv4 network ({error})", where=where, remedy="write it as in 10.245.0.0/16"
        ) from error


def is_address(text: str) -> bool:
    """Whether ``text`` is an IPv4 address."""
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def is_dns_name(text: str) -> bool:
    """Whether ``text`` is a DNS name in lower case."""
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in text.split("."))


def check_host(text: str, where: str) -> None:
    """``text`` must be an IPv4 address or a DNS name without scheme and port."""
    looks_numeric = re.fullmatch(r"[0-9.]+", text) is not None
    if is_address(text) or (is_dns_name(text) and not looks_numeric):
        return
    raise InvalidInput(
        f"{text!r} is neither an IPv4 address nor a DNS name",
        where=where,
        remedy="give the host only, without https:// and without a port, in lower case",
    )


def check_disjoint(named: t.Sequence[tuple[str, ipaddress.IPv4Network]], where: str) -> None:
    """No two of the named networks may share an address."""
    for number, (name, one) in enumerate(named):
        for other_name, other in named[:number]:
            if one.overlaps(other):
                raise InvalidInput(
                    f"{name} {one} overlaps {other_name} {other}",
                    where=where,
                    remedy="choose networks that share no address",
                )
