#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_settings
short_description: Change the settings of a PostgreSQL server on several machines
version_added: "0.1.0"
description:
  - Compares the settings that Patroni keeps in etcd with what they should be and changes what differs.
  - Machines on which a setting waits for a restart are restarted one at a time, replicas first, the primary last. The
    next one follows when there is a primary and a replica that writes wait for.
  - It makes the server strict, so that a write is acknowledged only after a second machine has it. Run it once, on any
    machine of the server, after M(mothership.hcp.patroni_member).
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
seealso:
  - module: mothership.hcp.patroni_member
"""

EXAMPLES = r"""
- name: Settings of the server
  mothership.hcp.patroni_settings:
    name: "{{ inventory_hostname }}"
    members: {db1: 10.77.0.21, db2: 10.77.0.22, db3: 10.77.0.23}
    etcd_endpoints: ["https://10.77.0.21:2379", "https://10.77.0.22:2379", "https://10.77.0.23:2379"]
    allowed_networks: [10.77.0.11/32]
    max_connections: 400
  run_once: true
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
  description: The machines whose PostgreSQL was restarted, or would be as far as it is known.
  returned: success
  type: list
  elements: str
  sample: []
settings:
  description: The settings as they should be.
  returned: success
  type: dict
  sample: {"ttl": 15, "loop_wait": 5, "synchronous_mode": true}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import patroni_options
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_api import PatroniApi
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_settings import SharedSettings


def argument_spec() -> dict[str, t.Any]:
    return patroni_options.argument_spec()


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)

    def work() -> dict[str, t.Any]:
        cluster = patroni_options.cluster_from(module.params)
        settings = SharedSettings(cluster, PatroniApi(cluster.tls, cluster.health_port), Progress())
        return settings.ensure(check_mode=module.check_mode, timeout=module.params["timeout"])

    run_module(module, work)


if __name__ == "__main__":
    main()
