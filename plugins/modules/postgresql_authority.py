#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_authority
short_description: Give all database machines one certificate authority, and each a certificate
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - All database machines hold the same certificate authority in C(/etc/mothership-hcp/postgresql-ca), so that each can
    renew its own certificate when the others are away.
  - It takes three tasks, each on all machines before the next one begins. With O(state=described) each machine makes a
    key pair of its own to receive secrets with. With O(state=shared) the machine whose authority counts makes it where
    it is missing, takes the step of O(rotation), and seals it for each machine that differs. With O(state=received)
    those take it over, and each machine makes its certificate.
  - Only ciphertext leaves a machine (CMS with AES-256, for the receiver's key). Keys are in no result.
  - Machines that hold different authorities are refused. Two count as the same while one takes the place of the other.
  - With a single machine, M(mothership.hcp.postgresql_server) makes the authority and the certificate. There this
    module is needed for a rotation only, with O(state=shared) and without O(machines).
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
    description: Which of the three calls this is.
    type: str
    choices: [described, shared, received]
    required: true
  name:
    description: Name of this machine in O(machines) and O(sealed).
    type: str
    required: true
  machines:
    description:
      - What O(state=described) returned as RV(authority), by name of the machine, for all of them. For O(state=shared).
      - The first one makes the authority when nobody has it.
    type: dict
    default: {}
  rotation:
    description:
      - Step in which another authority takes the place of the present one. For O(state=shared). Steps that were taken
        are not repeated, and a rotation that stopped in between goes on.
      - V(begin) makes the next authority and trusts both. V(sign) lets the next one sign, V(finish) trusts the former
        one no longer. Whoever connects must know both before V(sign).
    type: str
    choices: ["", begin, sign, finish]
    default: ""
  sealed:
    description: What O(state=shared) returned as RV(sealed), of all machines together. For O(state=received).
    type: dict
    default: {}
  certificate_names:
    description:
      - IP addresses and names of this machine in its certificate C(/etc/mothership-hcp/postgresql-tls/server.crt), next
        to its host name, C(localhost) and C(mothership-database). For O(state=received).
      - Without any, there is no such certificate.
    type: list
    elements: str
    default: []
  certificate_renew_days:
    description: The certificate is renewed when fewer days are left. It is made for 730 days.
    type: int
    default: 30
  readers:
    description:
      - Users of the operating system for whom there is a copy of certificate, key and authority, in a folder of that
        name below C(/etc/mothership-hcp/postgresql-tls). A key can be read by its user only.
    type: list
    elements: str
    default: [postgres, etcd]
seealso:
  - module: mothership.hcp.postgresql_server
"""

EXAMPLES = r"""
- name: Ask all database machines
  mothership.hcp.postgresql_authority:
    state: described
    name: "{{ inventory_hostname }}"
  register: described

- name: Make the authority, or hand it over
  mothership.hcp.postgresql_authority:
    state: shared
    name: "{{ inventory_hostname }}"
    machines: "{{ dict(ansible_play_hosts | zip(described_by_all)) }}"
  vars:
    described_by_all: "{{ ansible_play_hosts | map('extract', hostvars, ['described', 'authority']) }}"
  register: shared

- name: Take it over, and make the certificate of the machine
  mothership.hcp.postgresql_authority:
    state: received
    name: "{{ inventory_hostname }}"
    sealed: "{{ ansible_play_hosts | map('extract', hostvars, ['shared', 'sealed']) | combine }}"
    certificate_names: ["{{ ansible_host }}"]
"""

RETURN = r"""
plan:
  description: What was, or would be, done.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "create", "target": "/etc/mothership-hcp/postgresql-ca/ca.crt"}]
restarts:
  description: Services that were restarted, or would be; always empty.
  returned: success
  type: list
  elements: str
  sample: []
authority:
  description: What the machine has, by fingerprint, and the certificate for which others seal what it may receive.
  returned: success
  type: dict
  contains:
    certificates:
      description: Those that are trusted. Two while a rotation is under way.
      type: list
      elements: str
    signer:
      description: The one that signs; empty when there is none.
      type: str
    next:
      description: The one that will sign; empty when no rotation has begun.
      type: str
    recipient:
      description: Certificate of the machine's key for receiving (PEM).
      type: str
sealed:
  description: For each machine that has to take it over, the authority as CMS message. In check mode, empty texts.
  returned: success
  type: dict
  sample: {}
ca_certificate:
  description: Certificates that clients have to trust (PEM). Null in check mode before the authority is made.
  returned: success
  type: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import authority_work, command
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.authority import Authority


def argument_spec() -> dict[str, t.Any]:
    return {
        "state": {"type": "str", "choices": ["described", "shared", "received"], "required": True},
        "name": {"type": "str", "required": True},
        "machines": {"type": "dict", "default": {}},
        "rotation": {"type": "str", "choices": ["", "begin", "sign", "finish"], "default": ""},
        "sealed": {"type": "dict", "default": {}},
        "certificate_names": {"type": "list", "elements": "str", "default": []},
        "certificate_renew_days": {"type": "int", "default": 30},
        "readers": {"type": "list", "elements": "str", "default": ["postgres", "etcd"]},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)

    def work() -> dict[str, t.Any]:
        options = authority_work.options_from(module.params)
        machine = authority_work.AuthorityMachine(command.run, Authority(command.run))
        return authority_work.ensure(options, machine, check_mode=module.check_mode)

    run_module(module, work)


if __name__ == "__main__":
    main()
