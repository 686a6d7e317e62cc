# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._backup.archive import (
    archive_key,
    read_archive,
    read_problems,
    verify_archive,
)
from ansible_collections.mothership.hcp.plugins.module_utils._backup.scope import digests
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError

from tests.unit.plugins.module_utils._backup.fakes import FakeStore, archive, namespace, results, secret

OBJECTS = [secret("hcp-a", "ca", "1"), secret("hcp-a", "sa", "2")]


def store_with(*objects: t.Any) -> t.Any:
    store = FakeStore()
    store.objects[archive_key(store, "one")] = archive(*objects)
    return store


def test_objects_lie_below_the_prefix() -> None:
    assert archive_key(FakeStore(), "one") == "mothership/backups/one/one.tar.gz"


def test_each_object_counts_once() -> None:
    found, count = read_archive(io.BytesIO(archive(*OBJECTS, namespace("hcp-a"))))
    assert found == digests(OBJECTS)
    assert count == 3


def test_an_equal_backup_is_verified() -> None:
    assert verify_archive(store_with(*OBJECTS), "one", digests(OBJECTS)) == {"objects": 2, "compared": 2}


def test_what_the_backup_lacks_is_named() -> None:
    with pytest.raises(HcpError, match="lacks Secret/hcp-a/sa"):
        verify_archive(store_with(OBJECTS[0]), "one", digests(OBJECTS))


def test_a_secret_that_changed_meanwhile_spoils_the_backup() -> None:
    with pytest.raises(HcpError, match="Secret/hcp-a/sa changed while the backup ran"):
        verify_archive(store_with(OBJECTS[0], secret("hcp-a", "sa", "3")), "one", digests(OBJECTS))


@pytest.mark.parametrize("length", [0, 10, 200])
def test_a_truncated_archive_is_refused(length: t.Any) -> None:
    with pytest.raises(HcpError, match="cannot be read"):
        read_archive(io.BytesIO(archive(*OBJECTS)[:length]))


def test_many_names_are_counted() -> None:
    many = digests([secret("hcp-a", f"s{number}") for number in range(8)])
    with pytest.raises(HcpError, match="s4 and 3 more"):
        verify_archive(store_with(), "one", many)


def test_problems_are_read_errors_first() -> None:
    store = FakeStore()
    store.objects["mothership/backups/one/one-results.gz"] = results(
        warnings={"velero": ["slow"]}, errors={"namespaces": {"hcp-a": ["forbidden"]}}
    )
    assert read_problems(store, "one") == ["error: hcp-a: forbidden", "warning: velero: slow"]
    assert read_problems(store, "absent") == []
