# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Keep secrets out of diffs, results and logs.

A secret is shown as ``sha256:<12 hex digits>``: a change stays visible, the value does not.
"""

from __future__ import annotations

import base64
import hashlib
import typing as t

#: Annotation that Kubernetes clients fill with a whole copy of the object, Secrets included.
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def fingerprint(value: str | bytes) -> str:
    """``sha256:`` and the first 12 hex digits of the value's SHA-256."""
    data = value.encode("utf-8") if isinstance(value, str) else value
    return f"sha256:{hashlib.sha256(data).hexdigest()[:12]}"


def redact_values(data: t.Any, secrets: t.Iterable[str]) -> t.Any:
    """A copy of ``data`` in which every occurrence of a secret within a string is its fingerprint."""
    known = sorted({s for s in secrets if s}, key=len, reverse=True)
    return _map_strings(data, lambda text: _replace_all(text, known))


def redact_manifest(manifest: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A copy of a Kubernetes object that may be shown: a Secret's values become fingerprints."""
    shown = dict(manifest)
    if shown.get("kind") != "Secret":
        return shown
    if shown.get("data"):
        shown["data"] = {key: fingerprint(_decoded(value)) for key, value in shown["data"].items()}
    if shown.get("stringData"):
        shown["stringData"] = {key: fingerprint(str(value)) for key, value in shown["stringData"].items()}
    metadata = dict(shown.get("metadata") or {})
    annotations = dict(metadata.get("annotations") or {})
    if annotations.pop(_LAST_APPLIED, None) is not None:
        metadata["annotations"] = annotations
        shown["metadata"] = metadata
    return shown


def _decoded(value: t.Any) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except ValueError:
        return str(value).encode("utf-8")


def _replace_all(text: str, secrets: t.Sequence[str]) -> str:
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, fingerprint(secret))
    return text


def _map_strings(data: t.Any, change: t.Callable[[str], str]) -> t.Any:
    if isinstance(data, str):
        return change(data)
    if isinstance(data, dict):
        return {key: _map_strings(value, change) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_map_strings(value, change) for value in data]
    return data
