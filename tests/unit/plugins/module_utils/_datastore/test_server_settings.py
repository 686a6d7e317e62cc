# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's files."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import ManyProblems
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.server_settings import (
    ServerOptions,
    access_text,
    changed_settings,
    checked,
    configuration_text,
    memory_bytes,
    settings,
    shared_buffers,
)

GIBIBYTE = 1024**3


@pytest.mark.parametrize(
    ("memory", "expected"),
    [(GIBIBYTE // 4, "128MB"), (2 * GIBIBYTE, "512MB"), (2 * GIBIBYTE - 4096, "256MB"), (64 * GIBIBYTE, "2048MB")],
)
def test_shared_buffers_are_a_quarter_of_the_memory_with_limits(memory: t.Any, expected: t.Any) -> None:
    assert shared_buffers(memory) == expected


def test_memory_is_known() -> None:
    assert memory_bytes() > 64 * 1024 * 1024


def test_nothing_that_tenants_store_reaches_the_log() -> None:
    values = settings(ServerOptions("15", "10.0.0.1"), GIBIBYTE, "crt", "key")
    assert values["log_statement"] == "none"
    assert values["log_parameter_max_length"] == 0
    assert values["log_parameter_max_length_on_error"] == 0
    assert values["log_error_verbosity"] == "terse"


def test_the_user_s_settings_win() -> None:
    options = ServerOptions("15", "10.0.0.1", settings={"max_wal_size": "8GB", "jit": True, "work_mem": "8MB"})
    text = configuration_text(settings(options, GIBIBYTE, "crt", "key"))
    assert "max_wal_size = '8GB'\n" in text
    assert "jit = on\n" in text
    assert text.endswith("work_mem = '8MB'\n")


def test_values_are_quoted() -> None:
    assert "x = 'it''s a \\\\'" in configuration_text({"x": "it's a \\"})


def test_changed_settings() -> None:
    before = configuration_text({"port": 5432, "jit": False, "old": 1})
    after = configuration_text({"port": 5433, "jit": False, "new": 1})
    assert changed_settings(before, after) == {"port", "old", "new"}
    assert changed_settings(None, after) == {"port", "jit", "new"}


def test_access_is_by_tls_and_own_database_only() -> None:
    rules = [line.split() for line in access_text(["10.0.0.0/16", "fd00::/8"]).splitlines() if line[0] != "#"]
    assert rules == [
        ["local", "all", "postgres", "peer"],
        ["local", "replication", "postgres", "peer"],
        ["local", "postgres", "prometheus", "peer"],
        ["hostssl", "samerole", "+hcp_tenants", "10.0.0.0/16", "scram-sha-256"],
        ["hostssl", "samerole", "+hcp_tenants", "fd00::/8", "scram-sha-256"],
        ["local", "all", "all", "reject"],
        ["host", "all", "all", "all", "reject"],
    ]


def test_all_wrong_values_are_reported_at_once() -> None:
    wrong = ServerOptions(
        "fifteen",
        "10.0.0.1",
        allowed_networks=("10.0.0.1/16", "10.0.0.1"),
        settings={"port": 1, "ssl": False, "Bad Name": 1, "work_mem": "1\n2", "fine": "x"},
    )
    with pytest.raises(ManyProblems) as caught:
        checked(wrong)
    places = [
        "version",
        "allowed_networks[0]",
        "settings.port",
        "settings.ssl",
        "settings.Bad Name",
        "settings.work_mem",
    ]
    assert [problem.where for problem in caught.value.problems] == places
