# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.


"""Options that C(bundle_install) takes from a task, for its module and its action plugin."""

from __future__ import annotations

import typing as t


def bundle_options() -> dict[str, t.Any]:
    """An argument specification."""
    return {
        "bundle": {"type": "path", "required": True},
        "binaries": {"type": "list", "elements": "str", "default": []},
        "optional_binaries": {"type": "list", "elements": "str", "default": []},
        "cni_plugins": {"type": "bool", "default": False},
        "images": {"type": "list", "elements": "str", "default": []},
        "package_sets": {"type": "list", "elements": "str", "default": []},
        "destination": {"type": "path", "default": "/usr/local/bin"},
        "cni_destination": {"type": "path", "default": "/opt/cni/bin"},
    }
