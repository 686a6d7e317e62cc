# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.modules import s3_bucket_check

from tests.unit.plugins.module_utils._backup.fakes import SECRET_KEY, FakeStore
from tests.unit.plugins.module_utils._backup.module_frame import run

ARGUMENTS = {
    "s3_url": "https://s3.example.com:9000",
    "s3_bucket": "backups",
    "s3_access_key": "velero",
    "s3_secret_key": SECRET_KEY,
}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> t.Any:
    found = FakeStore()
    monkeypatch.setattr(s3_bucket_check, "BotoStore", lambda settings: contextlib.nullcontext(found))
    return found


def test_check_mode_makes_no_mutating_call(store: t.Any, capfd: pytest.CaptureFixture[str]) -> None:
    result = run(s3_bucket_check.main, {**ARGUMENTS, "_ansible_check_mode": True}, capfd)
    assert (result["changed"], result["written"], store.calls) == (False, False, ["exists"])
    # Negative control: the same call without check mode writes.
    result = run(s3_bucket_check.main, ARGUMENTS, capfd)
    assert (result["changed"], result["written"]) == (False, True)
    assert "put" in store.calls


def test_a_refusal_is_an_error_without_the_secret_key(store: t.Any, capfd: pytest.CaptureFixture[str]) -> None:
    store.forbidden = ("put",)
    result = run(s3_bucket_check.main, ARGUMENTS, capfd)
    assert result["failed"]
    assert "cannot be written to" in result["msg"]
    assert SECRET_KEY not in result["msg"]
