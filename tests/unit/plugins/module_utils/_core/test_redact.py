# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import copy
import hashlib
import json
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.redact import (
    fingerprint,
    redact_manifest,
    redact_values,
)

PASSWORD = "correct-horse"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def secret(**more: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, **more}


def test_a_fingerprint_is_the_beginning_of_the_hash() -> None:
    expected = "sha256:" + hashlib.sha256(PASSWORD.encode()).hexdigest()[:12]
    assert fingerprint(PASSWORD) == fingerprint(PASSWORD.encode()) == expected
    assert fingerprint(PASSWORD) != fingerprint(PASSWORD + "x")


def test_data_and_string_data_of_a_secret_have_the_same_fingerprints() -> None:
    encoded = base64.b64encode(PASSWORD.encode()).decode()
    as_data = redact_manifest(secret(data={"password": encoded}))
    as_text = redact_manifest(secret(stringData={"password": PASSWORD}))
    assert as_data["data"] == as_text["stringData"] == {"password": fingerprint(PASSWORD)}


def test_data_that_is_not_base64_is_no_way_out() -> None:
    shown = redact_manifest(secret(data={"password": PASSWORD + "!", "none": None}))
    assert shown["data"]["password"] == fingerprint(PASSWORD + "!")
    assert shown["data"]["none"].startswith("sha256:")


def test_the_copy_in_an_annotation_goes_and_others_stay() -> None:
    annotations = {LAST_APPLIED: json.dumps({"stringData": {"password": PASSWORD}}), "mine": "x"}
    manifest = secret(metadata={"name": "a", "annotations": annotations})
    before = copy.deepcopy(manifest)
    shown = redact_manifest(manifest)
    assert PASSWORD not in json.dumps(shown)
    assert shown["metadata"] == {"name": "a", "annotations": {"mine": "x"}}
    assert manifest == before, "the caller's object must not change"


def test_other_kinds_are_shown_as_they_are() -> None:
    manifest = {"kind": "ConfigMap", "data": {"colour": "red"}}
    assert redact_manifest(manifest) == manifest
    assert redact_manifest(secret()) == secret()


def test_values_are_replaced_wherever_they_stand() -> None:
    data = {"msg": f"psql: password {PASSWORD} refused", "list": [PASSWORD, 3, None], "tuple": (True, {"k": PASSWORD})}
    shown = redact_values(data, [PASSWORD])
    mark = fingerprint(PASSWORD)
    assert shown == {"msg": f"psql: password {mark} refused", "list": [mark, 3, None], "tuple": [True, {"k": mark}]}
    assert data["list"][0] == PASSWORD


def test_the_longest_secret_is_replaced_first() -> None:
    longer = PASSWORD + "-battery"
    for order in ([PASSWORD, longer], [longer, PASSWORD]):
        assert redact_values(longer, order) == fingerprint(longer)
    assert redact_values(f"{PASSWORD} {longer}", [PASSWORD, longer]) == f"{fingerprint(PASSWORD)} {fingerprint(longer)}"


def test_an_empty_secret_replaces_nothing() -> None:
    assert redact_values("text", ["", PASSWORD]) == "text"
