#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_node
short_description: Make a machine ready for kubeadm
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Writes the configuration of containerd, kubelet and the pod network, loads kernel modules, sets kernel settings,
    starts the services and imports container images.
  - A service restarts only when its program, its unit or its configuration changed since it was last started.
  - The programs must be on the machine, see M(mothership.hcp.bundle_install).
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
  sandbox_image:
    description: Reference of the image that holds the namespaces of a pod, with its tag.
    type: str
    required: true
  images:
    description: Images that containerd must have; RV(mothership.hcp.bundle_install#module:images) has this form.
    type: list
    elements: dict
    default: []
    suboptions:
      reference:
        description: Full reference with tag.
        type: str
        required: true
      digest:
        description:
          - Digest of the manifest. An image with another digest is replaced.
          - Empty, any image of that reference will do.
        type: str
        default: ""
      file:
        description: OCI archive on the machine.
        type: path
        required: true
  install_packages:
    description:
      - Install missing packages of the operating system with C(apt-get).
      - With V(false), fail and name them.
    type: bool
    default: true
  restrict_oom_score_adj:
    description:
      - Do not lower the OOM score of processes.
      - Needed on machines without the capability CAP_SYS_RESOURCE, such as containers.
    type: bool
    default: false
  binaries:
    description: Folder of containerd, kubelet and kubeadm.
    type: path
    default: /usr/local/bin
  cni_binaries:
    description: Folder of the CNI plugins.
    type: path
    default: /opt/cni/bin
  timeout:
    description: Seconds to wait for containerd.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Make the machine a Kubernetes node
  mothership.hcp.kubernetes_node:
    sandbox_image: registry.k8s.io/pause:3.10.2
    images: "{{ installed.images }}"
"""

RETURN = r"""
plan:
  description: What was, or would be, done.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "create", "target": "/etc/containerd/config.toml"}]
restarts:
  description: Names of services that were, or would be, restarted.
  returned: success
  type: list
  elements: str
  sample: [containerd]
notices:
  description: What the kernel of this machine does not offer.
  returned: success
  type: list
  elements: str
  sample: []
timings:
  description: Seconds per phase.
  returned: success
  type: dict
  sample: {"services": 1.1, "images": 12.5}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._host import kubernetes_node
from ansible_collections.mothership.hcp.plugins.module_utils._host.images import Image
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Machine
from ansible_collections.mothership.hcp.plugins.module_utils._host.node_files import NodeSettings


def argument_spec() -> dict[str, t.Any]:
    image = {
        "reference": {"type": "str", "required": True},
        "digest": {"type": "str", "default": ""},
        "file": {"type": "path", "required": True},
    }
    return {
        "sandbox_image": {"type": "str", "required": True},
        "images": {"type": "list", "elements": "dict", "default": [], "options": image},
        "install_packages": {"type": "bool", "default": True},
        "restrict_oom_score_adj": {"type": "bool", "default": False},
        "binaries": {"type": "path", "default": "/usr/local/bin"},
        "cni_binaries": {"type": "path", "default": "/opt/cni/bin"},
        "timeout": {"type": "int", "default": 60},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    options = dict(module.params)
    images = [Image(**image) for image in options.pop("images")]
    how = {name: options.pop(name) for name in ("timeout", "install_packages")}
    settings = NodeSettings(**options)
    machine = Machine()
    run_module(
        module,
        lambda: kubernetes_node.run(machine, settings, images, check_mode=module.check_mode, **how),
    )


if __name__ == "__main__":
    main()
