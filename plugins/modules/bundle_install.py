#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bundle_install
short_description: Install programs, images and packages of a bundle on a machine
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Reads a bundle on the controller, checks the files asked for against the SHA-256 sums of its manifest, and sends to
    the machine only those that it does not have.
  - The machine checks the sums again and puts each file in its place in one step, so that a program that runs can be
    replaced.
  - Nothing is downloaded. The page C(docs/bundle.md) says how a bundle is made.
  - This is an action plugin with a module of the same name.
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
  bundle:
    description: Folder of the bundle on the controller; it holds C(manifest.json).
    type: path
    required: true
  binaries:
    description: Names of programs.
    type: list
    elements: str
    default: []
  optional_binaries:
    description: Names of programs that are installed when the bundle has them.
    type: list
    elements: str
    default: []
  cni_plugins:
    description: Whether all CNI plugins of the bundle are installed.
    type: bool
    default: false
  images:
    description:
      - References of container images, with a tag, or without one for every tag that the bundle has.
      - They are kept on the machine as OCI archives; M(mothership.hcp.kubernetes_node) imports them.
    type: list
    elements: str
    default: []
  package_sets:
    description:
      - Names of sets of operating system packages.
      - A package that is installed in that version or a newer one is left alone.
    type: list
    elements: str
    default: []
  destination:
    description: Folder for the programs.
    type: path
    default: /usr/local/bin
  cni_destination:
    description: Folder for the CNI plugins.
    type: path
    default: /opt/cni/bin
  request:
    description:
      - What the action plugin asks of the module on the machine.
      - It is not for tasks, they are refused when they set it.
    type: dict
"""

EXAMPLES = r"""
- name: Install what a worker needs
  mothership.hcp.bundle_install:
    bundle: "{{ mothership_bundle }}"
    binaries: [containerd, containerd-shim-runc-v2, ctr, kubeadm, kubelet]
    cni_plugins: true
    images:
      - registry.k8s.io/pause
      - registry.k8s.io/kube-proxy:v1.36.3
  register: installed
"""

RETURN = r"""
plan:
  description: What was, or would be, done.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "create", "target": "/usr/local/bin/kubelet"}]
restarts:
  description: Names of services that restart; always empty, other modules restart them.
  returned: success
  type: list
  elements: str
  sample: []
components:
  description: Versions of the bundle's components.
  returned: success
  type: dict
  sample: {"kubernetes": "1.36.3", "pause": "3.10.2"}
images:
  description: The images asked for, in the form of option O(mothership.hcp.kubernetes_node#module:images).
  returned: success
  type: list
  elements: dict
  sample:
    - reference: registry.k8s.io/pause:3.10.2
      digest: sha256:0a1b
      file: /var/lib/mothership-hcp/images/pause-3.10.2.tar
sent_bytes:
  description: Bytes that were, or would be, sent.
  returned: success
  type: int
  sample: 61284352
timings:
  description: Seconds per phase.
  returned: success
  type: dict
  sample: {"verify": 0.4, "send": 3.1, "install": 1.2}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._host import bundle_target
from ansible_collections.mothership.hcp.plugins.module_utils._host.bundle_options import bundle_options
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Machine


def argument_spec() -> dict[str, t.Any]:
    """The options; the action plugin takes all but C(request)."""
    return {**bundle_options(), "request": {"type": "dict"}}


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    request = module.params["request"] or {}
    run_module(module, lambda: bundle_target.answer(Machine(), request, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
