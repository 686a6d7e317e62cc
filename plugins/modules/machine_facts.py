#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: machine_facts
short_description: Gather what the collection needs to know about a machine
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Reads operating system, architecture, resources, addresses, ports, kernel, services and the state of kubeadm in one
    go. Faster than gathering all facts, and nothing is changed.
extends_documentation_fragment:
  - mothership.hcp.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
  idempotent:
    support: full
options: {}
"""

EXAMPLES = r"""
- name: Look at the machine
  mothership.hcp.machine_facts:
  register: machine
"""

RETURN = r"""
machine:
  description: The facts. Sizes are in bytes, RV(machine.time) is in seconds since 1970.
  returned: success
  type: dict
  contains:
    hostname: {description: Name of the machine., type: str, returned: success}
    machine_id: {description: Content of C(/etc/machine-id)., type: str, returned: success}
    os: {description: C(id) C(version) C(codename) and C(name) of the operating system., type: dict, returned: success}
    python: {description: Version of Python., type: str, returned: success}
    kernel: {description: Release of the kernel., type: str, returned: success}
    architecture: {description: Architecture as Kubernetes names it., type: str, returned: success}
    cpus: {description: Number of processors., type: int, returned: success}
    memory: {description: Memory of the machine., type: int, returned: success}
    memory_available: {description: Memory that programs can still have., type: int, returned: success}
    swap: {description: Size of swap space., type: int, returned: success}
    cgroup_version: {description: Version 1 or 2., type: int, returned: success}
    disk_free: {description: Free bytes by folder., type: dict, returned: success}
    addresses: {description: Addresses of global scope., type: list, elements: str, returned: success}
    listening_ports: {description: TCP ports on which something listens., type: list, elements: int, returned: success}
    time: {description: Time of the machine's clock., type: float, returned: success}
    kernel_modules: {description: Whether modules are there by name., type: dict, returned: success}
    sysctls: {description: Kernel settings by name., type: dict, returned: success}
    units: {description: State of services by name., type: dict, returned: success}
    programs: {description: Whether programs are installed by name., type: dict, returned: success}
    versions: {description: Versions of kubelet and containerd or null., type: dict, returned: success}
    kubeadm: {description: Whether it is C(initialised) or C(joined) or C(interrupted)., type: dict, returned: success}
    systemd: {description: Whether systemd runs the machine., type: bool, returned: success}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._host import facts
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Machine


def argument_spec() -> dict[str, t.Any]:
    return {}


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    run_module(module, lambda: {"changed": False, "machine": facts.gather(Machine())})


if __name__ == "__main__":
    main()
