# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How a module reaches the API of a Kubernetes cluster; see C(_kube/connect.py)."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of the kubeconfig of the cluster to work on.
      - Without it, E(K8S_AUTH_KUBECONFIG) is used, then the first file of E(KUBECONFIG), then C(~/.kube/config).
      - In check mode the file need not exist yet, and its API server need not answer.
        The plan then assumes a cluster without any object.
    type: path
  context:
    description:
      - Name of the context in the kubeconfig.
      - Without it, E(K8S_AUTH_CONTEXT) is used, then the kubeconfig's current context.
    type: str
requirements:
  - kubernetes >= 31 (Python package, on the machine that runs the module)
  - PyYAML
"""
