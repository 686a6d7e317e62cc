#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: k0s_node
short_description: Make a machine ready for k0s
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Checks the k0s binary that M(mothership.hcp.bundle_install) has staged, installs packages of the operating system,
    loads kernel modules, sets kernel settings, writes the configuration of containerd and of the pod network, and puts
    container images where k0s imports them.
  - Starts nothing, see M(mothership.hcp.k0s_controller) and M(mothership.hcp.k0s_worker).
  - A k0s binary without payload finds kubelet, containerd and the programs of the control plane on the search path.
    They come from the same bundle.
  - In check mode on a machine without the binary, one without payload is assumed.
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
      - Version that the binary must have, such as V(1.36.3+k0s.2).
      - Without the part after the plus, such as V(1.36.3), any release of k0s of that Kubernetes version will do.
    type: str
    required: true
  control_plane:
    description: The machine runs a controller that has a worker in it. Else it is a worker.
    type: bool
    default: false
  pod_network:
    description: Write the configuration by which pods get their network from flannel.
    type: bool
    default: true
  images:
    description: Images that k0s must have; RV(mothership.hcp.bundle_install#module:images) has this form.
    type: list
    elements: dict
    default: []
    suboptions:
      reference:
        description: Full reference with tag.
        type: str
        required: true
      digest:
        description: Digest of the manifest. An archive with another digest is imported again.
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
"""

EXAMPLES = r"""
- name: Make the machine fit for a k0s worker
  mothership.hcp.k0s_node:
    version: 1.36.3+k0s.2
    images: "{{ installed.images }}"
"""

RETURN = r"""
plan:
  description: What was, or would be, done.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "create", "target": "/etc/k0s/containerd.d/mothership-hcp.toml"}]
restarts:
  description: Names of services that were, or would be, restarted.
  returned: success
  type: list
  elements: str
  sample: []
version:
  description: Version of the staged binary.
  returned: success
  type: str
  sample: 1.36.3+k0s.2
payload:
  description: Whether the binary brings all other programs with it.
  returned: success
  type: bool
  sample: false
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
  sample: {"packages": 4.2, "files": 0.1}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._host import k0s_node
from ansible_collections.mothership.hcp.plugins.module_utils._host.images import Image
from ansible_collections.mothership.hcp.plugins.module_utils._host.k0s_node import K0sNodeSettings
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Machine


def argument_spec() -> dict[str, t.Any]:
    image = {
        "reference": {"type": "str", "required": True},
        "digest": {"type": "str", "default": ""},
        "file": {"type": "path", "required": True},
    }
    return {
        "version": {"type": "str", "required": True},
        "control_plane": {"type": "bool", "default": False},
        "pod_network": {"type": "bool", "default": True},
        "images": {"type": "list", "elements": "dict", "default": [], "options": image},
        "install_packages": {"type": "bool", "default": True},
        "restrict_oom_score_adj": {"type": "bool", "default": False},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    options = dict(module.params)
    images = [Image(**image) for image in options.pop("images")]
    install_packages = options.pop("install_packages")
    settings = K0sNodeSettings(**options)
    machine = Machine()
    run_module(
        module,
        lambda: k0s_node.run(
            machine, settings, images, install_packages=install_packages, check_mode=module.check_mode
        ),
    )


if __name__ == "__main__":
    main()
