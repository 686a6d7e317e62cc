#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: machine_reset
short_description: Take Kubernetes off a machine
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Stops all pods and removes what this collection, kubeadm, k0s and Kubernetes put on the machine. That is services,
    users of k0s, programs of the bundle, configuration, state, images, logs, mounts, network links, packet filter rules
    and cgroups. A load balancer of this collection goes, too.
  - Folders that are mount points are emptied.
  - What cannot be removed is an error that names it.
  - All data of the control plane on the machine is lost. The playbook C(mothership.hcp.reset) asks for a confirmation.
  - Packages of the operating system stay. So do kernel modules and kernel settings until the next boot.
extends_documentation_fragment:
  - mothership.hcp.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  datastore:
    description:
      - Remove all PostgreSQL clusters of the machine too, with their data and the certificate authority of the server,
        and what several database machines have besides (Patroni, etcd, HAProxy, keepalived).
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Take Kubernetes off the machine
  mothership.hcp.machine_reset:
"""

RETURN = r"""
plan:
  description: What was, or would be, removed.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "delete", "target": "folder /etc/kubernetes"}]
restarts:
  description: Names of services that were, or would be, restarted; always empty.
  returned: success
  type: list
  elements: str
  sample: []
residue:
  description: What is still there. Empty after a reset; in check mode it is all that would be removed.
  returned: always
  type: list
  elements: str
  sample: []
timings:
  description: Seconds per phase.
  returned: success
  type: dict
  sample: {"stop": 6.1, "remove": 1.2}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._host import reset
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Machine


def argument_spec() -> dict[str, t.Any]:
    return {"datastore": {"type": "bool", "default": False}}


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    datastore = module.params["datastore"]
    run_module(module, lambda: reset.run(Machine(), datastore=datastore, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
