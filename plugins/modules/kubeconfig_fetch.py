#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeconfig_fetch
short_description: Copy a kubeconfig from a machine to the controller
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Copies the file with mode C(0600), in one step, and only if it differs.
  - The content is in no result and no output, at any verbosity; the difference shows fingerprints.
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
  src:
    description: File on the machine.
    type: str
    default: /etc/kubernetes/admin.conf
  dest:
    description: File on the controller. Folders that are missing are made for the user alone.
    type: path
    required: true
  server:
    description:
      - URL that replaces the server of the kubeconfig's clusters. The file of k0s names its own machine only.
      - Empty, the file is copied as it is.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Get the mothership's kubeconfig
  mothership.hcp.kubeconfig_fetch:
    dest: "{{ mothership_kubeconfig }}"

- name: Get the kubeconfig of a mothership on k0s
  mothership.hcp.kubeconfig_fetch:
    src: /var/lib/k0s/pki/admin.conf
    server: https://10.77.0.11:6443
    dest: "{{ mothership_kubeconfig }}"
"""

RETURN = r"""
dest:
  description: The file on the controller.
  returned: success
  type: str
  sample: /home/me/artifacts/mothership/kubeconfig
plan:
  description: What was, or would be, done.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "create", "target": "/home/me/artifacts/mothership/kubeconfig"}]
restarts:
  description: Names of services that were, or would be, restarted; always empty.
  returned: success
  type: list
  elements: str
  sample: []
"""
