# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's work as a whole, with a recording backend."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput, ManyProblems
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.kine_database import (
    Request,
    ensure,
    request_from,
)
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import ServerDown

from .fakes import VERIFIER, RecordingBackend, database, state, tenant


def params(**changed: t.Any) -> t.Any:
    database = {"name": "hcp_a", "role": None, "verifier": VERIFIER, "connection_limit": 60}
    given = {"databases": [database], "state": "present", "confirm_drop": None, "end_sessions": False}
    return {**given, "max_connections": None, **changed}


def run(
    backend: t.Any, request: t.Any = None, *, check_mode: bool = False, installed: bool = True, warn: t.Any = print
) -> t.Any:
    return ensure(request or Request([tenant()]), backend, check_mode=check_mode, warn=warn, installed=installed)


def test_check_mode_makes_no_mutating_call() -> None:
    backend = RecordingBackend(state())
    result = run(backend, check_mode=True)
    assert result["changed"]
    assert backend.applied == []


def test_without_check_mode_the_same_plan_is_applied() -> None:
    backend = RecordingBackend(state())
    planned = run(RecordingBackend(state()), check_mode=True)
    assert run(backend)["plan"] == planned["plan"]
    assert [step.change.target for step in backend.applied] == [change["target"] for change in planned["plan"]]


def test_nothing_to_do_applies_nothing() -> None:
    backend = RecordingBackend(state("hcp_a"))
    result = run(backend)
    assert (result["changed"], backend.applied) == (False, [])
    shown = {"name": "hcp_a", "role": "hcp_a", "logins": ["hcp_a_a"], "connection_limit": 60, "changed": False}
    assert result["databases"] == [shown]


def test_no_verifier_in_the_result() -> None:
    assert VERIFIER not in json.dumps(run(RecordingBackend(state())))


def test_check_mode_without_postgresql_is_a_complete_plan() -> None:
    result = run(RecordingBackend(AssertionError("must not be asked")), check_mode=True, installed=False)
    assert [change["target"] for change in result["plan"]][-6:] == [
        "role/hcp_a",
        "role/hcp_a_a",
        "database/hcp_a",
        "database/hcp_a schema of kine",
        "database/hcp_a table kine settings",
        "database/hcp_a order of revisions",
    ]


def test_check_mode_with_a_stopped_server_warns() -> None:
    warnings: list[str] = []
    assert run(RecordingBackend(ServerDown("down")), check_mode=True, warn=warnings.append)["changed"]
    assert len(warnings) == 1


def test_a_stopped_server_is_an_error() -> None:
    with pytest.raises(ServerDown):
        run(RecordingBackend(ServerDown("down")))


def test_dropping_needs_the_names_once_more() -> None:
    for confirm in (None, [], ["hcp_b"], ["hcp_a", "hcp_b"]):
        with pytest.raises(InvalidInput, match="confirm_drop"):
            request_from(params(state="absent", confirm_drop=confirm), check_mode=False)
    backend = RecordingBackend(state("hcp_a"))
    result = run(backend, request_from(params(state="absent", confirm_drop=["hcp_a"]), check_mode=False))
    assert [change["target"] for change in result["plan"]] == ["database/hcp_a", "role/hcp_a_a", "role/hcp_a"]
    assert len(backend.applied) == 3
    assert result["connections"]["limits"] == {}


def test_a_database_in_use_is_dropped_only_when_told() -> None:
    now = state("hcp_a")
    busy = database("hcp_a", sessions={"hcp_a_a": 3})
    backend = RecordingBackend(dataclasses.replace(now, databases={**now.databases, "hcp_a": busy}))
    absent = params(state="absent", confirm_drop=["hcp_a"])
    with pytest.raises(HcpError, match="in use: sessions 3 of hcp_a_a"):
        run(backend, request_from(absent, check_mode=False))
    assert backend.applied == []
    run(backend, request_from({**absent, "end_sessions": True}, check_mode=False))
    assert "FORCE" in backend.applied[0].sql[-1]


def test_verifiers_are_needed_outside_check_mode() -> None:
    unknown = params()
    unknown["databases"][0]["verifier"] = None
    assert request_from(unknown, check_mode=True)
    with pytest.raises(ManyProblems, match="verifier"):
        request_from(unknown, check_mode=False)
