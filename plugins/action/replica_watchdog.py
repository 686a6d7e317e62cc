# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the watchdog's account in the mothership, and takes its token to the machine on which the program runs."""

from __future__ import annotations

import base64
import os
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane import watchdog
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.manifests import secret_texts
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._core.plan import Plan
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline, Progress
from ansible_collections.mothership.hcp.plugins.module_utils._kube.apply import apply_objects
from ansible_collections.mothership.hcp.plugins.module_utils._kube.client import KubeClient
from ansible_collections.mothership.hcp.plugins.module_utils._kube.connect import connect
from ansible_collections.mothership.hcp.plugins.module_utils._kube.objects import get
from ansible_collections.mothership.hcp.plugins.module_utils._kube.wait import Watched, wait_until
from ansible_collections.mothership.hcp.plugins.plugin_utils import _worker_join as joining
from ansible_collections.mothership.hcp.plugins.plugin_utils._progress_display import ProgressDisplay
from ansible_collections.mothership.hcp.plugins.plugin_utils._undisplayed import undisplayed

_SECONDS = 60


class ActionModule(ActionBase):
    """Talks to the API from the controller; the program runs on the machine."""

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        del tmp
        variables, options = task_vars or {}, dict(self._task.args)
        kubeconfig = options.pop("kubeconfig", None)
        try:
            plan = Plan()
            if options.get("state", "present") == "present":
                with ProgressDisplay(self, variables) as display:
                    plan, given = self._account(kubeconfig, Progress(display.path))
                options.update(given)
            result.update(_joined(plan, self._on_machine(options, variables)))
        except HcpError as error:
            raise AnsibleActionFail(str(error), result={**result, **error.details}) from error
        return result

    def _account(self, kubeconfig: str | None, progress: Progress) -> tuple[Plan, dict[str, t.Any]]:
        """The account, and what the machine needs of it; there may be none yet in check mode."""
        if not kubeconfig:
            raise InvalidInput("is needed", where="kubeconfig", remedy="give the kubeconfig of the mothership")
        path = os.path.abspath(os.path.expanduser(kubeconfig))
        check_mode, deadline = self._task.check_mode, Deadline(_SECONDS)
        client = connect({"kubeconfig": path}, check_mode=check_mode, warn=self._display.warning)
        objects = watchdog.watchdog_account()
        plan = apply_objects(client, objects, check_mode=check_mode, deadline=deadline, progress=progress)
        if client is None:
            return plan, {}
        token = _present_token(client) if check_mode else _token(client, deadline, progress)
        authority = base64.b64decode(joining.endpoint_of(path).ca_certificate).decode("ascii")
        return plan, {"token": token, "ca_certificate": authority}

    def _on_machine(self, arguments: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        with undisplayed(self):
            done: dict[str, t.Any] = self._execute_module(
                module_name="mothership.hcp.replica_watchdog", module_args=arguments, task_vars=variables
            )
        done.pop("invocation", None)
        return done


def _present_token(client: KubeClient) -> str:
    found = get(client, "v1", "Secret", watchdog.TOKEN, watchdog.NAMESPACE)
    return secret_texts(found or {}).get("token", "")


def _token(client: KubeClient, deadline: Deadline, progress: Progress) -> str:
    """The token, which the controller manager fills in a moment after the Secret was made."""

    def filled(found: list[dict[str, t.Any]]) -> str | None:
        return None if found and (found[0].get("data") or {}).get("token") else "the token is not there yet"

    (secret,) = wait_until(
        client,
        Watched("v1", "Secret", watchdog.NAMESPACE, watchdog.TOKEN),
        filled,
        deadline=deadline,
        progress=progress,
        subject="replica watchdog",
        hint=f"kubectl --namespace {watchdog.NAMESPACE} describe secret {watchdog.TOKEN}",
    )
    return secret_texts(secret)["token"]


def _joined(plan: Plan, done: dict[str, t.Any]) -> dict[str, t.Any]:
    """The result of the module, with what was done in the mothership before it."""
    if done.get("failed"):
        return done
    before = plan.result()
    return {
        **done,
        "changed": before["changed"] or done["changed"],
        "plan": before["plan"] + done["plan"],
        "diff": before["diff"] + done["diff"],
    }
