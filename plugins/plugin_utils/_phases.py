# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The marks that action ``site_phase`` leaves in registered variables."""

from __future__ import annotations

import typing as t


def unfinished(
    phase: str, machines: t.Iterable[str], host_variables: t.Mapping[str, t.Mapping[str, t.Any]]
) -> list[str]:
    """Machines that started ``phase`` in this run and did not end it, in the given order, each once."""
    stuck = []
    for machine in dict.fromkeys(machines):
        states = {mark["state"] for mark in phase_marks(host_variables.get(machine) or {}) if mark["name"] == phase}
        if states == {"started"}:
            stuck.append(machine)
    return stuck


def phase_marks(variables: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """The marks (``name``, ``state``, ``time``) that this action left in a host's registered variables."""
    marks = []
    for name in variables:
        if not name.startswith("__site_"):
            continue
        value = variables[name]
        if isinstance(value, dict) and isinstance(value.get("mothership_phase"), dict):
            marks.append(dict(value["mothership_phase"]))
    return marks
