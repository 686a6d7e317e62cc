# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the module ``etcd_member`` does: how this machine begins, the plan, and its order of work."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import HcpError, InvalidInput
from .._core.plan import Change, Plan
from . import etcd_settings as settings_of
from .etcd_machine import SERVICE, EtcdMachine, EtcdState, Member, not_installed
from .etcd_settings import DROP_IN, MARKER, FirstStart, Settings


@dataclasses.dataclass(frozen=True)
class Beginning:
    """How a machine comes into the cluster that is not in it.

    :param remove: entries that have to go first.
    :param add: whether an entry has to be made.
    :param forget: data of a member that was put out.
    """

    state: str
    cluster: t.Mapping[str, str]
    endpoints: tuple[str, ...] = ()
    remove: tuple[Member, ...] = ()
    add: bool = False
    forget: bool = False


@dataclasses.dataclass(frozen=True)
class Step:
    """A change together with what makes it."""

    change: Change
    do: t.Callable[[], object]


def describe(settings: Settings, machine: EtcdMachine) -> dict[str, t.Any]:
    """The result of state=described."""
    state = machine.read()
    return Plan().result(formed=state.formed, endpoints=settings.endpoints, health={})


def ensure(
    settings: Settings, machine: EtcdMachine, *, new_cluster: bool, timeout: float, check_mode: bool
) -> dict[str, t.Any]:
    """Bring the member to its desired state and return the module's result."""
    state = machine.read()
    _refuse(state, machine)
    if not state.installed and not check_mode:
        raise not_installed()
    beginning = _beginning(settings, state, machine, new_cluster)
    steps = list(_steps(settings, state, machine, beginning, timeout))
    restarts = _restarts(settings, state, machine, beginning)
    if not check_mode:
        for step in steps:
            step.do()
    plan = Plan([step.change for step in steps])
    if restarts:
        plan.add(Change("restart", SERVICE, after={"because of": restarts}, restarts=(SERVICE,)))
        if not check_mode:
            machine.restart(settings, timeout)
    if not check_mode:
        machine.wait(settings, timeout)
    if not state.formed:
        plan.add(Change("create", machine.layout.formed, after="healthy for the first time"))
        if not check_mode:
            machine.note_formed()
    health = machine.health(settings, settings.members) if state.installed else dict.fromkeys(settings.members, False)
    return plan.result(formed=state.formed or not check_mode, endpoints=settings.endpoints, health=health)


def _refuse(state: EtcdState, machine: EtcdMachine) -> None:
    """An etcd that somebody else set up for a purpose is left alone; that of the package has none."""
    if state.kubernetes:
        raise InvalidInput(
            "this machine runs the etcd of a Kubernetes control plane, which has the same ports",
            where=machine.layout.kubernetes,
            remedy="give the group postgresql machines of their own",
        )
    text = state.configuration
    if text is not None and MARKER not in text and settings_of.values_of(text):
        raise InvalidInput(
            "this file was not written by mothership.hcp, and it is in use",
            where=machine.layout.configuration,
            remedy="give the group postgresql machines of their own, or move this file away",
        )


def _is_ours(state: EtcdState, machine: EtcdMachine) -> bool:
    """Whether what runs is our member, not the one that the package starts by itself."""
    return state.running is not None and state.running.get("ETCD_DATA_DIR") in (machine.layout.data, None)


def _beginning(settings: Settings, state: EtcdState, machine: EtcdMachine, new_cluster: bool) -> Beginning | None:
    """How to begin; ``None`` for a member that has begun."""
    if state.has_data and (not settings.others or machine.health(settings, [settings.name])[settings.name]):
        return None
    names = machine.health(settings, settings.others) if state.installed else {}
    endpoints = tuple(settings.client_url(name) for name, healthy in names.items() if healthy)
    if endpoints:
        return _joining(settings, state, endpoints, machine.members(endpoints))
    if state.has_data:
        return None
    if new_cluster:
        return Beginning("new", settings_of.new_cluster(settings).cluster)
    raise HcpError(
        f"this member has no data, and none of the others answers: {', '.join(settings.others)}",
        where="members",
        remedy="start etcd on the others first ('systemctl start etcd'): it is not made anew while one has data",
    )


