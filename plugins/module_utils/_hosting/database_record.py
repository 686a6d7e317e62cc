# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Which PostgreSQL server holds a cluster's database, and how far a move of it is: kept on the cluster's namespace.

Label and annotation are one object, so that a move switches over in one write.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .._controlplane.spec import ClusterSpec
from .._core.errors import HcpError
from .._kube.client import APPLY, KubeClient
from .._kube.discovery import resource_for
from .._kube.objects import list_objects

LABEL = "mothership.hcp/database-server"
ANNOTATION = "mothership.hcp/database-move"

#: Of its own: other parts apply the namespace too, and would take away what they do not know.
_FIELD_MANAGER = "mothership.hcp.database"

#: How far a move is. ``copying``: the old server is in use. ``switched``: the new one is, pods may not know it yet.
#: ``moved``: all is done, the old database is there and closed.
COPYING, SWITCHED, MOVED = "copying", "switched", "moved"


@dataclasses.dataclass(frozen=True)
class Move:
    """A move that was begun.

    :param kept: the database on ``target`` is one that an earlier move left behind: a way back never drops it.
    :param rows: that were compared; with ``max_id`` and ``sha256`` what was moved.
    """

    source: str
    target: str
    phase: str
    kept: bool = False
    rows: int = 0
    max_id: int = 0
    sha256: str = ""


@dataclasses.dataclass(frozen=True)
class Record:
    """What the namespace of a cluster says; ``server`` is empty when it says nothing."""

    server: str = ""
    move: Move | None = None


def read_records(client: KubeClient | None, specs: t.Sequence[ClusterSpec]) -> dict[str, Record]:
    """The records of all clusters by name, with one request."""
    if client is None:
        return {spec.name: Record() for spec in specs}
    found = {item["metadata"]["name"]: item["metadata"] for item in list_objects(client, "v1", "Namespace")}
    return {spec.name: _record(found.get(spec.namespace) or {}) for spec in specs}


def write_record(client: KubeClient, spec: ClusterSpec, record: Record) -> None:
    """Make the namespace say this; it is created when it does not exist."""
    metadata: dict[str, t.Any] = {"name": spec.namespace, "labels": {LABEL: record.server}}
    if record.move is not None:
        metadata["annotations"] = {ANNOTATION: json.dumps(dataclasses.asdict(record.move), sort_keys=True)}
    path = resource_for(client, "v1", "Namespace").path(None, spec.namespace)
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    query = {"fieldManager": _FIELD_MANAGER, "force": "true"}
    client.request("PATCH", path, query=query, body=body, content_type=APPLY)


def _record(metadata: t.Mapping[str, t.Any]) -> Record:
    text = (metadata.get("annotations") or {}).get(ANNOTATION)
    move = None
    if text:
        known = {field.name for field in dataclasses.fields(Move)}
        try:
            move = Move(**{key: value for key, value in json.loads(text).items() if key in known})
        except (ValueError, TypeError, AttributeError) as error:
            raise HcpError(
                "cannot be read: somebody changed it",
                where=f"Namespace/{metadata.get('name')} annotation {ANNOTATION}",
                remedy="see which database the pods use, open that one, and remove the annotation",
            ) from error
    return Record((metadata.get("labels") or {}).get(LABEL, ""), move)
