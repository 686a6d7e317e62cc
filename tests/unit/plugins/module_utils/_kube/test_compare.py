# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._kube.compare import (
    APPLIED_ANNOTATION,
    applied_hash,
    hash_matches,
    holds,
    prepared,
    same_object,
    secret_values,
    shown,
    with_hash,
)


@pytest.mark.parametrize(
    ("desired", "live"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": {"b": "x"}}, {"a": {"b": "x", "defaulted": True}}),
        ({"a": {}}, {}),
        ({"a": []}, {}),
        ({"a": ""}, {}),
        ({"a": 0}, {}),
        ({"a": False}, {}),
        ({"emptyDir": {}}, {"emptyDir": {"sizeLimit": "1Gi"}}),
        ({"a": [{"name": "x"}]}, {"a": [{"name": "x", "protocol": "TCP"}]}),
        ({"limits": {"cpu": "0.5", "memory": "1024Mi"}}, {"limits": {"cpu": "500m", "memory": "1Gi"}}),
        ({"requests": {"cpu": 1}}, {"requests": {"cpu": "1"}}),
        ({"hard": {"pods": "1e3"}}, {"hard": {"pods": "1k"}}),
    ],
)
def test_what_is_still_there(desired: t.Any, live: t.Any) -> None:
    assert holds(desired, live)


@pytest.mark.parametrize(
    ("desired", "live"),
    [
        ({"a": 1}, {}),
        ({"a": 1}, {"a": 2}),
        ({"a": 0}, {"a": 3}),
        ({"a": False}, {"a": True}),
        ({"a": True}, {"a": 1}),
        ({"a": ""}, {"a": "x"}),
        ({"a": []}, {"a": [1]}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": [1]}, {"a": [1, 2]}),
        ({"a": {"b": 1}}, {"a": "text"}),
        ({"targetPort": "80"}, {"targetPort": 80}),
        # Quantities are numbers; texts that look alike are not.
        ({"labels": {"version": "1.0"}}, {"labels": {"version": "1"}}),
        ({"limits": {"cpu": "500m"}}, {"limits": {"cpu": "501m"}}),
        ({"limits": {"cpu": "x"}}, {"limits": {"cpu": "y"}}),
    ],
)
def test_what_differs_or_is_unclear(desired: t.Any, live: t.Any) -> None:
    assert not holds(desired, live)


def test_prepared_drops_what_only_the_server_writes() -> None:
    obj: dict[str, t.Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "a",
            "uid": "u",
            "resourceVersion": "1",
            "creationTimestamp": None,
            "managedFields": [],
            "annotations": {APPLIED_ANNOTATION: "old", "mine": "x"},
        },
        "data": {"a": "x", "b": None},
        "status": {"x": 1},
    }
    assert prepared(obj) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "annotations": {"mine": "x"}},
        "data": {"a": "x"},
    }
    assert obj["metadata"]["uid"] == "u"


def test_string_data_becomes_data() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a"},
        "data": {"x": "b2xk", "y": "eQ=="},
        "stringData": {"x": "new"},
    }
    assert prepared(secret)["data"] == {"x": base64.b64encode(b"new").decode(), "y": "eQ=="}
    assert secret_values(prepared(secret)) == ["bmV3", "new", "eQ==", "y"]


def test_the_hash_depends_on_content_only() -> None:
    one = {"kind": "A", "metadata": {"name": "x", "labels": {"a": "1", "b": "2"}}}
    other = {"metadata": {"labels": {"b": "2", "a": "1"}, "name": "x"}, "kind": "A"}
    assert applied_hash(one) == applied_hash(other)
    assert hash_matches(one, with_hash(other))
    assert not hash_matches(one, with_hash({**other, "data": {"x": "y"}}))
    assert not hash_matches(one, one)


def test_shown_hides_the_servers_fields_the_annotation_and_secrets() -> None:
    live = with_hash({"kind": "Secret", "metadata": {"name": "x", "uid": "u"}, "data": {"p": "c2VjcmV0"}})
    live["status"] = {"a": 1}
    live["metadata"].update(managedFields=[1], generation=3, resourceVersion="9", creationTimestamp="t")
    text = shown(live)
    assert text == {"kind": "Secret", "metadata": {"name": "x"}, "data": {"p": text["data"]["p"]}}
    assert text["data"]["p"].startswith("sha256:")


def test_same_object_looks_at_everything_but_the_servers_fields() -> None:
    one = {"kind": "A", "metadata": {"name": "x", "resourceVersion": "1"}, "status": {"a": 1}}
    other = {"kind": "A", "metadata": {"name": "x", "resourceVersion": "2"}}
    assert same_object(one, other)
    assert not same_object(one, {**other, "data": {}})