def _joining(
    settings: Settings, state: EtcdState, endpoints: tuple[str, ...], members: t.Sequence[Member]
) -> Beginning | None:
    """Into a cluster that lives. An entry that has started while this machine has no data is that of a dead machine:
    with its identity, an empty member would contradict what it has promised."""
    url = settings.peer_url(settings.name)
    own = [member for member in members if url in member.peer_urls or member.name == settings.name]
    if state.has_data and any(url in member.peer_urls for member in own):
        return None
    waiting = [member for member in own if not member.started and member.peer_urls == (url,)]
    wanted = {settings.peer_url(name): name for name in settings.members}
    gone = [member for member in members if member not in own and not set(member.peer_urls) & wanted.keys()]
    remove = [*(member for member in own if member not in waiting), *gone]
    kept = {wanted[one]: one for member in members if member not in remove for one in member.peer_urls if one in wanted}
    return Beginning(
        "existing", {**kept, settings.name: url}, endpoints, tuple(remove), not waiting, forget=state.has_data
    )


def _steps(
    settings: Settings, state: EtcdState, machine: EtcdMachine, beginning: Beginning | None, timeout: float
) -> t.Iterator[Step]:
    layout = machine.layout
    goes_on = _is_ours(state, machine) and beginning is None
    if state.running is not None and not goes_on:
        change = Change("run", f"{SERVICE} stop", before={"data": state.running.get("ETCD_DATA_DIR", "")})
        yield Step(change, machine.stop)
    if state.drop_in != DROP_IN:
        change = Change("update" if state.drop_in else "create", layout.drop_in, state.drop_in, DROP_IN)
        yield Step(change, lambda: machine.write_drop_in(DROP_IN))
    if beginning is not None:
        yield from _membership(settings, machine, beginning, timeout)
    wanted = settings_of.text(_environment(settings, state, machine, beginning))
    if state.configuration != wanted:
        action: t.Any = "create" if state.configuration is None else "update"
        change = Change(action, layout.configuration, state.configuration, wanted)
        yield Step(change, lambda: machine.write(layout.configuration, wanted))
    if not state.enabled:
        yield Step(Change("update", SERVICE, {"enabled": False}, {"enabled": True}), machine.enable)
    if not goes_on:
        yield Step(Change("run", SERVICE, {"running": False}, {"running": True}), machine.start)


def _membership(settings: Settings, machine: EtcdMachine, beginning: Beginning, timeout: float) -> t.Iterator[Step]:
    for member in beginning.remove:
        change = Change("delete", f"etcd member {member.name or member.identity}", {"peers": list(member.peer_urls)})
        yield Step(change, lambda one=member: machine.remove_member(beginning.endpoints, one))  # type: ignore[misc]
    if beginning.forget:
        yield Step(Change("delete", machine.layout.data, "data of a member that was put out"), machine.forget_data)
    if beginning.add:
        change = Change("create", f"etcd member {settings.name}", after={"peers": [settings.peer_url(settings.name)]})
        yield Step(change, lambda: machine.add_member(beginning.endpoints, settings, timeout))


def _environment(
    settings: Settings, state: EtcdState, machine: EtcdMachine, beginning: Beginning | None
) -> dict[str, str]:
    if beginning is not None:
        first = FirstStart(beginning.state, beginning.cluster).lines()
    else:
        first = settings_of.first_lines(state.configuration or "") or settings_of.new_cluster(settings).lines()
    return settings_of.environment(settings, first, state.trust, machine.layout.data)


def _restarts(settings: Settings, state: EtcdState, machine: EtcdMachine, beginning: Beginning | None) -> list[str]:
    """Names of settings for whose sake our member, which runs, has to restart."""
    if not state.running or not _is_ours(state, machine) or beginning is not None:
        return []
    return settings_of.stale_settings(state.running, _environment(settings, state, machine, beginning))
