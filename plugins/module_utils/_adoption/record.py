# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The record of an adoption: a Secret in the hosted cluster's namespace, so that any machine can go on with it."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .._controlplane.control_plane import cluster_label
from .._controlplane.manifests import Manifest, secret, secret_texts
from .._controlplane.spec import ClusterSpec
from .._kube.client import KubeClient
from .._kube.objects import get
from .old_cluster import OldCluster, old_cluster, to_keep

NAME = "k0smotron-adoption"

State = t.Literal["prepared", "switching", "retired"]


@dataclasses.dataclass(frozen=True)
class Record:
    """How far an adoption came.

    :param cluster: the object of k0smotron as it was; may hold the address of the database with its password.
    :param definition: the item of ``hosted_clusters``.
    """

    state: State
    cluster: dict[str, t.Any] = dataclasses.field(repr=False)
    definition: dict[str, t.Any]
    notes: tuple[str, ...] = ()

    @property
    def old(self) -> OldCluster:
        return old_cluster(self.cluster)

    def manifest(self, spec: ClusterSpec) -> Manifest:
        """The Secret."""
        texts = {
            "state": self.state,
            "cluster.json": json.dumps(self.cluster, sort_keys=True),
            "definition.json": json.dumps(self.definition, sort_keys=True),
            "notes.json": json.dumps(list(self.notes)),
        }
        return secret(NAME, spec.namespace, texts, labels=cluster_label(spec))


def record_of(state: State, old: OldCluster, definition: t.Mapping[str, t.Any], notes: t.Sequence[str]) -> Record:
    """A record of the cluster as it is now."""
    return Record(state, to_keep(old.raw), dict(definition), tuple(notes))


def read_record(client: KubeClient, namespace: str) -> Record | None:
    """The record in the namespace of the hosted cluster, if there is one."""
    found = get(client, "v1", "Secret", NAME, namespace)
    if found is None:
        return None
    texts = secret_texts(found)
    return Record(
        t.cast(State, texts["state"]),
        json.loads(texts["cluster.json"]),
        json.loads(texts["definition.json"]),
        tuple(json.loads(texts["notes.json"])),
    )
