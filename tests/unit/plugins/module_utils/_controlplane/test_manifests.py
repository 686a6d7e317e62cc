# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.manifests import (
    checksum,
    manifest,
    merged,
    secret,
    secret_texts,
)


def test_the_label_of_the_collection_cannot_be_overridden() -> None:
    made = manifest("v1", "ConfigMap", "a", "n", labels={"app.kubernetes.io/managed-by": "me", "x": "y"}, data={})
    assert made["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "mothership.hcp", "x": "y"}


def test_a_secret_reads_back_as_it_was_written() -> None:
    made = secret("s", "n", {"a": "ä\n"}, labels={})
    assert made["data"] == {"a": "w6QK"}
    assert secret_texts(made) == {"a": "ä\n"}
    assert secret_texts({"kind": "Secret"}) == {}


def test_a_checksum_depends_on_content_and_not_on_order() -> None:
    assert checksum({"a": 1, "b": 2}) == checksum({"b": 2, "a": 1}) != checksum({"a": 1, "b": 3})


def test_merging_is_deep_and_leaves_its_arguments_alone() -> None:
    base = {"a": {"x": 1, "y": [1]}, "b": 1}
    assert merged(base, {"a": {"y": [2]}, "b": {"c": 1}}) == {"a": {"x": 1, "y": [2]}, "b": {"c": 1}}
    assert base == {"a": {"x": 1, "y": [1]}, "b": 1}
