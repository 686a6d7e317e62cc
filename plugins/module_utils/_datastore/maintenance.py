# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What a database of a hosted cluster needs, and why: decided from ``kine_info``. Pure: no input or output."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import HcpError, InvalidInput
from .quota_program import human
from .sql import identifier

#: In the order in which they are done: compaction leaves dead rows for vacuum.
ACTIONS = ("compact", "vacuum", "reindex", "vacuum_full")

#: Below these sizes nothing is worth the work.
_LEAST_ROWS = 1000
_LEAST_INDEX_BYTES = 16 << 20

#: Revisions that one transaction compacts; as many as kine takes.
BATCH = 1000

_COMPACTION = """
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT coalesce(max(prev_revision), 0) < {end} AS due FROM public.kine WHERE name = 'compact_rev_key' \\gset
\\if :due
DELETE FROM public.kine AS kv USING (
  SELECT kp.prev_revision AS id FROM public.kine AS kp
  WHERE kp.name <> 'compact_rev_key' AND kp.prev_revision <> 0 AND kp.id > {start} AND kp.id <= {end}
  UNION SELECT kd.id FROM public.kine AS kd WHERE kd.deleted <> 0 AND kd.id > {start} AND kd.id <= {end}
) AS ks WHERE kv.id = ks.id;
UPDATE public.kine SET prev_revision = {end} WHERE name = 'compact_rev_key';
\\endif
COMMIT;
"""


@dataclasses.dataclass(frozen=True)
class Thresholds:
    """From which values on an action is due."""

    dead_percent: float = 20.0
    index_ratio: float = 2.0
    compaction_lag: int = 100_000
    keep_revisions: int = 1000


@dataclasses.dataclass(frozen=True)
class Task:
    """One action on one database.

    :param scripts: SQL, one session each.
    """

    database: str
    action: str
    why: str
    scripts: tuple[str, ...]


def thresholds_from(params: t.Mapping[str, t.Any]) -> Thresholds:
    """The module's options.

    :raises InvalidInput: fewer revisions kept than watches of an API server need.
    """
    if params["keep_revisions"] < 1000:
        raise InvalidInput(
            "at least 1000 revisions are kept, as kine does, so that watches need not begin anew",
            where="keep_revisions",
        )
    names = ("dead_percent", "index_ratio", "compaction_lag", "keep_revisions")
    return Thresholds(**{name: params[name] for name in names})


def tasks(
    info: t.Mapping[str, t.Any], actions: t.Collection[str], limits: Thresholds, *, force: bool = False
) -> list[Task]:
    """What is to be done in one database, in order.

    :param info: its entry of ``kine_info``.
    :param force: whatever the thresholds say.
    """
    if info["problem"] is not None:
        return []
    found = {
        "compact": _compact(info, limits, force),
        "vacuum": _vacuum(info, limits, force),
        "reindex": _reindex(info, limits, force),
        "vacuum_full": _vacuum_full(info),
    }
    if "compact" in actions and found["compact"] and found["vacuum"] is None:
        found["vacuum"] = _vacuum_task(info, "compaction leaves dead rows")
    if "vacuum_full" in actions:
        # It does all that the two do, with an exclusive lock.
        actions = [action for action in actions if action not in ("vacuum", "reindex")]
    return [task for action in ACTIONS if action in actions for task in [found[action]] if task is not None]


def _compact(info: t.Mapping[str, t.Any], limits: Thresholds, force: bool) -> Task | None:
    lag, first = info["compaction_lag"], info["compact_revision"]
    last = info["revision"] - limits.keep_revisions
    if last <= first or not (force or lag > limits.compaction_lag):
        return None
    why = f"{lag} revisions are not compacted" + ("" if force else f", more than {limits.compaction_lag}")
    edges = [*range(first + BATCH, last, BATCH), last]
    starts = [0, *edges[:-1]]
    scripts = tuple(compaction(start, end) for start, end in zip(starts, edges))
    return Task(info["name"], "compact", f"{why}; {lag - (last - first)} are kept", scripts)


def compaction(start: int, end: int) -> str:
    """SQL that does what kine's compaction does, for revisions after ``start`` up to ``end``.

    kine reads the compact revision in its own serialisable transaction, so one of two that meet is rolled back.
    """
    return _COMPACTION.format(start=start, end=end)


def _vacuum(info: t.Mapping[str, t.Any], limits: Thresholds, force: bool) -> Task | None:
    table = info["table"]
    dead, rows = table["dead_rows"] or 0, (table["live_rows"] or 0) + (table["dead_rows"] or 0)
    percent = 100.0 * dead / rows if rows else 0.0
    if force:
        return _vacuum_task(info, f"{dead} dead rows ({percent:.0f} %)")
    if dead >= _LEAST_ROWS and percent >= limits.dead_percent:
        return _vacuum_task(info, f"{dead} dead rows are {percent:.0f} %, more than {limits.dead_percent:g} %")
    if rows >= _LEAST_ROWS and table["last_analyze"] is None:
        return _vacuum_task(info, "it was never analysed")
    return None


def _vacuum_task(info: t.Mapping[str, t.Any], why: str) -> Task:
    return Task(info["name"], "vacuum", why, ("VACUUM (ANALYZE) public.kine;",))


def _reindex(info: t.Mapping[str, t.Any], limits: Thresholds, force: bool) -> Task | None:
    table = info["table"]
    ratio, size = table["bloat"]["index_ratio"], table["index_bytes"]
    # A REINDEX CONCURRENTLY that was stopped leaves an index under such a name that is of no use.
    left = sorted(
        name
        for name, index in (table["indexes"] or {}).items()
        if not index["valid"] and ("_ccnew" in name or "_ccold" in name)
    )
    clean = tuple(f"DROP INDEX CONCURRENTLY IF EXISTS public.{identifier(name)};" for name in left)
    due = force or (ratio >= limits.index_ratio and size >= _LEAST_INDEX_BYTES)
    if not due:
        if not left:
            return None
        return Task(info["name"], "reindex", f"a stopped run left {', '.join(left)}", clean)
    why = f"the indexes have {human(size)}, {ratio:g} times what is expected"
    return Task(info["name"], "reindex", why, (*clean, "REINDEX TABLE CONCURRENTLY public.kine;"))


def _vacuum_full(info: t.Mapping[str, t.Any]) -> Task:
    size = info["table"]["total_bytes"]
    why = f"asked for by name; {human(size)} are rewritten and the hosted cluster stands still meanwhile"
    return Task(info["name"], "vacuum_full", why, ("VACUUM (FULL, ANALYZE) public.kine;",))


def check_space(info: t.Mapping[str, t.Any], todo: t.Sequence[Task], free_bytes: int | None) -> None:
    """Refuse what needs more disk than there is.

    :raises HcpError: with the sum.
    """
    if free_bytes is None:
        return
    for task in todo:
        table = info["table"]
        needed = {"reindex": table["index_bytes"], "vacuum_full": table["total_bytes"]}.get(task.action, 0)
        if needed * 1.5 > free_bytes:
            raise HcpError(
                f"{task.action} needs up to {human(needed * 1.5)} of disk space for the new copy, and "
                f"{human(free_bytes)} are free",
                where=f"database {task.database}",
                remedy="free or add disk space on the database machine; vacuum and compact need none",
            )
