# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mothership.hcp.plugins.module_utils._host.watchdog.mark import HighWater


def test_it_is_written_when_grown_and_not_more_often_than_asked() -> None:
    mark = HighWater(100, every=10)
    mark.see([90, 100])
    assert mark.due(0) is None
    mark.see([101, 120])
    assert mark.due(0) == 120
    mark.written(120, 0)
    mark.see([130])
    assert mark.due(5) is None
    assert mark.due(10) == 130


def test_what_could_not_be_written_stays_due() -> None:
    mark = HighWater(0)
    mark.see([5])
    assert (mark.due(0), mark.due(5)) == (5, 5)


def test_a_database_that_went_back_is_behind_in_the_second_round_and_the_mark_stays() -> None:
    mark = HighWater(0)
    mark.see([1000, 998])
    mark.see([700, 710])
    assert mark.behind == 0
    mark.see([700, 712])
    assert mark.behind == 288
    assert mark.value == 1000
    mark.see([11000])
    assert (mark.behind, mark.value) == (0, 11000)


def test_one_stale_list_and_silence_are_nothing() -> None:
    mark = HighWater(1000)
    for _each in range(5):
        mark.see([999])
        mark.see([])
        mark.see([1000])
    assert mark.behind == 0
