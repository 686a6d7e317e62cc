#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_server
short_description: Set up a PostgreSQL server for the databases of hosted clusters
version_added: "0.1.0"
description:
  - Brings the PostgreSQL of a Debian machine to the state that hosted control planes need. It makes the database
    cluster C(main) where it is missing, a certificate authority on that machine, the server's certificate,
    C(conf.d/mothership.conf) and C(pg_hba.conf), and enables and starts the service.
  - The packages have to be there already. The role P(mothership.hcp.postgresql#role) installs them.
  - Changed files are reloaded. The server is restarted only when a setting asks for it
    (C(pending_restart) in C(pg_settings)).
  - Only roles that are members of C(hcp_tenants) may connect over the network, with TLS and SCRAM-SHA-256, each to the
    database of its own name. Everybody else is rejected. The role C(postgres) is admitted over the local socket only.
  - The key of the certificate authority stays on the machine, in C(/etc/mothership-hcp/postgresql-ca/), readable by
    C(root) only. The server's certificate is renewed when its names change or less than 30 days are left.
  - Statement parameters and error details are kept out of the server's log, because they hold Kubernetes objects,
    Secrets among them.
author:
  - The mothership.hcp authors (@mothership-hcp)
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
  version:
    description:
      - Major version of PostgreSQL.
    type: str
    default: "15"
  address:
    description:
      - IP address or name at which hosted control planes reach the server. It becomes a name in the server's
        certificate, next to the host name and C(localhost).
    type: str
    required: true
  subject_alternative_names:
    description:
      - More IP addresses and names for the server's certificate, such as that of a floating address.
    type: list
    elements: str
    default: []
  port:
    description:
      - TCP port.
    type: int
    default: 5432
  listen_addresses:
    description:
      - Addresses to listen on.
    type: list
    elements: str
    default: ["*"]
  max_connections:
    description:
      - Greatest number of connections. Five of them are kept for administrators.
    type: int
    default: 200
  allowed_networks:
    description:
      - Networks and addresses from which tenants may connect, such as V(10.1.0.0/16).
    type: list
    elements: str
    required: true
  settings:
    description:
      - More settings of the server, laid over those of the collection. Settings that decide who may connect, and those
        with an option of their own, are refused.
      - The collection sizes C(shared_buffers) at a quarter of the memory, between 128 MB and 2 GB.
    type: dict
    default: {}
  certificate_renew_days:
    description:
      - The server's certificate is renewed when fewer days are left. It is made for 730 days.
    type: int
    default: 30
seealso:
  - module: mothership.hcp.kine_database
"""

EXAMPLES = r"""
- name: Set up PostgreSQL for hosted clusters
  mothership.hcp.postgresql_server:
    address: 10.77.0.21
    allowed_networks:
      - 10.77.0.11/32
    max_connections: 400
    settings:
      max_wal_size: 8GB
  register: postgresql
"""

RETURN = r"""
plan:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: One of V(create), V(update), V(restart) and V(run).
      type: str
    target:
      description: What it is about.
      type: str
  sample:
    - {action: update, target: /etc/postgresql/15/main/conf.d/mothership.conf}
    - {action: run, target: postgresql@15-main.service reload}
restarts:
  description: Services that were restarted, or would be.
  returned: success
  type: list
  elements: str
  sample: ["postgresql@15-main.service"]
ca_certificate:
  description:
    - Certificate of the authority that signed the server's certificate (PEM). Null in check mode before it is made.
  returned: success
  type: str
address:
  description: The address given.
  returned: success
  type: str
  sample: 10.77.0.21
port:
  description: The port given.
  returned: success
  type: int
  sample: 5432
version:
  description: The major version given.
  returned: success
  type: str
  sample: "15"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import command, server
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.server_machine import Layout, ServerMachine


def argument_spec() -> dict[str, dict[str, object]]:
    return {
        "version": {"type": "str", "default": "15"},
        "address": {"type": "str", "required": True},
        "subject_alternative_names": {"type": "list", "elements": "str", "default": []},
        "port": {"type": "int", "default": 5432},
        "listen_addresses": {"type": "list", "elements": "str", "default": ["*"]},
        "max_connections": {"type": "int", "default": 200},
        "allowed_networks": {"type": "list", "elements": "str", "required": True},
        "settings": {"type": "dict", "default": {}},
        "certificate_renew_days": {"type": "int", "default": 30},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)

    def work() -> dict[str, object]:
        options = server.options_from(module.params)
        machine = ServerMachine(
            Layout(options.version), command.run, Progress(), renew_days=module.params["certificate_renew_days"]
        )
        return server.ensure(options, machine, check_mode=module.check_mode, warn=module.warn)

    run_module(module, work)


if __name__ == "__main__":
    main()
