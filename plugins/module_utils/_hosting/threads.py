# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Many clusters at once; the failure of one does not stop the others."""

from __future__ import annotations

import concurrent.futures
import typing as t

from .._controlplane.spec import ClusterSpec
from .._core.errors import HcpError, ManyProblems

Result = t.TypeVar("Result")

#: Clusters worked on at the same time.
CLUSTERS_AT_ONCE = 8


def for_each_cluster(work: t.Callable[[ClusterSpec], Result], specs: t.Sequence[ClusterSpec]) -> list[Result]:
    """``work`` on every cluster, results in the clusters' order.

    :raises HcpError: after all were tried, naming each cluster that failed.
    """
    with concurrent.futures.ThreadPoolExecutor(max_workers=CLUSTERS_AT_ONCE) as pool:
        futures = [pool.submit(work, spec) for spec in specs]
    problems: list[HcpError] = []
    for spec, future in zip(specs, futures):
        error = future.exception()
        if isinstance(error, HcpError):
            error.where = f"{spec.name}: {error.where}" if error.where else spec.name
            problems.append(error)
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise ManyProblems(problems, headline=f"{len(problems)} of {len(specs)} hosted clusters failed:")
    return [future.result() for future in futures]
