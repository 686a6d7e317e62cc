# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong while a bundle is made, worded for the person who has to act on it."""

from __future__ import annotations


class BundleError(Exception):
    """A bundle cannot be made; the message says what is wrong, where, and what to do."""


class TableError(BundleError):
    """The component table does not say something that can be built."""


class BuildError(BundleError):
    """A command failed while one component was built."""
