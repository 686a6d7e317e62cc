# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a machine a worker of a cluster: a token in its API, a join on the machine, a wait for Ready."""

from __future__ import annotations

import json
import os
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._core.plan import Change, Plan
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline, Progress, Timings
from ansible_collections.mothership.hcp.plugins.module_utils._kube import objects
from ansible_collections.mothership.hcp.plugins.module_utils._kube.connect import connect
from ansible_collections.mothership.hcp.plugins.plugin_utils import _worker_join as joining
from ansible_collections.mothership.hcp.plugins.plugin_utils._progress_display import ProgressDisplay
from ansible_collections.mothership.hcp.plugins.plugin_utils._undisplayed import undisplayed

if t.TYPE_CHECKING:
    from ansible_collections.mothership.hcp.plugins.module_utils._kube.client import KubeClient


#: Distribution -> the module that joins on the machine. All take and return the same, but for what is their own.
_MODULES = {"kubeadm": "mothership.hcp.kubeadm_join", "k0s": "mothership.hcp.k0s_worker"}


def argument_spec() -> dict[str, t.Any]:
    """The options that the module of the same name documents."""
    taint = {
        "key": {"type": "str", "required": True},
        "value": {"type": "str", "default": ""},
        "effect": {"type": "str", "required": True, "choices": ["NoSchedule", "PreferNoSchedule", "NoExecute"]},
    }
    return {
        "cluster": {"type": "str", "required": True},
        "kubeconfig": {"type": "path", "required": True},
        "distribution": {"type": "str", "default": "kubeadm", "choices": list(_MODULES)},
        "node_name": {"type": "str"},
        "labels": {"type": "dict", "default": {}},
        "taints": {"type": "list", "elements": "dict", "default": [], "options": taint},
        "ignore_preflight_errors": {"type": "list", "elements": "str", "default": []},
        "ignore_preflight_checks": {"type": "bool", "default": False},
        "profile": {"type": "str", "default": "default"},
        "kubelet_extra_args": {"type": "list", "elements": "str", "default": []},
        "upgrade": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 300},
    }


class ActionModule(ActionBase):
    """Talks to the API from the controller; only the join itself runs on the machine."""

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        del tmp
        variables = task_vars or {}
        _validation, validated = self.validate_argument_spec(argument_spec=argument_spec())
        # Plain data: Ansible's own kinds of text remember where they come from, and YAML cannot write them.
        options: dict[str, t.Any] = json.loads(json.dumps(validated))
        options["node_name"] = (options["node_name"] or str(variables.get("inventory_hostname", ""))).lower()
        options["kubeconfig"] = os.path.abspath(os.path.expanduser(options["kubeconfig"]))
        try:
            with ProgressDisplay(self, variables) as display:
                result.update(self._join(options, variables, Progress(display.path)))
        except HcpError as error:
            raise AnsibleActionFail(str(error), result={**result, **error.details}) from error
        return result

    def _join(self, options: dict[str, t.Any], variables: dict[str, t.Any], progress: Progress) -> dict[str, t.Any]:
        timings, deadline, name = Timings(), Deadline(options["wait_timeout"]), options["node_name"]
        client = connect(options, check_mode=self._task.check_mode, warn=self._display.warning)
        if client is None:
            return _planned_without_api(name, options["cluster"])
        node = objects.get(client, "v1", "Node", name)
        arguments = _module_arguments(options, client, rejoin=node is None)
        leftovers = joining.plan_leftovers(client, name)
        joined = self._on_machine(_MODULES[options["distribution"]], arguments, variables)
        if joined.get("failed"):
            return joined
        if joined.get("outdated") and not options["upgrade"]:
            self._display.display(
                f"worker {name} keeps its k0s {joined.get('version')} until playbook mothership.hcp.upgrade runs"
            )
        if self._task.check_mode:
            marks = Plan()
            if node is not None and not joined["needed"]:
                marks = joining.plan_marks(node, options["labels"], options["taints"])
            return _merged(leftovers, joined, marks, name, timings)
        joining.remove_leftovers(client, leftovers)
        if joined["needed"]:
            with timings.measure("join"):
                progress.say(f"node {name}", f"joining {options['cluster']}")
                joining.remove_stale_node(client, node, joined["machine_id"])
                if options["distribution"] == "k0s":
                    joining.ensure_renewed_lease(client, name)
                with joining.bootstrap_token(client, name) as token:
                    module = _MODULES[options["distribution"]]
                    joined = self._on_machine(module, {**arguments, "token": token}, variables)
            if joined.get("failed"):
                return joined
        with timings.measure("ready"):
            unit = "k0sworker" if options["distribution"] == "k0s" else "kubelet"
            node = joining.wait_for_node(client, name, options["kubeconfig"], unit, deadline, progress)
        marks = joining.plan_marks(node, options["labels"], options["taints"])
        if marks:
            joining.apply_marks(client, node, options["labels"], options["taints"])
        return _merged(leftovers, joined, marks, name, timings)

    def _on_machine(self, module: str, arguments: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """Run the module that joins; what it is given may hold a token."""
        with undisplayed(self):
            done: dict[str, t.Any] = self._execute_module(
                module_name=module, module_args=arguments, task_vars=variables
            )
        done.pop("invocation", None)
        return done


def _module_arguments(options: dict[str, t.Any], client: KubeClient, *, rejoin: bool) -> dict[str, t.Any]:
    """Options of the module that joins, without a token."""
    endpoint = joining.endpoint_of(options["kubeconfig"])
    names = ("profile", "kubelet_extra_args", "ignore_preflight_checks", "upgrade")
    own = {name: options[name] for name in names}
    if options["distribution"] == "kubeadm":
        own = {"ignore_preflight_errors": options["ignore_preflight_errors"]}
    return {
        **own,
        "node_name": options["node_name"],
        "server": endpoint.server,
        "ca_certificate": endpoint.ca_certificate,
        "rejoin": rejoin,
        "control_plane_version": client.request("GET", "/version").get("gitVersion", ""),
        "taints": options["taints"],
        "timeout": options["wait_timeout"],
    }


def _planned_without_api(name: str, cluster: str) -> dict[str, t.Any]:
    """Check mode before the cluster is there: it would be made earlier in the same run."""
    plan = Plan([Change("create", f"node {name}", None, {"cluster": cluster})])
    return plan.result(node_name=name, joined=False, timings={})


def _merged(leftovers: Plan, joined: dict[str, t.Any], marks: Plan, name: str, timings: Timings) -> dict[str, t.Any]:
    """One result of what happened on the machine and in the API."""
    before, after = leftovers.result(), marks.result()
    return {
        "changed": before["changed"] or joined["changed"] or after["changed"],
        "diff": [*before["diff"], *joined["diff"], *after["diff"]],
        "plan": [*before["plan"], *joined["plan"], *after["plan"]],
        "restarts": joined["restarts"],
        "node_name": name,
        "joined": joined["joined"],
        "timings": timings.seconds,
    }
