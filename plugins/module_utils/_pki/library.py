# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The one place that says which library the certificates need."""

from __future__ import annotations

import importlib

from .._core.errors import HcpError

try:
    importlib.import_module("cryptography")
    IMPORT_ERROR: ImportError | None = None
except ImportError as _error:
    IMPORT_ERROR = _error


def require_cryptography() -> None:
    """Raise :class:`HcpError` when the library that makes certificates is not installed."""
    if IMPORT_ERROR is not None:
        raise HcpError(
            f"the Python library cryptography cannot be imported ({IMPORT_ERROR})",
            where="this host",
            remedy="install cryptography 42 or later for the Python that runs the modules",
        )
