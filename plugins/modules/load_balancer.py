#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: load_balancer
short_description: Put HAProxy and a virtual address in front of the mothership
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Passes TCP connections on to the machines of the mothership with HAProxy. TLS ends there, not here, and servers see
    the address of this machine in place of the client's.
  - A client of the API stays on one server as long as that is up. Connections of konnectivity go to all in turn.
  - An API server is up when it answers C(/readyz) with 200, or with 401 or 403, which it does where anonymous clients
    may not ask. The join API of k0s is up when it does TLS, konnectivity when it accepts a connection.
  - With O(virtual_address), keepalived gives this address to one of O(machines). They talk to each other by unicast.
    The address moves when a machine or its HAProxy fails, and stays where it is when they come back.
  - Each new configuration is read by C(haproxy -c) and C(keepalived --config-test) before it replaces the old one.
    A running service is reloaded, so that connections stay.
  - C(/etc/haproxy/haproxy.cfg) and C(/etc/keepalived/keepalived.conf) are written whole. Those that somebody else wrote
    and uses are refused.
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
  name:
    description: Which of O(machines) this machine is.
    type: str
    required: true
  machines:
    description:
      - All load balancers, address by name. They need IP addresses when there is a virtual address.
      - The first one by name begins with the virtual address.
    type: dict
    required: true
  servers:
    description: Machines of the mothership's control plane, address by name.
    type: dict
    required: true
  distribution:
    description: How the mothership is made. With V(k0s), O(k0s_api_port) and O(konnectivity_port) are passed on too.
    type: str
    choices: [kubeadm, k0s]
    default: kubeadm
  api_port:
    description: Port of the API, here and on the servers.
    type: int
    default: 6443
  k0s_api_port:
    description: Port at which further controllers of k0s join; V(0) for none.
    type: int
    default: 9443
  konnectivity_port:
    description: Port for agents of konnectivity; V(0) for none.
    type: int
    default: 8132
  node_ports:
    description:
      - Range of node ports that is passed on to O(node_port_servers), port by port. Hosted clusters are reached there.
      - Empty for none.
    type: str
    default: 30000-32767
  node_port_servers:
    description:
      - Machines of the mothership with kube-proxy, address by name. Without any, O(node_ports) is not passed on.
    type: dict
    default: {}
  node_port_health_port:
    description: Port at which kube-proxy of O(node_port_servers) answers C(/healthz).
    type: int
    default: 10256
  virtual_address:
    description: IP address that moves between O(machines). Empty for none.
    type: str
    default: ""
  virtual_router_id:
    description: Number of the virtual address, from 1 to 255. Each one of a network needs its own.
    type: int
    default: 51
  interface:
    description:
      - Interface of this machine that gets the virtual address.
      - Empty for the one through which the address is reached. With IPv6 it has to be given.
    type: str
    default: ""
  max_connections:
    description: Greatest number of connections. Each one needs two open files, and each port one.
    type: int
    default: 4000
  ipv6:
    description: Listen on IPv6 too.
    type: bool
    default: false
  install_packages:
    description:
      - Install missing packages (haproxy, keepalived) with C(apt-get).
      - With V(false), fail and name them. In check mode an earlier task of the same run is supposed to bring them.
    type: bool
    default: true
  timeout:
    description: Seconds to wait until HAProxy runs with a new configuration.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Two load balancers with one address
  mothership.hcp.load_balancer:
    name: "{{ inventory_hostname }}"
    machines:
      lb-1: 192.0.2.5
      lb-2: 192.0.2.6
    servers:
      mothership-1: 192.0.2.11
      mothership-2: 192.0.2.12
      mothership-3: 192.0.2.13
    distribution: k0s
    virtual_address: 192.0.2.10
"""

RETURN = r"""
plan:
  description: What was, or would be, done.
  returned: success
  type: list
  elements: dict
  sample:
    - {"action": "update", "target": "/etc/haproxy/haproxy.cfg"}
    - {"action": "run", "target": "haproxy.service reload"}
restarts:
  description: Names of services that were, or would be, restarted. Always empty, as services are reloaded.
  returned: success
  type: list
  elements: str
  sample: []
virtual_address:
  description: The virtual address and its interface on this machine; null when there is none.
  returned: success
  type: dict
  sample: {"address": "192.0.2.10", "interface": "eth0"}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._host import load_balancer
from ansible_collections.mothership.hcp.plugins.module_utils._host.load_balancer_settings import Settings
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Machine


def argument_spec() -> dict[str, t.Any]:
    return {
        "name": {"type": "str", "required": True},
        "machines": {"type": "dict", "required": True},
        "servers": {"type": "dict", "required": True},
        "distribution": {"type": "str", "choices": ["kubeadm", "k0s"], "default": "kubeadm"},
        "api_port": {"type": "int", "default": 6443},
        "k0s_api_port": {"type": "int", "default": 9443},
        "konnectivity_port": {"type": "int", "default": 8132},
        "node_ports": {"type": "str", "default": "30000-32767"},
        "node_port_servers": {"type": "dict", "default": {}},
        "node_port_health_port": {"type": "int", "default": 10256},
        "virtual_address": {"type": "str", "default": ""},
        "virtual_router_id": {"type": "int", "default": 51},
        "interface": {"type": "str", "default": ""},
        "max_connections": {"type": "int", "default": 4000},
        "ipv6": {"type": "bool", "default": False},
        "install_packages": {"type": "bool", "default": True},
        "timeout": {"type": "int", "default": 30},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    how = {name: module.params[name] for name in ("install_packages", "timeout")}

    def work() -> dict[str, t.Any]:
        settings = Settings.from_options(module.params)
        return load_balancer.run(Machine(), settings, check_mode=module.check_mode, **how)

    run_module(module, work)


if __name__ == "__main__":
    main()
