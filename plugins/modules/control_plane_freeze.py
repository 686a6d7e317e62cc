#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: control_plane_freeze
short_description: Stop hosted control planes and start them again
version_added: "0.1.0"
author:
  - The mothership.hcp authors (@mothership-hcp)
description:
  - Stops all replicas of hosted control planes, and a kine that they share, and waits until their pods are really gone.
    Nobody but the administrator of the database writes to it then.
  - Starts them again with as many replicas as before. A run that was stopped in the middle is finished by the next one.
  - Workers and their pods run on meanwhile.
extends_documentation_fragment:
  - mothership.hcp.attributes
  - mothership.hcp.kubernetes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  clusters:
    description: Names of the hosted clusters.
    type: list
    elements: str
    required: true
  state:
    description: V(described) only tells.
    type: str
    choices: [described, stopped, started]
    default: described
  high_water:
    description:
      - Revision mark by name of the cluster, written before it is started with O(state=started) when it is greater than
        the present one.
    type: dict
    default: {}
  wait_timeout:
    description: Seconds until all pods are gone, or all replicas are ready.
    type: int
    default: 300
seealso:
  - module: mothership.hcp.kine_revision
"""

EXAMPLES = r"""
- name: Stop a control plane
  mothership.hcp.control_plane_freeze:
    kubeconfig: artifacts/mothership/kubeconfig
    clusters: [tenant-a]
    state: stopped

- name: Start it again
  mothership.hcp.control_plane_freeze:
    kubeconfig: artifacts/mothership/kubeconfig
    clusters: [tenant-a]
    state: started
"""

RETURN = r"""
clusters:
  description:
    - What is known of each cluster, by its name. C(stopped) is whether this module stopped it and has not started it
      again; C(logins) are the logins of its database; C(high_water) is the greatest revision that was ever given, 0
      when none is known.
  returned: success
  type: dict
  sample:
    tenant-a:
      namespace: hcp-tenant-a
      workloads: {Deployment/tenant-a: 2}
      stopped: false
      database: hcp_tenant_a
      database_host: 10.77.0.20
      database_server: main
      logins: [hcp_tenant_a_a]
      high_water: 48211
      high_water_time: "2026-11-22T20:14:07Z"
plan:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {"action": "update", "target": "Deployment/hcp-tenant-a/tenant-a"}
restarts:
  description: Always empty.
  returned: success
  type: list
  elements: str
"""

import copy
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._hosting import freeze
from ansible_collections.mothership.hcp.plugins.module_utils._kube.connect import KUBE_ARGUMENTS, connect


def argument_spec() -> dict[str, t.Any]:
    return {
        **copy.deepcopy(KUBE_ARGUMENTS),
        "clusters": {"type": "list", "elements": "str", "required": True},
        "state": {"type": "str", "choices": ["described", "stopped", "started"], "default": "described"},
        "high_water": {"type": "dict", "default": {}},
        "wait_timeout": {"type": "int", "default": 300},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params

    def work() -> dict[str, t.Any]:
        if not all(str(value).isdigit() for value in params["high_water"].values()):
            raise InvalidInput("holds something that is no revision", where="high_water")
        client = connect(params, check_mode=module.check_mode, warn=module.warn)
        return freeze.ensure(
            client,
            params["clusters"],
            params["state"],
            marks={name: int(value) for name, value in params["high_water"].items()},
            check_mode=module.check_mode,
            timeout=params["wait_timeout"],
            progress=Progress(),
        )

    run_module(module, work)


if __name__ == "__main__":
    main()
