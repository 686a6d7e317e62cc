# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._backup.scope import Scope, content_hash, digests
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import InvalidInput

from tests.unit.plugins.module_utils._backup.fakes import secret

SCOPE = Scope.of(["hcp-b", "hcp-a", "hcp-b"], ["pods"], "24h", "default")


def test_no_namespace_is_refused_because_velero_takes_it_for_all() -> None:
    with pytest.raises(InvalidInput, match="all namespaces"):
        Scope.of([], [], "24h", "default")


def test_spec_names_every_namespace_once() -> None:
    assert SCOPE.backup_spec() == {
        "includedNamespaces": ["hcp-a", "hcp-b"],
        "excludedResources": ["pods"],
        "snapshotVolumes": False,
        "storageLocation": "default",
        "ttl": "24h",
    }


def test_content_is_data_and_no_metadata() -> None:
    first = digests([secret("hcp-a", "ca", "1", resourceVersion="1")])
    assert first == digests([secret("hcp-a", "ca", "1", resourceVersion="2", labels={"a": "b"})])
    assert first != digests([secret("hcp-a", "ca", "2")])


@pytest.mark.parametrize(
    "ignored",
    [
        secret("hcp-a", "x", labels={"velero.io/exclude-from-backup": "true"}),
        secret("hcp-a", "x", deletionTimestamp="2026-11-22T14:00:00Z"),
        {"kind": "ConfigMap", "metadata": {"namespace": "hcp-a", "name": "kube-root-ca.crt"}, "data": {"ca.crt": ""}},
        {"kind": "ConfigMap", "metadata": {"namespace": "hcp-a", "name": "kine-revision"}, "data": {"high_water": "7"}},
    ],
)
def test_what_a_backup_does_not_hold_is_no_content(ignored: t.Any) -> None:
    assert digests([ignored]) == {}


def test_hash_changes_with_content_and_scope_but_not_with_order() -> None:
    objects = [secret("hcp-a", "ca"), secret("hcp-b", "ca")]
    hashed = content_hash(SCOPE, digests(objects))
    assert hashed == content_hash(SCOPE, digests(reversed(objects)))
    assert hashed != content_hash(SCOPE, digests(objects[:1]))
    assert hashed != content_hash(Scope.of(["hcp-a"], ["pods"], "24h", "default"), digests(objects))
    assert len(hashed) <= 63  # the limit of a label's value
