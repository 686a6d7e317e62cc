# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What a series of measured times says."""

from __future__ import annotations

import math
import typing as t


def milliseconds(seconds: t.Sequence[float]) -> dict[str, float] | None:
    """Median, 99th percentile and number of times; ``None`` without any. Of few times the percentile is the longest."""
    if not seconds:
        return None
    ordered = sorted(seconds)

    def at(share: float) -> float:
        return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)] * 1000, 3)

    return {"p50": at(0.5), "p99": at(0.99), "samples": len(ordered)}
