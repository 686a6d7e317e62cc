# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""How addresses are written. Pure."""

from __future__ import annotations


def bracketed(host: str) -> str:
    """IPv6 addresses in brackets, so that a port can follow; names and IPv4 addresses as they are."""
    return f"[{host}]" if ":" in host else host
