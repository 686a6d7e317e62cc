# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The picture of the report: workers, the mothership with its hosted control planes, databases and backups."""

from __future__ import annotations

import html
import typing as t

from ansible_collections.mothership.hcp.plugins.plugin_utils._report.model import Cluster, Report

_WIDTH = 1000
_ROW = 30
_TOP = 56
#: Left edge and width of each column.
_WORKERS, _MOTHERSHIP, _STORES = (10, 230), (330, 340), (760, 230)
#: Workers drawn for one cluster; more are counted.
_MOST_WORKERS = 4


def picture(report: Report) -> str:
    """A whole ``<svg>`` element; colours come from the classes of the page's style sheet."""
    bands = _bands(report)
    bottom = bands[-1][2] if bands else _TOP + 60
    machines = _mothership_machines(report)
    height = max(bottom + 34 + _ROW * len(machines), _TOP + 230)
    parts = [_mothership(report, machines, bottom, height)]
    for cluster, top, end in bands:
        parts += [_workers(cluster, top, end), _control_plane(cluster, top, end), _link_to_workers(cluster, top, end)]
    parts.append(_stores(report, bands, height))
    label = html.escape(f"Mothership {report.mothership.name} with {len(report.clusters)} hosted clusters")
    body = "".join(parts)
    return f'<svg viewBox="0 0 {_WIDTH} {height + 10}" role="img" aria-label="{label}">{body}</svg>'


def _bands(report: Report) -> list[tuple[Cluster, int, int]]:
    """Each cluster with the top and the bottom of its row."""
    bands = []
    top = _TOP + 34
    for cluster in report.clusters:
        rows = max(2, min(len(cluster.workers), _MOST_WORKERS + 1))
        end = top + 30 + rows * _ROW
        bands.append((cluster, top, end))
        top = end + 18
    return bands


def _mothership_machines(report: Report) -> list[str]:
    control_plane = [f"{name} · control plane" for name in report.mothership.control_plane]
    return control_plane + [f"{name} · worker" for name in report.mothership.workers]


def _mothership(report: Report, machines: t.Sequence[str], bottom: int, height: int) -> str:
    left, width = _MOTHERSHIP
    parts = [
        _box(left, _TOP - 30, width, height - _TOP + 34, "mothership"),
        _text(left + 16, _TOP - 6, report.mothership.name, "title"),
        _text(left + 16, _TOP + 13, f"mothership · Kubernetes {report.mothership.version}", "small"),
    ]
    for number, label in enumerate(machines):
        parts.append(_chip(left + 16, bottom + 26 + number * _ROW, width - 32, label, "machine"))
    return "".join(parts)


def _control_plane(cluster: Cluster, top: int, end: int) -> str:
    left, width = _MOTHERSHIP[0] + 16, _MOTHERSHIP[1] - 32
    shown = min(cluster.replicas, 6)
    dots = "".join(
        f'<circle class="replica" cx="{left + width - 20 - number * 20}" cy="{top + 20}" r="7"/>'
        for number in range(shown)
    )
    return "".join(
        [
            _box(left, top, width, end - top, "cluster"),
            _text(left + 14, top + 25, cluster.name, "name"),
            dots,
            _text(left + 14, top + 48, f"Kubernetes {cluster.version} · {cluster.replicas} replicas", "small"),
            _text(left + 14, top + 68, cluster.endpoint or "no endpoint yet", "mono"),
        ]
    )


def _workers(cluster: Cluster, top: int, end: int) -> str:
    left, width = _WORKERS
    parts = [
        _box(left, top, width, end - top, "workers"),
        _text(left + 14, top + 20, f"workers of {cluster.name}", "small"),
    ]
    shown = list(cluster.workers[:_MOST_WORKERS])
    if len(cluster.workers) > _MOST_WORKERS:
        shown.append(f"and {len(cluster.workers) - _MOST_WORKERS} more")
    for number, name in enumerate(shown or ["none"]):
        parts.append(_chip(left + 14, top + 30 + number * _ROW, width - 28, name, "machine"))
    return "".join(parts)


def _link_to_workers(cluster: Cluster, top: int, end: int) -> str:
    if not cluster.workers:
        return ""
    middle = (top + end) // 2
    return _line(_WORKERS[0] + _WORKERS[1], middle, _MOTHERSHIP[0] + 16, middle)


def _stores(report: Report, bands: t.Sequence[tuple[Cluster, int, int]], height: int) -> str:
    left, width = _STORES
    parts = []
    box_height = 74 + 20 * len(bands)
    if report.database_address:
        parts += [
            _box(left, _TOP - 30, width, box_height, "store"),
            _text(left + 16, _TOP - 6, "PostgreSQL", "title"),
            _text(left + 16, _TOP + 13, f"{', '.join(report.databases)} · {report.database_address}", "small"),
        ]
        for number, (cluster, top, end) in enumerate(bands):
            line = _TOP + 38 + number * 20
            parts.append(_text(left + 16, line, cluster.database, "mono"))
            parts.append(_line(_MOTHERSHIP[0] + _MOTHERSHIP[1] - 16, (top + end) // 2, left, line - 5))
    if report.backup:
        top = max(_TOP - 30 + box_height + 30, height - 106)
        backup = report.backup
        parts += [
            _box(left, top, width, 106, "backup"),
            _text(left + 16, top + 24, "Backups", "title"),
            _text(left + 16, top + 46, _cut(backup.bucket, 34), "small"),
            _text(left + 16, top + 68, _cut(backup.name or "none yet", 26), "mono"),
            _text(left + 16, top + 88, backup.phase, "small"),
            _line(_MOTHERSHIP[0] + _MOTHERSHIP[1], top + 40, left, top + 40),
        ]
    return "".join(parts)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _box(left: int, top: int, width: int, height: int, kind: str) -> str:
    return f'<rect class="box {kind}" x="{left}" y="{top}" width="{width}" height="{height}" rx="12"/>'


def _chip(left: int, top: int, width: int, label: str, kind: str) -> str:
    rect = f'<rect class="{kind}" x="{left}" y="{top}" width="{width}" height="24" rx="6"/>'
    return rect + _text(left + 10, top + 16, label, "small")


def _text(left: int, base: int, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{left}" y="{base}">{html.escape(text)}</text>'


def _line(from_x: int, from_y: int, to_x: int, to_y: int) -> str:
    middle = (from_x + to_x) // 2
    return f'<path class="link" d="M{from_x} {from_y} C{middle} {from_y} {middle} {to_y} {to_x} {to_y}"/>'
