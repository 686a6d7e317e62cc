# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a machine a further k0s controller: a token in the cluster's API, k0s on the machine, a wait for the node."""

from __future__ import annotations

import json
import os
import typing as t
from urllib.parse import urlsplit

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._core.plan import Change, Plan
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress, Timings
from ansible_collections.mothership.hcp.plugins.module_utils._host.k0s_worker import join_token
from ansible_collections.mothership.hcp.plugins.module_utils._host.kubeadm import host_and_port
from ansible_collections.mothership.hcp.plugins.module_utils._kube.connect import connect
from ansible_collections.mothership.hcp.plugins.plugin_utils import _worker_join as joining
from ansible_collections.mothership.hcp.plugins.plugin_utils._progress_display import ProgressDisplay
from ansible_collections.mothership.hcp.plugins.plugin_utils._undisplayed import undisplayed

#: There once a controller has the cluster's CA, and nowhere else.
_JOINED = "/var/lib/k0s/pki/ca.key"
_JOIN_USER = "controller-bootstrap"
_JOIN_USAGE = "controller-join"


def argument_spec() -> dict[str, t.Any]:
    """The options that the module of the same name documents."""
    return {
        "kubeconfig": {"type": "path", "required": True},
        "controller": {"type": "dict", "required": True},
        "join_port": {"type": "int", "default": 9443},
    }


class ActionModule(ActionBase):
    """Talks to the API from the controller; k0s runs on the machine."""

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        del tmp
        variables = task_vars or {}
        _validation, validated = self.validate_argument_spec(argument_spec=argument_spec())
        options: dict[str, t.Any] = json.loads(json.dumps(validated))
        options["kubeconfig"] = os.path.abspath(os.path.expanduser(options["kubeconfig"]))
        try:
            with ProgressDisplay(self, variables) as display:
                result.update(self._join(options, variables, Progress(display.path)))
        except HcpError as error:
            raise AnsibleActionFail(str(error), result={**result, **error.details}) from error
        return result

    def _join(self, options: dict[str, t.Any], variables: dict[str, t.Any], progress: Progress) -> dict[str, t.Any]:
        name, timings = str(options["controller"]["node_name"]), Timings()
        if self._has_joined(variables):
            return self._on_machine(options["controller"], variables)
        client = connect(options, check_mode=self._task.check_mode, warn=self._display.warning)
        if client is None:
            plan = Plan([Change("create", f"control plane {options['controller'].get('name')}", None, {"node": name})])
            return plan.result(timings={})
        leftovers = joining.plan_leftovers(client, name)
        if self._task.check_mode:
            return self._on_machine(options["controller"], variables)
        joining.remove_leftovers(client, leftovers)
        endpoint = joining.endpoint_of(options["kubeconfig"])
        server = f"https://{host_and_port(urlsplit(endpoint.server).hostname or '', options['join_port'])}"
        with timings.measure("join"), joining.bootstrap_token(client, name, [_JOIN_USAGE]) as token:
            progress.say(f"node {name}", "joining as a controller")
            joining.ensure_renewed_lease(client, name)
            text = join_token(server, endpoint.ca_certificate, token, _JOIN_USER)
            joined = self._on_machine({**options["controller"], "token": text}, variables)
        return joined if joined.get("failed") else {**joined, "timings": {**joined["timings"], **timings.seconds}}

    def _has_joined(self, variables: dict[str, t.Any]) -> bool:
        found = self._execute_module(
            module_name="ansible.builtin.stat",
            module_args={"path": _JOINED, "get_checksum": False, "get_mime": False, "get_attributes": False},
            task_vars=variables,
        )
        return bool((found.get("stat") or {}).get("exists"))

    def _on_machine(self, arguments: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """Run module C(k0s_controller); what it is given may hold a token."""
        with undisplayed(self):
            done: dict[str, t.Any] = self._execute_module(
                module_name="mothership.hcp.k0s_controller", module_args=arguments, task_vars=variables
            )
        done.pop("invocation", None)
        return done
