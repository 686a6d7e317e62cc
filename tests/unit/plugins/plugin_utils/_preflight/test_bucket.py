# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
from typing import Any

from ansible_collections.mothership.hcp.plugins.module_utils._backup.s3 import NoSuchBucket, Refused, S3Settings
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, Unreachable
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import bucket

SETTINGS = {
    "velero_s3_url": "https://s3.example.com",
    "velero_s3_bucket": "backups",
    "velero_s3_access_key": "key",
    "velero_s3_secret_key": "secret-canary",
}


class Store:
    """A bucket that is there, is not there, or answers with an error; it has no method that changes anything."""

    def __init__(self, answer: bool | HcpError) -> None:
        self.answer = answer

    def exists(self) -> bool:
        if isinstance(self.answer, HcpError):
            raise self.answer
        return self.answer


def examine(answer: bool | HcpError, *, check_mode: bool = False, **changes: Any) -> tuple[list[str], list[str]]:
    opened: list[S3Settings] = []

    def open_store(settings: S3Settings) -> Any:
        opened.append(settings)
        return contextlib.nullcontext(Store(answer))

    problems, notes = bucket.examine({**SETTINGS, **changes}, check_mode=check_mode, open_store=open_store)
    return [str(problem) for problem in problems], notes


def test_a_good_bucket() -> None:
    assert examine(True) == ([], [])


def test_a_wrong_secret_is_found_without_being_shown() -> None:
    (problem,), _notes = examine(Refused("the secret key does not belong to the access key", where="s3"))
    assert "secret key does not belong" in problem
    assert "canary" not in problem


def test_a_missing_bucket_is_a_problem_unless_it_is_to_be_made() -> None:
    (problem,), _notes = examine(False)
    assert "create the bucket backups" in problem
    problems, (note,) = examine(NoSuchBucket("no"), velero_s3_create_bucket=True)
    assert (problems, "will be created" in note) == ([], True)


def test_a_silent_server_is_a_note_in_check_mode_only() -> None:
    assert len(examine(Unreachable("no answer"))[0]) == 1
    problems, (note,) = examine(Unreachable("no answer"), check_mode=True)
    assert (problems, "no answer" in note) == ([], True)


def test_a_wrong_url_names_the_variable() -> None:
    (problem,), _notes = examine(True, velero_s3_url="s3.example.com")
    assert problem.startswith("velero_s3_url: ")


def test_without_settings_nothing_is_asked() -> None:
    assert examine(HcpError("asked"), velero_s3_bucket=None) == ([], [])
