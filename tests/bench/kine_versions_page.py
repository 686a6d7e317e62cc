# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measured part of docs/kine-versions.md. The words around it are the page's own."""

from __future__ import annotations

import typing as t

Figures = t.Mapping[str, t.Any]
Release = t.Mapping[str, Figures]

NOT_MEASURED = "not measured"
BEGIN = "<!-- measured: begin -->"
END = "<!-- measured: end -->"


def table(releases: t.Mapping[str, Release]) -> str:
    """Tests down, releases across."""
    versions = sorted(releases, key=lambda version: [int(part) for part in version.split(".")])
    lines = [f"| test | {' | '.join(f'kine {version}' for version in versions)} |", "|---" * (len(versions) + 1) + "|"]
    for title, name, text in ROWS:
        cells = [_cell(releases[version].get(name), text) for version in versions]
        if any(cell != NOT_MEASURED for cell in cells):
            lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(figures: Figures | None, text: t.Callable[[Figures], str]) -> str:
    if figures is None:
        return NOT_MEASURED
    return f"no figure: {figures['broken']}" if "broken" in figures else text(figures)


def _started(figures: Figures) -> str:
    healthy = f", {figures['stuck_but_ready']} of them with /readyz 200" if figures["stuck"] else ""
    return (
        f"{figures['stuck']} of {figures['rounds']}{healthy}; slowest ready {_seconds(figures['slowest_ready'])} "
        f"({figures['written_per_second']:.0f} writes a second came through)"
    )


def _blind(figures: Figures) -> str:
    useful = figures["rounds"] - figures["stuck"]
    return f"{figures['blind']} of {useful}" if useful else "none was useful"


def _stale(figures: Figures) -> str:
    oldest = f", at most {_seconds(figures['oldest'])} old" if figures["stale"] else ""
    return f"{figures['stale']} of {figures['lists']}{oldest}"


def _watch_lists(figures: Figures) -> str:
    return f"{figures['hung']} hang, {figures['stale_watch_lists']} lack it, of {figures['watch_lists']}"


def _gets(figures: Figures) -> str:
    return f"{figures['stale_gets']} of {figures['gets']}"


def _counted(figures: Figures) -> str:
    unknown = f"; {figures['unknown']} without an answer" if figures["unknown"] else ""
    return f"{figures['lost']} lost, {figures['wrong_totals']} wrong sums in {figures['increments']}{unknown}"


def _watched(figures: Figures) -> str:
    return f"{figures['gaps']} missing, {figures['disordered']} out of order in {figures['events_expected']}"


def _small(figures: Figures) -> str:
    return f"{figures['ready']} of {figures['rounds']}; slowest {_seconds(figures['slowest_ready'])}"


def _parallel(figures: Figures) -> str:
    return (
        f"{figures['failed']} of {figures['sent']} failed; slowest {_seconds(figures['slowest'])}, "
        f"{figures['most_connections']} connections"
    )


def _crashed(figures: Figures) -> str:
    return f"{figures['crashed']} of {figures['rounds']}"


def _first(figures: Figures) -> str:
    return (
        f"{figures['crashed']} crashes, {figures['slow']} slow, of {figures['rounds']}; "
        f"slowest {_seconds(figures['slowest_ready'])}"
    )


def _outage(figures: Figures) -> str:
    back = "never" if figures["back_after"] is None else f"after {_seconds(figures['back_after'])}"
    ended = f"; ended by themselves: {len(figures['ended'])}" if figures["ended"] else ""
    return f"{figures['lost']} of {figures['acknowledged']} lost; writes back {back}{ended}"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 2 else f"{value:.1f} s" if value < 20 else f"{value:.0f} s"


ROWS: tuple[tuple[str, str, t.Callable[[Figures], str]], ...] = (
    *(
        (f"replica started while another takes {rate} writes a second: stuck", f"starts_{rate}", _started)
        for rate in (10, 50, 150)
    ),
    *(
        (
            f"the same start: an acknowledged object is missing from its lists for good, {rate} a second",
            f"starts_{rate}",
            _blind,
        )
        for rate in (10, 50, 150)
    ),
    ("LIST through replica 2 lacks a write that replica 1 acknowledged", "freshness", _stale),
    ("WatchList through replica 2 after such a write", "freshness", _watch_lists),
    ("GET of one object through replica 2 is old", "freshness", _gets),
    ("one kine for both API servers: LIST lacks the write", "freshness_shared", _stale),
    ("one kine for both API servers: WatchList", "freshness_shared", _watch_lists),
    ("compare-and-swap counters through two replicas", "counting", _counted),
    ("watches through both, acknowledged revisions", "counting", _watched),
    *((f"pool of {size}: ready within 60 s", f"small_pool_{size}", _small) for size in (3, 5, 7)),
    ("64 parallel creates, pool of 5", "parallel_5", _parallel),
    ("64 parallel creates, pool of 20", "parallel_20", _parallel),
    ("64 parallel creates, no limit", "parallel_0", _parallel),
    ("two kines at once on an empty database: one exits", "at_once_bare", _crashed),
    ("the same, schema made first by the product", "at_once_schema", _crashed),
    ("two whole replicas at once, schema made first", "replicas_at_once", _first),
    ("database restarted under 50 writes a second", "outage_restarted", _outage),
    ("database stopped for 15 s", "outage_stopped 15 s", _outage),
    ("database crashed", "outage_crashed", _outage),
)


def replaced(text: str, document: Figures) -> str | None:
    """The page with its measured part made anew; None when the page has no such part."""
    before, begin, rest = text.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        return None
    return f"{before}{BEGIN}\n{circumstances(document['circumstances'])}\n\n{table(document['releases'])}\n{END}{after}"


def circumstances(around: Figures) -> str:
    """A sentence about where the figures come from."""
    return (
        f"Measured {around['date']} with kube-apiserver {around['kube_apiserver'].lstrip('v')} and PostgreSQL "
        f"{around['postgresql']} on {around['cores']} cores, load average {around['load_average']}."
    )
