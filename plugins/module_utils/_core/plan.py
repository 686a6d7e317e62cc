# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What would be, or was, done: the one description that check mode, diff mode and the report share."""

from __future__ import annotations

import dataclasses
import json
import typing as t

Action = t.Literal["create", "update", "delete", "restart", "run"]


@dataclasses.dataclass(frozen=True)
class Change:
    """One thing that differs from what is desired.

    :param action: what apply does about it.
    :param target: what it is about, readable: ``Secret/hcp-tenant-a/kine``, ``/etc/containerd/config.toml``.
    :param before: current state, **already redacted**; text or plain data; ``None`` when absent.
    :param after: desired state, **already redacted**; ``None`` when it will be absent.
    :param restarts: names of what restarts because of this change.
    """

    action: Action
    target: str
    before: t.Any = None
    after: t.Any = None
    restarts: tuple[str, ...] = ()


@dataclasses.dataclass
class Plan:
    """An ordered list of changes; empty when current and desired state agree."""

    changes: list[Change] = dataclasses.field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.changes)

    def add(self, change: Change) -> None:
        self.changes.append(change)

    def extend(self, other: Plan) -> None:
        self.changes.extend(other.changes)

    @property
    def restarts(self) -> list[str]:
        """Names of what restarts, each once, in order."""
        return list(dict.fromkeys(name for change in self.changes for name in change.restarts))

    def result(self, **extra: t.Any) -> dict[str, t.Any]:
        """The keys every module of this collection returns: ``changed``, ``diff``, ``plan``, ``restarts``."""
        return {
            "changed": bool(self.changes),
            "diff": [
                _as_diff(change) for change in self.changes if change.before is not None or change.after is not None
            ],
            "plan": [{"action": change.action, "target": change.target} for change in self.changes],
            "restarts": self.restarts,
            **extra,
        }


def _as_diff(change: Change) -> dict[str, str]:
    header = f"{change.target} ({change.action})"
    return {
        "before_header": header,
        "after_header": header,
        "before": as_text(change.before),
        "after": as_text(change.after),
    }


def as_text(state: t.Any) -> str:
    """Plain data as YAML (as JSON on machines without PyYAML), text as it is, ``None`` as nothing."""
    if state is None:
        return ""
    if isinstance(state, str):
        return state if state.endswith("\n") or not state else state + "\n"
    try:
        import yaml
    except ImportError:
        return json.dumps(state, indent=2, sort_keys=True) + "\n"
    return str(yaml.safe_dump(state, default_flow_style=False, sort_keys=True))
