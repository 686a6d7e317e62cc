# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Is the live object what is desired? And what of it may be shown?

A server fills in defaults and rewrites some values, so a desired object is never simply equal to the live one. Two
facts together say "unchanged": the annotation holds the hash of the desired object as it was last applied, and every
value desired is still there. When the second is unclear, the server is asked with a dry run (see :mod:`apply`).
"""

from __future__ import annotations

import base64
import decimal
import hashlib
import json
import re
import typing as t

from .._core.redact import redact_manifest

Object = dict[str, t.Any]

#: Holds the hash of what was applied, so that a field that is no longer desired is noticed.
APPLIED_ANNOTATION = "mothership.hcp/applied"

#: Written by the server; never part of what is desired.
_SERVER_METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)

#: Fields whose values are quantities: there, and only there, "0.5" and "500m" are the same.
_QUANTITY_FIELDS = frozenset(
    {"averageValue", "capacity", "default", "defaultRequest", "divisor", "hard", "limits", "max", "min", "requests"}
    | {"sizeLimit"}
)

_QUANTITY = re.compile(r"^([+-]?[0-9]+(?:\.[0-9]*)?|[+-]?\.[0-9]+)([eE][+-]?[0-9]+|[KMGTPE]i|[numkMGTPE])?$")
_SUFFIXES = {
    "n": decimal.Decimal("1e-9"),
    "u": decimal.Decimal("1e-6"),
    "m": decimal.Decimal("1e-3"),
    "k": decimal.Decimal("1e3"),
    "M": decimal.Decimal("1e6"),
    "G": decimal.Decimal("1e9"),
    "T": decimal.Decimal("1e12"),
    "P": decimal.Decimal("1e15"),
    "E": decimal.Decimal("1e18"),
    **{f"{letter}i": decimal.Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
}


def prepared(obj: t.Mapping[str, t.Any]) -> Object:
    """A desired object as it is sent, without the annotation: no nulls, no server fields, Secret data encoded."""
    result = t.cast(Object, _without_nulls(obj))
    result.pop("status", None)
    metadata = {key: value for key, value in result["metadata"].items() if key not in _SERVER_METADATA}
    annotations = dict(metadata.get("annotations") or {})
    if annotations.pop(APPLIED_ANNOTATION, None) is not None:
        metadata["annotations"] = annotations
    result["metadata"] = metadata
    if result.get("kind") == "Secret" and "stringData" in result:
        # The server keeps no record of who owns "stringData": a key removed there would stay in the Secret.
        plain = result.pop("stringData") or {}
        encoded = {key: base64.b64encode(str(text).encode("utf-8")).decode("ascii") for key, text in plain.items()}
        result["data"] = {**(result.get("data") or {}), **encoded}
    return result


def with_hash(desired: Object) -> Object:
    """The desired object with the annotation that holds its hash."""
    metadata = dict(desired["metadata"])
    metadata["annotations"] = {**(metadata.get("annotations") or {}), APPLIED_ANNOTATION: applied_hash(desired)}
    return {**desired, "metadata": metadata}


def applied_hash(desired: Object) -> str:
    """32 hex digits over the desired object."""
    text = json.dumps(desired, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]


def hash_matches(desired: Object, live: Object) -> bool:
    """The live object was last applied from exactly this desired object."""
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    return bool(annotations.get(APPLIED_ANNOTATION) == applied_hash(desired))


def holds(desired: t.Any, live: t.Any, *, quantities: bool = False) -> bool:
    """Every value desired is in ``live``; false also when that is not clear, for instance in a list reordered.

    :param quantities: scalars are quantities.
    """
    if _is_empty(desired):
        # An empty value that was applied is shown empty, or not at all; others may have filled an empty mapping.
        return _is_empty(live) or (isinstance(desired, dict) and isinstance(live, dict))
    if isinstance(desired, dict):
        return isinstance(live, dict) and all(
            holds(value, live.get(key), quantities=quantities or key in _QUANTITY_FIELDS)
            for key, value in desired.items()
        )
    if isinstance(desired, list):
        return (
            isinstance(live, list)
            and len(desired) == len(live)
            and all(holds(one, other, quantities=quantities) for one, other in zip(desired, live))
        )
    if isinstance(desired, bool) or isinstance(live, bool):
        return desired is live
    return bool(desired == live) or (quantities and _same_quantity(desired, live))


def same_object(one: Object, other: Object) -> bool:
    """Equal but for what the server writes by itself."""
    return _bare(one) == _bare(other)


def shown(obj: t.Mapping[str, t.Any]) -> Object:
    """A copy for diffs: without server fields and status, without our annotation, Secrets as fingerprints."""
    return redact_manifest(_bare(obj, hide_annotation=True))


def secret_values(secret: t.Mapping[str, t.Any]) -> list[str]:
    """A Secret's values, plain and encoded, for redaction by value."""
    values: list[str] = []
    for encoded in (secret.get("data") or {}).values():
        values.append(str(encoded))
        try:
            values.append(base64.b64decode(str(encoded), validate=True).decode("utf-8"))
        except ValueError:
            continue
    return values


def _bare(obj: t.Mapping[str, t.Any], *, hide_annotation: bool = False) -> Object:
    result = {key: value for key, value in obj.items() if key != "status"}
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _SERVER_METADATA}
    if hide_annotation and metadata.get("annotations"):
        annotations = {key: value for key, value in metadata["annotations"].items() if key != APPLIED_ANNOTATION}
        metadata["annotations"] = annotations
        if not annotations:
            del metadata["annotations"]
    result["metadata"] = metadata
    return result


def _without_nulls(value: t.Any) -> t.Any:
    if isinstance(value, t.Mapping):
        return {str(key): _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_nulls(item) for item in value]
    return value


def _is_empty(value: t.Any) -> bool:
    return value in (None, "", False, 0) or (isinstance(value, (dict, list)) and not value)


def _same_quantity(one: t.Any, other: t.Any) -> bool:
    number = _quantity(one)
    return number is not None and number == _quantity(other)


def _quantity(value: t.Any) -> decimal.Decimal | None:
    """The number that a Kubernetes quantity such as ``0.5``, ``500m`` or ``1Gi`` stands for."""
    match = _QUANTITY.match(str(value))
    if match is None:
        return None
    number, suffix = decimal.Decimal(match[1]), match[2] or ""
    if suffix[:1] in ("e", "E") and len(suffix) > 1 and suffix != "Ei":
        return number.scaleb(int(suffix[1:]))
    return number * _SUFFIXES[suffix] if suffix else number
