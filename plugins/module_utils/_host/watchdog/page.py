# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Counters of the watchdog, as a page for Prometheus on the loopback interface."""

from __future__ import annotations

import http.server
import threading
import typing as t

_PREFIX = "mothership_watchdog_"
#: Name -> type and help.
_KNOWN = {
    "leader": ("gauge", "1 on the one machine whose watchdog acts."),
    "rounds": ("counter", "Rounds."),
    "errors": ("counter", "Rounds that failed because the mothership could not be asked."),
    "checks": ("counter", "Questions to replicas."),
    "suspects": ("counter", "Replicas found stuck, once each round."),
    "alarms": ("counter", "States that a person has to look at."),
    "replacements": ("counter", "Replicas replaced."),
    "list_seconds": ("gauge", "Duration of the last LIST."),
    "revision_high_water": ("gauge", "Greatest revision that the database of the cluster ever gave."),
    "revision_behind": ("gauge", "By how much the database is behind that; above 0 run database_recover."),
}
_LABELS = ("cluster", "pod")


class Figures:
    """Numbers by name and labels (cluster, pod)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[str, tuple[str, ...]], float] = {}

    def add(self, name: str, cluster: str = "", count: float = 1) -> None:
        key = (name, (cluster,) if cluster else ())
        with self._lock:
            self._values[key] = self._values.get(key, 0) + count

    def set(self, name: str, value: float, *labels: str) -> None:
        with self._lock:
            self._values[(name, labels)] = value

    def get(self, name: str, *labels: str) -> float:
        with self._lock:
            return self._values.get((name, labels), 0)

    def keep(self, clusters: t.Collection[str]) -> None:
        """Forget clusters that are gone, and pods: those of this round follow."""
        with self._lock:
            self._values = {
                (name, labels): value
                for (name, labels), value in self._values.items()
                if len(labels) < 2 and (not labels or labels[0] in clusters)
            }

    def text(self) -> str:
        """The page."""
        with self._lock:
            values = sorted(self._values.items())
        lines = []
        for name, (kind, about) in _KNOWN.items():
            full = f"{_PREFIX}{name}" + ("_total" if kind == "counter" else "")
            lines += [f"# HELP {full} {about}", f"# TYPE {full} {kind}"]
            for (found, labels), value in values:
                if found == name:
                    shown = ",".join(f'{label}="{text}"' for label, text in zip(_LABELS, labels))
                    lines.append(f"{full}{'{' + shown + '}' if shown else ''} {value:.10g}")
        return "\n".join(lines) + "\n"


def serve(figures: Figures, port: int) -> http.server.ThreadingHTTPServer:
    """Serve ``/metrics`` on 127.0.0.1 until :meth:`shutdown`; port 0 takes a free one."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/metrics"
            body = figures.text().encode() if found else b"see /metrics\n"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: t.Any) -> None:
            """Being asked is not worth a line in the journal."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Page)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
