# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""What the site's action plugins have in common."""

from __future__ import annotations

import pathlib
import typing as t

import yaml
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import groups

GROUPS = (groups.CONTROL_PLANE, groups.MOTHERSHIP_WORKERS, groups.LOAD_BALANCERS, groups.POSTGRESQL)


def is_site_group(name: str) -> bool:
    """Whether a group of the inventory means something to this collection."""
    return name in GROUPS or name.startswith(groups.WORKERS_PREFIX) or groups.is_database(name)


def site_hosts(all_groups: t.Mapping[str, t.Sequence[str]]) -> list[str]:
    """Machines of the site, each once, the mothership's control plane first."""
    names = [*GROUPS, *sorted(name for name in all_groups if name not in GROUPS and is_site_group(name))]
    return list(dict.fromkeys(host for name in names for host in all_groups.get(name, ())))


def collection_version(collection: pathlib.Path) -> str:
    """Version of the collection in a folder: an installed one has MANIFEST.json, a clone has galaxy.yml."""
    for name in ("MANIFEST.json", "galaxy.yml"):
        try:
            content = yaml.safe_load((collection / name).read_text(encoding="utf-8"))
        except OSError:
            continue
        return str(content.get("version") or content["collection_info"]["version"])
    return "unknown"
