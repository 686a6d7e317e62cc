#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: velero_server
short_description: Run Velero on a cluster, with its storage location and schedule
version_added: "0.1.0"
description:
  - Writes Velero's objects itself; no C(velero) command is needed on any machine.
  - Velero's CustomResourceDefinitions come from the Velero image. An init container of the Deployment applies them
    before the server starts, so an upgrade changes them first.
  - Ends when the server runs and reports the storage location as C(Available).
  - The pod runs as non-root, with a read-only root file system and without capabilities.
author:
  - The mothership.hcp authors (@mothership-hcp)
extends_documentation_fragment:
  - mothership.hcp.attributes
  - mothership.hcp.kubernetes
  - mothership.hcp.s3
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  velero_namespace:
    description: Namespace of the Velero server.
    type: str
    default: velero
  image:
    description: Image of the Velero server.
    type: str
    default: docker.io/velero/velero:v1.18.3
  plugin_image:
    description: Image of Velero's plugin for S3. See Velero's table of plugin versions before you change one of both.
    type: str
    default: docker.io/velero/velero-plugin-for-aws:v1.14.3
  storage_location:
    description: Name of the BackupStorageLocation.
    type: str
    default: default
  location_config:
    description:
      - More keys for the C(config) of the BackupStorageLocation, such as C(checksumAlgorithm) or C(kmsKeyId).
      - They win over what this module sets (C(region), C(s3Url), C(s3ForcePathStyle)).
    type: dict
    default: {}
  read_only:
    description:
      - Make the storage location read-only and have no Schedule.
      - For a mothership that only restores the backups of another one.
    type: bool
    default: false
  namespaces:
    description: Namespaces that the Schedule backs up. Empty for no Schedule; an existing one is then removed.
    type: list
    elements: str
    default: []
  schedule:
    description: When to back up, as a cron expression in UTC. Empty for no Schedule; an existing one is then removed.
    type: str
    default: "0 */6 * * *"
  ttl:
    description: How long a backup is kept, as a Go duration.
    type: str
    default: 720h0m0s
  excluded_resources:
    description: Resources that no backup holds, because Kubernetes makes them anew.
    type: list
    elements: str
    default:
      - controllerrevisions.apps
      - endpoints
      - endpointslices.discovery.k8s.io
      - events
      - events.events.k8s.io
      - leases.coordination.k8s.io
      - pods
      - replicasets.apps
  resources:
    description: Requests and limits of each container of the pod.
    type: dict
    default: {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}
  wait:
    description:
      - Wait until the server runs and the storage location is C(Available).
      - With V(false) it is still waited for Velero's definitions, which the server's pod brings.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait at most.
    type: int
    default: 300
seealso:
  - module: mothership.hcp.s3_bucket_check
  - module: mothership.hcp.velero_backup
"""

EXAMPLES = r"""
- name: Run Velero on the mothership
  mothership.hcp.velero_server:
    kubeconfig: artifacts/mothership/kubeconfig
    s3_url: https://s3.example.com:9000
    s3_bucket: backups
    s3_prefix: mothership
    s3_access_key: velero
    s3_secret_key: "{{ vault_velero_s3_secret_key }}"
    s3_ca_certificate: "{{ lookup('ansible.builtin.file', 's3-ca.pem') }}"
    namespaces:
      - hcp-tenant-a
      - hcp-tenant-b
"""

RETURN = r"""
storage_location:
  description: The storage location as Velero sees it.
  returned: success
  type: dict
  sample: {"name": "default", "phase": "Available", "checked": "2026-11-22T14:45:00Z"}
timings:
  description: Seconds taken by each phase.
  returned: success
  type: dict
  sample: {"server": 6.2}
plan:
  description: What was changed, or would be.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "create", "target": "Deployment/velero/velero"}]
restarts:
  description: What restarts because of the changes.
  returned: success
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._backup.arguments import SERVER_ARGUMENTS
from ansible_collections.mothership.hcp.plugins.module_utils._backup.runner import run_server
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._kube.connect import KUBE_ARGUMENTS


def argument_spec() -> dict[str, t.Any]:
    return {**KUBE_ARGUMENTS, **SERVER_ARGUMENTS}


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    run_module(
        module,
        lambda: run_server(module.params, check_mode=module.check_mode, warn=module.warn),
        secrets=lambda: [module.params["s3_secret_key"]],
    )


if __name__ == "__main__":
    main()
