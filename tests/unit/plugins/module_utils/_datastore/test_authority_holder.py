# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose authority counts, and when a rotation may go on."""

from __future__ import annotations

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.authority_holder import (
    Standing,
    holder_of,
    is_due,
    receivers,
)

NOTHING = Standing()
OLD = Standing(("old",), "old")
STARTED = Standing(("old",), "old", "new")
BEGUN = Standing(("old", "new"), "old", "new")
SIGNED = Standing(("old", "new"), "new")
NEW = Standing(("new",), "new")


@pytest.mark.parametrize(
    ("machines", "holder"),
    [
        ((NOTHING, NOTHING, NOTHING), "db1"),
        ((NOTHING, OLD, OLD), "db2"),
        ((OLD, OLD, OLD), "db1"),
        ((OLD, STARTED, OLD), "db2"),
        ((STARTED, BEGUN, OLD), "db2"),
        ((BEGUN, BEGUN, SIGNED), "db3"),
        ((SIGNED, NEW, SIGNED), "db2"),
        ((NOTHING, BEGUN, OLD), "db2"),
    ],
)
def test_the_furthest_machine_counts(machines: tuple[Standing, ...], holder: str) -> None:
    assert holder_of(dict(zip(("db1", "db2", "db3"), machines))) == holder


@pytest.mark.parametrize("one", [OLD, STARTED, BEGUN, SIGNED])
def test_strangers_are_refused_by_name(one: Standing) -> None:
    with pytest.raises(InvalidInput, match="db1 and db3 have different") as caught:
        holder_of({"db1": one, "db2": NOTHING, "db3": Standing(("other",), "other")})
    assert "remove the folder" in str(caught.value)


@pytest.mark.parametrize(
    ("step", "own", "other", "due"),
    [
        ("", OLD, OLD, False),
        ("begin", OLD, OLD, True),
        ("begin", OLD, NOTHING, True),
        ("begin", STARTED, OLD, True),
        ("begin", BEGUN, OLD, False),
        ("begin", NEW, SIGNED, False),
        ("sign", BEGUN, BEGUN, True),
        ("sign", SIGNED, BEGUN, False),
        ("sign", OLD, OLD, False),
        ("finish", SIGNED, SIGNED, True),
        ("finish", NEW, SIGNED, False),
        ("begin", NOTHING, NOTHING, False),
    ],
)
def test_a_step_is_due_once(step: str, own: Standing, other: Standing, due: bool) -> None:
    assert is_due(step, "db1", {"db1": own, "db2": other}) == due


@pytest.mark.parametrize(
    ("step", "own", "other"), [("sign", BEGUN, OLD), ("finish", SIGNED, BEGUN), ("finish", BEGUN, BEGUN)]
)
def test_a_step_waits_for_all_machines(step: str, own: Standing, other: Standing) -> None:
    with pytest.raises(HcpError, match=r"db2") as caught:
        is_due(step, "db1", {"db1": own, "db2": other})
    assert "database_certificates" in str(caught.value)


def test_who_differs_gets_it() -> None:
    machines = {"db1": BEGUN, "db2": OLD, "db3": BEGUN}
    assert receivers("db1", machines, BEGUN) == ["db2"]
    assert receivers("db1", machines, None) == ["db2", "db3"]
