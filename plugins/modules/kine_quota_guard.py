#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kine_quota_guard
short_description: Keep databases of hosted clusters within their quota
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Installs a service on the database machine that measures the databases of hosted clusters every few seconds. It
    works on the primary and sleeps on standbys, so it belongs on every machine.
  - A quota is the setting C(mothership.quota_bytes) of a database; M(mothership.hcp.kine_database) sets it.
  - Used space is the size of the database without the space that vacuum has found to be free again.
  - From O(warn_percent) of the quota on, it warns. From 100 % on, new objects are refused with an error that the client
    gets, and changes are slowed down. From O(freeze_percent) on, changes are refused as well, except small leases.
    Reading, deleting and compaction always go on. Below O(resume_percent) everything is as before.
  - When less than O(min_free_percent) of the file system is free, new objects of the database that grew most in the
    last five minutes are refused, with or without quota, until 2 % more are free.
  - Where C(mothership.write_bytes_per_second) is set for a database, a row over 16 KiB waits until its turn has come.
  - In each database with a quota or such a rate, the guard keeps a schema C(mothership) and a trigger on the table
    C(kine).
  - With O(state=absent), service, files and triggers go.
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
    description: Whether the guard is to be there.
    type: str
    choices: [present, absent]
    default: present
  interval:
    description: Seconds between two looks, 1 to 60. A flood may go over its quota by what it writes in that time.
    type: float
    default: 5
  warn_percent:
    description: Percent of the quota from which on it warns.
    type: float
    default: 80
  resume_percent:
    description: Percent of the quota below which a refusal ends.
    type: float
    default: 90
  freeze_percent:
    description: Percent of the quota from which on changes are refused too.
    type: float
    default: 110
  min_free_percent:
    description: Percent of the file system that stay free; V(0) for no such limit.
    type: float
    default: 5
  port:
    description: Port of the server; it is part of the socket's name.
    type: int
    default: 5432
  socket_directory:
    description: Folder of the server's socket.
    type: path
    default: /var/run/postgresql
  os_user:
    description: Operating system user that may connect as C(postgres); the service runs as this user.
    type: str
    default: postgres
"""

EXAMPLES = r"""
- name: Keep quotas
  mothership.hcp.kine_quota_guard:
  become: true

- name: Keep no quotas any more
  mothership.hcp.kine_quota_guard:
    state: absent
  become: true
"""

RETURN = r"""
plan:
  description: What was, or would be, done.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "create", "target": "/etc/mothership-hcp/quota-guard.json"}]
restarts:
  description: Names of services that were, or would be, restarted.
  returned: success
  type: list
  elements: str
  sample: ["mothership-quota-guard"]
service:
  description: Name of the service.
  returned: success
  type: str
  sample: mothership-quota-guard
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import quota


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "interval": {"type": "float", "default": 5},
        "warn_percent": {"type": "float", "default": 80},
        "resume_percent": {"type": "float", "default": 90},
        "freeze_percent": {"type": "float", "default": 110},
        "min_free_percent": {"type": "float", "default": 5},
        "port": {"type": "int", "default": 5432},
        "socket_directory": {"type": "path", "default": "/var/run/postgresql"},
        "os_user": {"type": "str", "default": "postgres"},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    run_module(module, lambda: quota.ensure(module.params, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
