#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_member
short_description: Make a machine a member of a PostgreSQL server on several machines
version_added: "0.1.0"
description:
  - Writes Patroni's configuration, takes an existing PostgreSQL of the machine over, starts Patroni and waits until
    PostgreSQL leads or streams from the leader. Packages, certificates
    (M(mothership.hcp.postgresql_authority)) and etcd (M(mothership.hcp.etcd_member)) have to be there.
  - Databases that are there are kept. Patroni never makes a database cluster by itself. The machine that holds the
    databases leads first, the others copy it. Where no machine holds any, the first of O(members) makes an empty one,
    provided that all machines could be asked.
  - It is refused when two machines hold different databases.
  - Machines log in to each other by certificate, the administrator over the local socket, tenants with TLS and
    SCRAM-SHA-256. There are no passwords of machines.
  - C(https://ADDRESS:8008/patroni) tells the health of a machine. C(/primary) answers 200 on the primary only.
author:
  - The mothership.hcp authors (@mothership-hcp)
extends_documentation_fragment:
  - mothership.hcp.attributes
  - mothership.hcp.patroni
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - V(leading) makes sure that one machine leads. It acts on at most one of the machines.
      - V(following) makes this machine a running member. It comes after V(leading) has run on all machines.
    type: str
    choices: [leading, following]
    required: true
  found:
    description:
      - For each machine that could be asked what C(data) of M(mothership.hcp.postgresql_info) said.
    type: dict
    required: true
seealso:
  - module: mothership.hcp.patroni_settings
  - module: mothership.hcp.postgresql_info
"""

EXAMPLES = r"""
- name: Look at the data of each machine
  mothership.hcp.postgresql_info:
  register: looked

- name: Have a leader
  mothership.hcp.patroni_member:
    state: leading
    name: "{{ inventory_hostname }}"
    members: {db1: 10.77.0.21, db2: 10.77.0.22, db3: 10.77.0.23}
    found: "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, ['looked', 'data']))) }}"
    etcd_endpoints: ["https://10.77.0.21:2379", "https://10.77.0.22:2379", "https://10.77.0.23:2379"]
    allowed_networks: [10.77.0.11/32]
"""

RETURN = r"""
plan:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {action: create, target: /etc/patroni/config.yml}
    - {action: update, target: patroni.service started}
restarts:
  description: Always empty. Restarts are the task of M(mothership.hcp.patroni_settings).
  returned: success
  type: list
  elements: str
  sample: []
leader:
  description: Name of the machine that leads; null when there is none.
  returned: success
  type: str
  sample: db1
health_url:
  description: Where this machine tells its health.
  returned: success
  type: str
  sample: https://10.77.0.21:8008/patroni
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import command, data_folder, patroni_options
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_api import PatroniApi
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_machine import MemberMachine
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_member import Membership


def argument_spec() -> dict[str, t.Any]:
    return {
        **patroni_options.argument_spec(),
        "state": {"type": "str", "choices": ["leading", "following"], "required": True},
        "found": {"type": "dict", "required": True},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)

    def work() -> dict[str, t.Any]:
        cluster, progress = patroni_options.cluster_from(module.params), Progress()
        found = {name: data_folder.from_result(data) for name, data in module.params["found"].items()}
        machine, api = MemberMachine(cluster, command.run, progress), PatroniApi(cluster.tls, cluster.health_port)
        membership = Membership(cluster, machine, api, progress, found=found)
        act = membership.lead if module.params["state"] == "leading" else membership.follow
        return act(check_mode=module.check_mode, timeout=module.params["timeout"])

    run_module(module, work)


if __name__ == "__main__":
    main()
