# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Small builders that every object of a hosted cluster is made with."""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t

Manifest = dict[str, t.Any]

MANAGED_BY = {"app.kubernetes.io/managed-by": "mothership.hcp"}
#: Everything in the mothership that belongs to a hosted cluster carries this label with the cluster's name.
CLUSTER_LABEL = "mothership.hcp/cluster"
#: Secrets that are state: together with the database they are the cluster. Backups take them by this label.
STATE_LABEL = "mothership.hcp/state"


def manifest(
    api_version: str,
    kind: str,
    name: str,
    namespace: str | None = None,
    *,
    labels: t.Mapping[str, str] | None = None,
    **content: t.Any,
) -> Manifest:
    """An object with the labels of this collection; ``content`` are its further top-level keys."""
    metadata: Manifest = {"name": name, "labels": {**(labels or {}), **MANAGED_BY}}
    if namespace is not None:
        metadata["namespace"] = namespace
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}


def secret(
    name: str, namespace: str, texts: t.Mapping[str, str], *, labels: t.Mapping[str, str], kind: str = "Opaque"
) -> Manifest:
    """A Secret; ``texts`` are plain and get encoded here."""
    data = {key: base64.b64encode(text.encode("utf-8")).decode("ascii") for key, text in texts.items()}
    return manifest("v1", "Secret", name, namespace, labels=labels, type=kind, data=data)


def secret_texts(found: t.Mapping[str, t.Any]) -> dict[str, str]:
    """The decoded texts of a Secret that was read."""
    return {key: base64.b64decode(value).decode("utf-8") for key, value in (found.get("data") or {}).items()}


def checksum(content: t.Any) -> str:
    """SHA-256 of plain data, 64 hex digits; the same for the same data in any order of keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def merged(base: t.Mapping[str, t.Any], override: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """``base`` with ``override`` laid over it: mappings are merged at every depth, all else is replaced."""
    result = dict(base)
    for key, value in override.items():
        present = result.get(key)
        both = isinstance(present, dict) and isinstance(value, t.Mapping)
        result[key] = merged(t.cast(dict[str, t.Any], present), value) if both else value
    return result
