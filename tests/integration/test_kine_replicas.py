# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several replicas of a control plane on one database, with the bundle's kine: ``make bench-kine`` in short."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration import kine_harness_answers as answers
from tests.integration import kine_harness_starts as starts
from tests.integration import processes
from tests.integration.kine_harness import Harness, harness

#: docs/kine-versions.md promises about a second; a busy machine gets some more.
OLDEST_LIST_SECONDS = 3.0


@pytest.fixture(scope="module")
def bench() -> t.Iterator[Harness]:
    """PostgreSQL and the kine of the bundle."""
    try:
        with harness() as found:
            yield found
    except processes.CannotStart as error:
        pytest.fail(str(error), pytrace=False)


def test_no_update_is_lost_and_no_event_is_missing(bench: Harness) -> None:
    found = answers.counting(bench, 5)
    print(found)
    assert found.increments > 0
    assert found.events_expected >= 2 * found.increments
    assert (found.lost, found.wrong_totals, found.gaps, found.disordered) == (0, 0, 0, 0)


def test_a_list_through_another_replica_is_old_for_a_moment_only(
    bench: Harness, record_property: t.Callable[[str, object], None]
) -> None:
    found = answers.freshness(bench, 3)
    for name, value in vars(found).items():
        record_property(name, value)
    print(found)
    assert found.stale_gets == 0
    assert found.hung == 0
    assert found.oldest < OLDEST_LIST_SECONDS


def test_kines_that_start_at_once_do_not_meet_in_the_schema(bench: Harness) -> None:
    found = starts.kines_at_once(bench, 5, schema=True)
    assert (found.rounds, found.crashed, found.slow) == (5, 0, 0), found.said


def test_replicas_that_start_at_once_do_not_crash(bench: Harness) -> None:
    # A start that hangs is shown, not failed: it is kine's, and a startup probe mends it. See docs/kine-versions.md.
    found = starts.replicas_at_once(bench, 1)
    print(found)
    assert found.crashed == 0, found.said


def test_a_restarted_database_loses_nothing_and_is_written_to_again(bench: Harness) -> None:
    found = starts.outage(bench, "restarted", seconds=2)
    print(found)
    assert found.acknowledged > 0
    assert (found.lost, found.ended) == (0, [])
    assert found.back_after is not None
