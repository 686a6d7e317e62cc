# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""What a run of the site did and what stands now: the one description behind the text, the JSON and the HTML report."""

from __future__ import annotations

import dataclasses
import typing as t

#: Version of report.json's form; a key that is removed or changes its meaning makes it the next one.
SCHEMA_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A hosted cluster. ``endpoint`` is a URL, empty while it is not known; ``workers`` are machines."""

    name: str
    version: str
    replicas: int
    endpoint: str
    kubeconfig: str
    database: str
    workers: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Phase:
    """A phase of the run. ``slowest`` is the machine that took longest; empty when only the controller was at work."""

    name: str
    seconds: float
    slowest: str = ""


@dataclasses.dataclass(frozen=True)
class Done:
    """One change: what was, or in check mode would be, done on ``host``."""

    host: str
    action: str
    target: str


@dataclasses.dataclass(frozen=True)
class Mothership:
    name: str
    version: str
    endpoint: str
    kubeconfig: str
    control_plane: tuple[str, ...]
    workers: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Backup:
    """Where backups go and the newest one; ``name`` is empty without one."""

    bucket: str
    name: str = ""
    phase: str = ""
    completed: str = ""
    objects: int | None = None


@dataclasses.dataclass(frozen=True)
class Report:
    """Everything. Holds no secret: only names, addresses, counts and times.

    :param databases: machines of group postgresql.
    :param restarts: ``machine: service`` of what was restarted.
    :param failed: machines that a task failed on, or that did not get through.
    """

    mothership: Mothership
    clusters: tuple[Cluster, ...]
    databases: tuple[str, ...]
    database_address: str
    backup: Backup | None
    phases: tuple[Phase, ...]
    total_seconds: float
    changes: tuple[Done, ...]
    restarts: tuple[str, ...]
    notes: tuple[str, ...]
    failed: tuple[str, ...]
    generated: str
    collection_version: str
    check_mode: bool = False

    def count(self, action: str) -> int:
        return sum(1 for change in self.changes if change.action == action)

    @property
    def summary(self) -> dict[str, int]:
        """Numbers of what was done: creations, changes (with commands that ran), deletions, restarts."""
        return {
            "create": self.count("create"),
            "change": self.count("update") + self.count("run"),
            "delete": self.count("delete"),
            "restart": len(self.restarts),
        }

    def as_json(self) -> dict[str, t.Any]:
        data = dataclasses.asdict(self)
        return {"schema": "mothership.hcp/report", "schema_version": SCHEMA_VERSION, **data, "summary": self.summary}
