# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A hosted cluster to build objects from. Certificates are made once: their content does not matter here."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.control_plane import ControlPlane, Database
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.pki import Pki, ensure_pki
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.ports import Ports
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec

ADDRESS = "10.77.0.11"
SPEC = ClusterSpec(name="tenant-a", version="1.36.3", endpoint=ADDRESS)
DATABASE = Database("db1.example.com", 5432, "-----CA-----\n", "pass:word")


def material(kine: str = "replica") -> Pki:
    """All certificates of :data:`SPEC`."""
    return _material(kine)


@functools.cache
def _material(kine: str) -> Pki:
    return ensure_pki(dataclasses.replace(SPEC, kine=kine), ADDRESS, {})


def plane(**changed: t.Any) -> ControlPlane:
    """A control plane; ``changed`` are fields of its definition, or ``database``."""
    database = changed.pop("database", DATABASE)
    spec = dataclasses.replace(SPEC, **changed)
    return ControlPlane(spec, Ports(30001, 30002), ADDRESS, database, material(spec.kine))


def k0s_plane(**changed: t.Any) -> ControlPlane:
    """The same cluster on k0s."""
    return plane(distribution="k0s", **changed)


def only(objects: t.Sequence[dict[str, t.Any]], kind: str, name: str | None = None) -> dict[str, t.Any]:
    """The one object of that kind, and that name if given."""
    found = [item for item in objects if item["kind"] == kind and (name is None or item["metadata"]["name"] == name)]
    assert len(found) == 1, [item["metadata"]["name"] for item in found]
    return found[0]
