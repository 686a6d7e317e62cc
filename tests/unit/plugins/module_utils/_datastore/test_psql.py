# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""psql: where SQL travels, and what its failures become."""

from __future__ import annotations

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.command import Outcome
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Connection, Psql, ServerDown

from .fakes import RecordingRun

DOWN = (
    'psql: error: connection to server on socket "/run/.s.PGSQL.5432" failed: No such file or directory\n'
    "\tIs the server running locally and accepting connections on that socket?"
)


def test_sql_goes_by_standard_input_only() -> None:
    run = RecordingRun({"psql": Outcome(0, '{"a": 1}\n')})
    assert Psql(Connection(), run).rows("SELECT 'secret'") == [{"a": 1}]
    (argv, stdin), *_ = run.calls
    assert stdin == "SELECT 'secret'"
    assert "secret" not in " ".join(argv)
    assert argv[:4] == ("runuser", "-u", "postgres", "--")


def test_the_session_logs_no_statements() -> None:
    run = RecordingRun()
    Psql(Connection(), run).execute("SELECT 1")
    assert "log_statement=none" in " ".join(run.calls[0][0])
    assert "log_min_error_statement=panic" in " ".join(run.calls[0][0])


def test_a_server_that_is_down_is_said_with_the_next_commands() -> None:
    with pytest.raises(ServerDown) as caught:
        Psql(Connection(), RecordingRun({"psql": Outcome(2, "", DOWN)}), service="postgresql@15-main").execute(
            "SELECT 1"
        )
    text = str(caught.value)
    assert (
        "/var/run/postgresql/.s.PGSQL.5432: PostgreSQL does not answer on its socket (No such file or directory)"
        in text
    )
    assert "systemctl status postgresql@15-main" in text
    assert "journalctl -u postgresql@15-main" in text


def test_a_refused_statement_is_another_error() -> None:
    with pytest.raises(CommandFailed, match="permission denied") as caught:
        Psql(Connection(), RecordingRun({"psql": Outcome(3, "", "psql:<stdin>:1: ERROR:  permission denied")})).execute(
            "X"
        )
    assert not isinstance(caught.value, ServerDown)
