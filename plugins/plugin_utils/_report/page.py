# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The report as one HTML file without anything from outside; light or dark as the reader's system is."""

from __future__ import annotations

import html
import typing as t

from ansible_collections.mothership.hcp.plugins.plugin_utils._report import text
from ansible_collections.mothership.hcp.plugins.plugin_utils._report.model import Report
from ansible_collections.mothership.hcp.plugins.plugin_utils._report.svg import picture

#: Changes that are listed; report.json has all.
_MOST_CHANGES = 200

_STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --ink: #1b2430; --soft: #5c6b7d; --edge: #d5dce4;
  --accent: #2f6fde; --tint: #eaf1fd; --store: #e8f6ef; --store-edge: #3b9b6d; --backup: #fdf3e4;
  --backup-edge: #c98a2b; --bad: #c23b3b; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1a2029; --ink: #e6ebf2; --soft: #97a5b7;
  --edge: #303a47; --accent: #6ea3ff; --tint: #1c2a42; --store: #17302a; --store-edge: #56c48f; --backup: #33291a;
  --backup-edge: #e0ab57; --bad: #ff7b7b; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem 1rem; background: var(--page); color: var(--ink); line-height: 1.5;
  font-family: system-ui, -apple-system, "Segoe UI", sans-serif; font-size: 15px; }
main { max-width: 1060px; margin: auto; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
p.sub { color: var(--soft); margin: .2rem 0 1.2rem; }
section { background: var(--card); border: 1px solid var(--edge); border-radius: 12px; padding: 1.1rem 1.2rem;
  margin: 1rem 0; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; color: var(--soft); font-weight: 500; }
th, td { padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--edge); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
code { font-family: ui-monospace, "Cascadia Mono", Menlo, monospace; font-size: .9em; overflow-wrap: anywhere; }
.bar { background: var(--accent); height: .6rem; border-radius: 4px; min-width: 2px; }
.bad { color: var(--bad); }
svg { width: 100%; height: auto; min-width: 640px; display: block; }
svg text { fill: var(--ink); font-size: 14px; } svg .title { font-size: 17px; font-weight: 600; }
svg .name { font-size: 15px; font-weight: 600; } svg .small { fill: var(--soft); font-size: 12.5px; }
svg .mono { font-family: ui-monospace, Menlo, monospace; font-size: 12.5px; }
svg .box { fill: var(--card); stroke: var(--edge); stroke-width: 1.2; }
svg .mothership { fill: var(--tint); stroke: var(--accent); }
svg .store { fill: var(--store); stroke: var(--store-edge); }
svg .backup { fill: var(--backup); stroke: var(--backup-edge); }
svg .machine { fill: var(--page); stroke: var(--edge); }
svg .replica { fill: var(--accent); } svg .link { fill: none; stroke: var(--soft); stroke-width: 1.6; }
"""


def page(report: Report) -> str:
    """The whole document. Every text that comes from the run is escaped."""
    name = html.escape(report.mothership.name)
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{name}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{_STYLE}</style></head><body><main>",
        f"<h1>Mothership {name}</h1>",
        f'<p class="sub">{html.escape(report.generated)} · mothership.hcp {html.escape(report.collection_version)} ·'
        f" {html.escape(text.counts(report))}</p>",
        _failed(report),
        f"<section>{picture(report)}</section>",
        _clusters(report),
        _phases(report),
        _changes(report),
        "</main></body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _failed(report: Report) -> str:
    if not report.failed:
        return ""
    return f'<section class="bad">Did not finish on {html.escape(", ".join(report.failed))}</section>'


def _clusters(report: Report) -> str:
    mothership = report.mothership
    rows = [[mothership.name, "mothership", mothership.version, mothership.endpoint, mothership.kubeconfig]]
    rows += [
        [cluster.name, f"{cluster.replicas} replicas", cluster.version, cluster.endpoint, cluster.kubeconfig]
        for cluster in report.clusters
    ]
    return _section(
        "Clusters", _table(["Name", "Control plane", "Kubernetes", "Endpoint", "Kubeconfig"], rows, code=(3, 4))
    )


def _phases(report: Report) -> str:
    longest = max((phase.seconds for phase in report.phases), default=0.0) or 1.0
    rows = "".join(
        f"<tr><td>{html.escape(phase.name.replace('_', ' '))}</td><td>{phase.seconds:.1f} s</td>"
        f"<td>{html.escape(phase.slowest)}</td>"
        f'<td style="width:50%"><div class="bar" style="width:{100 * phase.seconds / longest:.0f}%"></div></td></tr>'
        for phase in report.phases
    )
    if not rows:
        return ""
    head = "<tr><th>Phase</th><th>Time</th><th>Slowest machine</th><th></th></tr>"
    return _section(f"Time: {report.total_seconds:.0f} s", f"<table>{head}{rows}</table>")


def _changes(report: Report) -> str:
    if not report.changes:
        return _section("Changes", "<p>Nothing was changed.</p>")
    rows = [[change.host, change.action, change.target] for change in report.changes[:_MOST_CHANGES]]
    more = len(report.changes) - len(rows)
    tail = f"<p>and {more} more in report.json</p>" if more else ""
    return _section("Changes", _table(["Host", "Action", "What"], rows, code=(2,)) + tail)


def _section(title: str, body: str) -> str:
    return f"<section><h2>{html.escape(title)}</h2>{body}</section>"


def _table(head: t.Sequence[str], rows: t.Iterable[t.Sequence[str]], *, code: t.Container[int] = ()) -> str:
    """:param code: numbers of the columns that hold addresses, paths or object names."""
    shown = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    body = "".join(
        f"<tr>{''.join(_cell(cell, number in code) for number, cell in enumerate(row))}</tr>" for row in rows
    )
    return f"<table><tr>{shown}</tr>{body}</table>"


def _cell(value: str, is_code: bool) -> str:
    shown = html.escape(value)
    return f"<td><code>{shown}</code></td>" if is_code and shown else f"<td>{shown}</td>"
