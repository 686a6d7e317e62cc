# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""systemd services: enabled, running, and running what is on disk."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t

from .._core.plan import Change, Plan
from .machine import STATE_FOLDER, Machine

#: Which inputs each service was last started with. Kept over reboots: a reboot starts services with what is on disk.
STARTED_WITH = f"{STATE_FOLDER}/services.json"


@dataclasses.dataclass(frozen=True)
class Service:
    """A service as it should be.

    :param name: without ``.service``.
    :param inputs: files it reads when it starts; it restarts when one of them changed since its last start.
    :param running: start it when it is stopped; when false a running one is restarted but a stopped one stays stopped.
    """

    name: str
    inputs: tuple[str, ...]
    running: bool = True


@dataclasses.dataclass(frozen=True)
class ServiceState:
    """What systemd says about a service."""

    loaded: bool
    active: bool
    enabled: bool


def read_state(machine: Machine, name: str) -> ServiceState:
    """The state of ``name``; all false on a machine that does not know it."""
    shown = machine.ask(["systemctl", "show", f"{name}.service", "--property=LoadState,ActiveState,UnitFileState"])
    values = dict(line.split("=", 1) for line in shown.stdout.splitlines() if "=" in line)
    return ServiceState(
        loaded=values.get("LoadState") == "loaded",
        active=values.get("ActiveState") in ("active", "activating", "reloading"),
        enabled=values.get("UnitFileState") == "enabled",
    )


def inputs_hash(machine: Machine, service: Service, pending: t.Mapping[str, str]) -> str:
    """A hash over the service's inputs: text of small files, identity of programs.

    :param pending: text of files that this run writes, by path, so that check mode sees their effect.
    """
    parts: list[t.Any] = []
    for path in service.inputs:
        if path in pending:
            parts.append([path, pending[path]])
            continue
        found = machine.read_stat(path)
        parts.append([path, found.identity if found else None])
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def plan_service(machine: Machine, service: Service, pending: t.Mapping[str, str]) -> Plan:
    """Enable, start or restart ``service`` where that is needed."""
    plan = Plan()
    state = read_state(machine, service.name)
    if not state.enabled:
        plan.add(Change("update", f"{service.name}.service", {"enabled": False}, {"enabled": True}))
    if not state.active and service.running:
        plan.add(Change("run", f"{service.name}.service", {"running": False}, {"running": True}))
    if state.active and _started_with(machine).get(service.name) != inputs_hash(machine, service, pending):
        plan.add(Change("restart", f"{service.name}.service", restarts=(service.name,)))
    return plan


def is_stale(machine: Machine, service: Service) -> bool:
    """Whether ``service`` was started with other inputs than those on disk."""
    return _started_with(machine).get(service.name) != inputs_hash(machine, service, {})


def apply_service(machine: Machine, service: Service, plan: Plan, pending: t.Mapping[str, str]) -> None:
    """Carry out what :func:`plan_service` found, and note what the service runs with now."""
    for change in plan.changes:
        verb = {"update": "enable", "run": "start", "restart": "restart"}[change.action]
        machine.execute(["systemctl", verb, f"{service.name}.service"], timeout=120)
    note_started(machine, service, pending)


def note_started(machine: Machine, service: Service, pending: t.Mapping[str, str]) -> None:
    """Remember what ``service`` runs with; writes only when that changed."""
    known = _started_with(machine)
    current = inputs_hash(machine, service, pending)
    if known.get(service.name) != current:
        machine.write_text(STARTED_WITH, json.dumps({**known, service.name: current}, indent=2, sort_keys=True) + "\n")


def _started_with(machine: Machine) -> dict[str, str]:
    try:
        known = json.loads(machine.read_text(STARTED_WITH) or "{}")
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}
