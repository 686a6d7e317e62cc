# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import database


class Connection:
    def close(self) -> None:
        """Nothing is sent."""


def test_a_database_that_listens() -> None:
    assert database.examine("db.example.com", 5432, lambda address, timeout: Connection()) == []


@pytest.mark.parametrize(
    ("error", "said"),
    [(TimeoutError(), "timed out after 5 s"), (OSError(111, "Connection refused"), "Connection refused")],
)
def test_a_database_that_does_not(error: OSError, said: str) -> None:
    def connect(address: Any, timeout: float) -> Connection:
        raise error

    (problem,) = database.examine("db.example.com", 5432, connect)
    assert "cannot reach db.example.com:5432" in str(problem)
    assert said in str(problem)
