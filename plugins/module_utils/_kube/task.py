# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The work of the module ``hcp_apply``."""

from __future__ import annotations

import typing as t

from .._core.errors import InvalidInput
from .._core.plan import Plan
from .._core.progress import Deadline, Progress
from .apply import PruneScope, apply_objects, remove_objects
from .objects import target_of
from .rollout import wait_gone, wait_ready

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    from .client import KubeClient

#: Kinds that are pruned also when no object of the kind is desired any more. Volumes' claims hold data: only when
#: they are desired at all.
_PRUNED_KINDS: tuple[tuple[str, str], ...] = (
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
)


def take_objects(module: AnsibleModule) -> list[dict[str, t.Any]]:
    """Take the objects out of the module's parameters, where a result would repeat Secrets, and leave their names.

    The option is marked ``no_log``, so that the system log never holds the objects. Ansible would then also blot out
    every name in the plan, because each is one of the option's values: that is undone here.
    """
    objects: list[dict[str, t.Any]] = module.params["objects"]
    module.params["objects"] = [target_of(obj) for obj in objects]
    module.no_log_values = set()
    return objects


def apply_task(
    client: KubeClient | None,
    objects: t.Sequence[t.Mapping[str, t.Any]],
    params: t.Mapping[str, t.Any],
    *,
    check_mode: bool,
    progress: Progress | None = None,
) -> dict[str, t.Any]:
    """Apply or delete the objects, wait, and return the module's result.

    :param params: the options of ``hcp_apply``.
    """
    absent = params["state"] == "absent"
    deadline, progress = Deadline(params["wait_timeout"]), progress or Progress()
    if absent and params["prune_label_selector"]:
        raise InvalidInput(
            "only for state=present", where="prune_label_selector", remedy="leave it out, or use state=present"
        )
    if absent:
        plan = remove_objects(client, objects, check_mode=check_mode, deadline=deadline, progress=progress)
    else:
        plan = apply_objects(
            client,
            objects,
            check_mode=check_mode,
            prune=_prune_scope(objects, params["prune_label_selector"]),
            deadline=deadline,
            progress=progress,
        )
    if params["wait"] and client is not None and not check_mode:
        wait = wait_gone if absent else wait_ready
        wait(client, objects, deadline=deadline, progress=progress)
    requests = 0 if client is None else sum(client.requests.values())
    return plan.result(summary=_summary(plan, len(objects), absent=absent), requests=requests)


def _prune_scope(objects: t.Sequence[t.Mapping[str, t.Any]], label_selector: str | None) -> PruneScope | None:
    if not label_selector:
        return None
    kinds = [(str(obj.get("apiVersion")), str(obj.get("kind"))) for obj in objects]
    namespaces = [(obj.get("metadata") or {}).get("namespace") or "default" for obj in objects]
    return PruneScope(
        label_selector,
        tuple(dict.fromkeys([*kinds, *_PRUNED_KINDS])),
        tuple(dict.fromkeys(namespaces)),
    )


def _summary(plan: Plan, given: int, *, absent: bool) -> dict[str, int]:
    count = {
        action: sum(change.action == action for change in plan.changes) for action in ("create", "update", "delete")
    }
    touched = count["delete"] if absent else count["create"] + count["update"]
    return {
        "created": count["create"],
        "updated": count["update"],
        "deleted": count["delete"],
        "unchanged": given - touched,
    }
