# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Many objects applied in one go: read what is there, plan, and send only what differs, with server-side apply."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from .._core.errors import HcpError
from .._core.plan import Change, Plan
from .._core.progress import Deadline, Progress
from .._core.redact import redact_values
from .client import APPLY
from .compare import hash_matches, holds, same_object, secret_values, shown, with_hash
from .current import read_current, read_settled
from .desired import Desired, Key, resolve
from .errors import ApiError
from .prune import PruneScope, delete_all, existing, superfluous
from .readiness import crd_established
from .repeat import in_threads, retried
from .wait import Watched, wait_until

if t.TYPE_CHECKING:
    from .client import KubeClient

__all__ = ["FIELD_MANAGER", "PruneScope", "apply_objects", "remove_objects"]

Object = dict[str, t.Any]

FIELD_MANAGER = "mothership.hcp"


@dataclasses.dataclass
class _Step:
    """What one desired object needs; ``after`` is what it becomes, as far as that is known."""

    desired: Desired
    live: Object | None
    after: Object

    def change(self) -> Change:
        before = None if self.live is None else shown(self.live)
        action: t.Literal["create", "update"] = "create" if self.live is None else "update"
        return Change(action, self.desired.target, before=before, after=shown(self.after))


def apply_objects(
    client: KubeClient | None,
    objects: t.Sequence[t.Mapping[str, t.Any]],
    *,
    check_mode: bool,
    field_manager: str = FIELD_MANAGER,
    prune: PruneScope | None = None,
    threads: int = 8,
    deadline: Deadline,
    progress: Progress,
) -> Plan:
    """Make the objects be as given, and delete what ``prune`` covers and is not among them.

    :param client: ``None`` in check mode without an API server: everything is created.
    :return: what was, or in check mode would be, changed; in the order in which it is applied.
    :raises InvalidInput: an object cannot be used; nothing was sent.
    :raises HcpError: objects that could not be applied; those of earlier waves are, the next run continues.
    """
    wanted = sorted(resolve(client, objects), key=lambda desired: desired.wave)
    if client is None:
        return Plan([_Step(desired, None, desired.body).change() for desired in wanted])
    engine = _Engine(client, field_manager, threads, deadline, progress)
    if check_mode:
        live = read_current(client, wanted, threads=threads, deadline=deadline).staying
    else:
        live = read_settled(client, wanted, threads=threads, deadline=deadline, progress=progress)
    steps = engine.compare(wanted, live, ask=check_mode)
    unwanted = superfluous(client, prune, {desired.key for desired in wanted}, threads=threads)
    if not check_mode:
        engine.apply(steps)
        delete_all(client, unwanted, threads=threads, deadline=deadline)
    plan = Plan([step.change() for step in steps])
    plan.extend(Plan([one.change() for one in unwanted]))
    return plan


def remove_objects(
    client: KubeClient | None,
    objects: t.Sequence[t.Mapping[str, t.Any]],
    *,
    check_mode: bool,
    threads: int = 8,
    deadline: Deadline,
    progress: Progress,
) -> Plan:
    """Delete the objects that exist, in the reverse order of :func:`apply_objects`."""
    wanted = resolve(client, objects)
    if client is None:
        return Plan()
    unwanted = existing(wanted, read_current(client, wanted, threads=threads, deadline=deadline).staying)
    if unwanted and not check_mode:
        progress.say("objects", f"deleting {len(unwanted)}")
        delete_all(client, unwanted, threads=threads, deadline=deadline)
    return Plan([one.change() for one in unwanted])


class _Engine:
    """Compares and sends, for one call of :func:`apply_objects`."""

    def __init__(
        self, client: KubeClient, field_manager: str, threads: int, deadline: Deadline, progress: Progress
    ) -> None:
        self.client, self.field_manager, self.threads = client, field_manager, threads
        self.deadline, self.progress = deadline, progress

    def compare(self, wanted: t.Sequence[Desired], live: t.Mapping[Key, Object], *, ask: bool) -> list[_Step]:
        """The steps for objects that differ, in the order given.

        :param ask: ask the server what an object that was applied differently before would become.
        """
        steps = in_threads(
            lambda desired: self._step(desired, live.get(desired.key), ask), wanted, threads=self.threads
        )
        return [step for step in steps if step is not None]

    def apply(self, steps: t.Sequence[_Step]) -> None:
        """Send the steps, wave by wave; the objects that the server answers become the steps' ``after``."""
        for _wave, members in itertools.groupby(steps, key=lambda step: step.desired.wave):
            wave = list(members)
            kinds = ", ".join(sorted({step.desired.resource.kind for step in wave}))
            self.progress.say("objects", f"applying {len(wave)} of {len(steps)}: {kinds}")
            in_threads(self._apply, wave, threads=self.threads)
            for step in wave:
                if step.desired.resource.kind == "CustomResourceDefinition":
                    self._wait_for_definition(step.desired)

    def _step(self, desired: Desired, live: Object | None, ask: bool) -> _Step | None:
        if live is None:
            return _Step(desired, None, desired.body)
        applied = hash_matches(desired.body, live)
        if applied and holds(desired.body, live):
            return None
        # Another hash is a change in any case. With the same hash, either somebody edited the object, or the
        # server writes a value differently: only the server knows.
        after = self._dry_run(desired) if applied or ask else desired.body
        return None if same_object(after, live) else _Step(desired, live, after)

    def _dry_run(self, desired: Desired) -> Object:
        """What the server would make of the object; the desired object itself when it cannot say."""
        try:
            return self._send(desired, {"dryRun": "All"})
        except ApiError as error:
            # A webhook may not support dry runs, and what it belongs to may not exist yet: the real run tells.
            if error.status in (400, 403, 404):
                return desired.body
            raise

    def _apply(self, step: _Step) -> None:
        answer = self._send(step.desired, {})
        if step.live is not None:
            step.after = answer

    def _send(self, desired: Desired, more: t.Mapping[str, str]) -> Object:
        query = {"fieldManager": self.field_manager, "force": "true", **more}
        body = with_hash(desired.body)

        def send() -> Object:
            return self.client.request("PATCH", desired.path, query=query, body=body, content_type=APPLY)

        try:
            return retried(self.client, send, deadline=self.deadline)
        except ApiError as error:
            raise _explained(error, desired) from None
        except HcpError as error:
            error.where = desired.target if error.where is None else f"{desired.target} at {error.where}"
            raise

    def _wait_for_definition(self, desired: Desired) -> None:
        wait_until(
            self.client,
            Watched(desired.resource.api_version, desired.resource.kind, name=desired.name),
            crd_established(),
            deadline=self.deadline,
            progress=self.progress,
            subject=desired.target,
            hint=f"kubectl describe customresourcedefinition {desired.name}",
        )


def _explained(error: ApiError, desired: Desired) -> ApiError:
    """The error with the object's name and what to do; an answer may quote a Secret's values."""
    remedy = None
    if "immutable" in error.message:
        remedy = "the field cannot be changed in place: delete the object, then apply it again"
    elif error.is_not_found and f'namespaces "{desired.namespace}" not found' in error.message:
        remedy = f"create the namespace {desired.namespace}, or add it to the objects"
    if desired.resource.kind == "Secret":
        error.message = redact_values(error.message, secret_values(desired.body))
    return error.about(desired.target, remedy)
