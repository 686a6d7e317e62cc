# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._backup.bucket_check import check_bucket
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, Unreachable

from tests.unit.plugins.module_utils._backup.fakes import FakeStore


def check(store: t.Any, *, create_bucket: bool = False, check_mode: bool = False, warnings: t.Any = None) -> t.Any:
    warn = (warnings if warnings is not None else []).append
    return check_bucket(store, create_bucket=create_bucket, check_mode=check_mode, warn=warn)


def test_probe_is_written_read_and_removed() -> None:
    store = FakeStore()
    plan, written = check(store)
    assert (bool(plan), written) == (False, True)
    assert store.calls == ["exists", "put", "get", "delete"]
    assert store.objects == {}


def test_probe_lies_where_velero_accepts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    store = FakeStore()
    keys: list[str] = []
    put = store.put

    def recording(key: str, data: bytes) -> None:
        keys.append(key)
        put(key, data)

    monkeypatch.setattr(store, "put", recording)
    check(store)
    # Velero calls a location invalid that has other folders than its own.
    assert keys[0].startswith("mothership/metadata/")


@pytest.mark.parametrize("create_bucket", [False, True])
def test_check_mode_makes_no_mutating_call(create_bucket: bool) -> None:
    store = FakeStore(found=create_bucket is False)
    check(store, create_bucket=create_bucket, check_mode=True)
    assert store.calls == ["exists"]
    # Negative control: the same call without check mode does mutate.
    check(store, create_bucket=create_bucket)
    assert "put" in store.calls


def test_missing_bucket_is_an_error_or_created() -> None:
    with pytest.raises(HcpError, match="does not exist"):
        check(FakeStore(found=False))
    store = FakeStore(found=False)
    plan, written = check(store, create_bucket=True)
    assert [(change.action, change.target) for change in plan.changes] == [("create", "Bucket/backups")]
    assert written


@pytest.mark.parametrize(("method", "told"), [("put", "written to"), ("get", "read"), ("delete", "cleaned")])
def test_missing_rights_are_told_apart(method: t.Any, told: str) -> None:
    store = FakeStore(forbidden=(method,))
    with pytest.raises(HcpError, match=told):
        check(store)
    assert method == "delete" or store.objects == {}


def test_spoilt_object_is_found() -> None:
    with pytest.raises(HcpError, match="differs from what was written"):
        check(FakeStore(spoil=True))


class DeadStore(FakeStore):
    def exists(self) -> t.NoReturn:
        raise Unreachable("no answer", where="https://s3.example.com:9000")


def test_unreachable_server_is_a_warning_in_check_mode_only() -> None:
    warnings: list[str] = []
    plan, written = check(DeadStore(), check_mode=True, warnings=warnings)
    assert (bool(plan), written, len(warnings)) == (False, False, 1)
    with pytest.raises(Unreachable):
        check(DeadStore())
