#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_member
short_description: Make a database machine a member of the etcd that decides which PostgreSQL leads
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Sets up Debian's etcd (C(/etc/default/etcd), C(etcd.service)). Clients and members use TLS, and both sides show a
    certificate of the database machines' authority, see M(mothership.hcp.postgresql_authority).
  - A new cluster starts on all machines at the same time. A machine that lost its data is put out of the cluster by way
    of a member that lives, taken in again, and starts without data.
  - A member restarts only when a setting asks for it, one at a time (a lock in etcd itself), and only while all others
    are healthy. Certificates are read again without a restart, authorities are not.
  - An etcd that somebody else set up is refused. The one that the package starts by itself is stopped; its data stays.
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
  state:
    description: With V(described), only tell whether this machine was a healthy member at some time.
    type: str
    choices: [present, described]
    default: present
  name:
    description: Which of O(members) this machine is.
    type: str
    required: true
  members:
    description: IP addresses by name, one or an odd number of them.
    type: dict
    required: true
  new_cluster:
    description:
      - Make a new cluster when no other member answers. Right only when RV(formed) is false on all machines.
      - Without it, a machine without data waits for the others in place of making a second cluster.
    type: bool
    default: false
  client_port:
    description: Port for clients.
    type: int
    default: 2379
  peer_port:
    description: Port for other members.
    type: int
    default: 2380
  quota_mebibytes:
    description: Greatest size of the data. Patroni needs less than one MiB.
    type: int
    default: 512
  heartbeat_interval:
    description: Milliseconds between two signs of life of the leader.
    type: int
    default: 250
  election_timeout:
    description: Milliseconds without a sign of life after which another leader is elected.
    type: int
    default: 2500
  tls_folder:
    description: Folder with C(server.crt), C(server.key) and C(ca.crt) that the user C(etcd) can read.
    type: str
    default: /etc/mothership-hcp/postgresql-tls/etcd
  timeout:
    description: Seconds to wait until this member is healthy, and for its turn to restart.
    type: int
    default: 120
seealso:
  - module: mothership.hcp.postgresql_authority
"""

EXAMPLES = r"""
- name: Ask whether there is a cluster
  mothership.hcp.etcd_member:
    state: described
    name: "{{ inventory_hostname }}"
    members: {db1: 192.0.2.21, db2: 192.0.2.22, db3: 192.0.2.23}
  register: described

- name: Run it
  mothership.hcp.etcd_member:
    name: "{{ inventory_hostname }}"
    members: {db1: 192.0.2.21, db2: 192.0.2.22, db3: 192.0.2.23}
    new_cluster: "{{ ansible_play_hosts | map('extract', hostvars, ['described', 'formed']) | select | length == 0 }}"
"""

RETURN = r"""
plan:
  description: What was, or would be, done.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "update", "target": "/etc/default/etcd"}]
restarts:
  description: Services that were restarted, or would be.
  returned: success
  type: list
  elements: str
  sample: ["etcd.service"]
formed:
  description: Whether this machine was a healthy member at some time.
  returned: success
  type: bool
endpoints:
  description: URLs for clients, of all members.
  returned: success
  type: list
  elements: str
  sample: ["https://192.0.2.21:2379"]
health:
  description: Which members answered at the end; empty with O(state=described).
  returned: success
  type: dict
  sample: {"db1": true, "db2": true, "db3": true}
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import command, etcd_member
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.etcd_machine import EtcdMachine
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.etcd_settings import Settings


def argument_spec() -> dict[str, t.Any]:
    return {
        "state": {"type": "str", "choices": ["present", "described"], "default": "present"},
        "name": {"type": "str", "required": True},
        "members": {"type": "dict", "required": True},
        "new_cluster": {"type": "bool", "default": False},
        "client_port": {"type": "int", "default": 2379},
        "peer_port": {"type": "int", "default": 2380},
        "quota_mebibytes": {"type": "int", "default": 512},
        "heartbeat_interval": {"type": "int", "default": 250},
        "election_timeout": {"type": "int", "default": 2500},
        "tls_folder": {"type": "str", "default": "/etc/mothership-hcp/postgresql-tls/etcd"},
        "timeout": {"type": "int", "default": 120},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    how = {name: module.params[name] for name in ("new_cluster", "timeout")}

    def work() -> dict[str, t.Any]:
        settings = Settings.from_options(module.params)
        # root's own copy, next to that of the user etcd.
        machine = EtcdMachine(command.run, Progress(), os.path.dirname(settings.tls_folder))
        if module.params["state"] == "described":
            return etcd_member.describe(settings, machine)
        return etcd_member.ensure(settings, machine, check_mode=module.check_mode, **how)

    run_module(module, work)


if __name__ == "__main__":
    main()
