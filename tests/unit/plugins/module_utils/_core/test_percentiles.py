# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mothership.hcp.plugins.module_utils._core.percentiles import milliseconds


def test_median_and_99th_percentile() -> None:
    assert milliseconds([number / 1000 for number in range(100, 0, -1)]) == {"p50": 50.0, "p99": 99.0, "samples": 100}


def test_of_few_times_the_longest_counts() -> None:
    assert milliseconds([0.003, 0.001]) == {"p50": 1.0, "p99": 3.0, "samples": 2}
    assert milliseconds([]) is None
