# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.dsn import Dsn, parse_dsn
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.problems import Findings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://u:p@db1:5433/Tenant?sslmode=disable", Dsn("db1", 5433, "tenant", "u", "p", "disable")),
        ("postgresql://u%40x:p%2F%3A%25@10.0.0.1/a", Dsn("10.0.0.1", 5432, "a", "u@x", "p/:%")),
        ("postgres://u:p@db1", Dsn("db1", 5432, "kubernetes", "u", "p")),
        ("postgres://u:p@db1:5432/", Dsn("db1", 5432, "kubernetes", "u", "p")),
        ("postgres://u:a:b@db1/a?sslmode=verify-full&sslrootcert=/x", Dsn("db1", 5432, "a", "u", "a:b", "verify-full")),
        ("postgres://u:p@[fd00::1]:5432/a", Dsn("fd00::1", 5432, "a", "u", "p")),
    ],
)
def test_an_address_is_taken_apart(text: str, expected: Dsn) -> None:
    findings = Findings()
    assert parse_dsn(text, "here", findings) == expected
    assert findings == Findings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mysql://u:p@tcp(db1:3306)/a", "reached with mysql"),
        ("sqlite:///var/lib/k0s/db/state.db", "reached with sqlite"),
        ("/var/lib/k0s/db/state.db", "reached with a file"),
        ("postgres://u:p@h1:5432,h2:5432/a", "several hosts"),
        ("postgres://u@db1/a", "has no password"),
        ("postgres://:p@db1/a", "has no user"),
        ("postgres:///a?host=h1,h2", "parameter host"),
        ("postgres://u:p@db1/a?search_path=other", "parameter search_path"),
        ("postgres://u:p@db1/a?sslcert=/x", "parameter sslcert"),
    ],
)
def test_what_cannot_be_kept_is_refused(text: str, message: str) -> None:
    findings = Findings()
    assert parse_dsn(text, "here", findings) is None
    assert message in str(findings.problems[-1]) or any(message in str(one) for one in findings.problems)
    assert all(problem.where == "here" and problem.remedy for problem in findings.problems)


def test_other_parameters_are_noted_and_the_password_is_not_shown() -> None:
    findings = Findings()
    dsn = parse_dsn("postgres://u:geheim@db1/a?connect_timeout=5", "here", findings)
    assert dsn is not None
    assert findings.notes == ["Parameter connect_timeout of the database's address is not kept."]
    assert "geheim" not in repr(dsn)
