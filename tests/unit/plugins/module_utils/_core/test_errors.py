# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import (
    CommandFailed,
    HcpError,
    InvalidInput,
    ManyProblems,
    TimedOut,
    Unreachable,
)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (HcpError("it is wrong"), "it is wrong"),
        (HcpError("it is wrong", where="hosted_clusters[0].name"), "hosted_clusters[0].name: it is wrong"),
        (HcpError("it is wrong.", remedy="mend it"), "it is wrong. To fix: mend it"),
        (HcpError("it is wrong", where="ms1", remedy="mend it"), "ms1: it is wrong. To fix: mend it"),
    ],
)
def test_the_text_says_where_what_and_how_to_mend(error: HcpError, text: str) -> None:
    assert str(error) == text


def test_details_are_a_copy() -> None:
    details = {"rc": 1}
    error = HcpError("x", details=details)
    details["rc"] = 2
    assert error.details == {"rc": 1}
    assert HcpError("x").details == {}


def test_many_problems_are_one_numbered_list() -> None:
    problems = [InvalidInput("is empty", where="name"), HcpError("is full", where="/var", remedy="make room")]
    error = ManyProblems(problems, headline="preflight: 2 problems")
    assert str(error).splitlines() == [
        "preflight: 2 problems",
        "  1. name: is empty",
        "  2. /var: is full. To fix: make room",
    ]
    assert error.problems == problems
    assert error.details == {"problems": ["name: is empty", "/var: is full. To fix: make room"]}


@pytest.mark.parametrize("kind", [InvalidInput, Unreachable, CommandFailed, TimedOut])
def test_every_error_is_caught_as_one(kind: type[HcpError]) -> None:
    with pytest.raises(HcpError, match=r"^here: no$"):
        raise kind("no", where="here")
