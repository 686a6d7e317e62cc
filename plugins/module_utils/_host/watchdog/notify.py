# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Tells systemd that the program is ready, and that it still lives."""

from __future__ import annotations

import os
import socket


def notify(text: str) -> None:
    """``READY=1`` or ``WATCHDOG=1``; nothing happens outside of a service of systemd."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect("\0" + address[1:] if address.startswith("@") else address)
            sock.sendall(text.encode("ascii"))
        except OSError:
            # Then systemd starts the program again: better than one that only seems to live.
            return
