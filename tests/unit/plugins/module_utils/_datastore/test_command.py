# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running programs."""

from __future__ import annotations

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed, TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.command import last_lines, run


def test_standard_input_and_output() -> None:
    assert run(["cat"], stdin="text").stdout == "text"


def test_failures_carry_the_last_lines() -> None:
    with pytest.raises(CommandFailed, match="broken"):
        run(["sh", "-c", "echo broken >&2; exit 4"])
    assert run(["sh", "-c", "exit 4"], check=False).returncode == 4


def test_a_missing_program_and_a_slow_one() -> None:
    with pytest.raises(CommandFailed, match="not on this machine"):
        run(["/nonexistent/program"])
    with pytest.raises(TimedOut, match=r"within 0\.1 s"):
        run(["sleep", "5"], timeout=0.1)


def test_last_lines_leaves_out_empty_ones() -> None:
    assert last_lines("a\n\nb\n\nc\n", 2) == "b\nc"
