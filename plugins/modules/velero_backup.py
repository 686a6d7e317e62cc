#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: velero_backup
short_description: Back up namespaces with Velero and prove the backup readable
version_added: "0.1.0"
description:
  - Makes a Backup, waits for its end and reports what it holds. A backup that is not C(Completed) is an error, with
    Velero's reasons.
  - Nothing is done when a C(Completed) backup of the same content is young enough. The content is a hash of the names
    and data of all Secrets and ConfigMaps in O(namespaces), together with the options that decide what is backed up.
    It is kept as label C(mothership.hcp/content) of the Backup.
  - With O(verify=true) the backup is read from the bucket to its end, and its Secrets and ConfigMaps are compared
    with those of the cluster. A Secret that changed while the backup ran makes the task fail.
  - Works with any Velero; M(mothership.hcp.velero_server) installs one.
author:
  - The mothership.hcp authors (@mothership-hcp)
requirements:
  - boto3 >= 1.34, with O(verify=true)
extends_documentation_fragment:
  - mothership.hcp.attributes
  - mothership.hcp.kubernetes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  namespaces:
    description: Namespaces to back up; at least one.
    type: list
    elements: str
    required: true
  name:
    description:
      - Name of the Backup. Empty for C(site-) and the time in UTC.
      - When a backup of this name exists and holds the same, nothing is done, whatever its age.
    type: str
    default: ""
  max_age:
    description: Seconds for which an equal backup is young enough. V(0) makes a backup in any case.
    type: int
    default: 86400
  velero_namespace:
    description: Namespace of the Velero server.
    type: str
    default: velero
  storage_location:
    description: Name of the BackupStorageLocation. It must be C(Available).
    type: str
    default: default
  ttl:
    description: How long the backup is kept, as a Go duration.
    type: str
    default: 720h0m0s
  excluded_resources:
    description: Resources that the backup does not hold, because Kubernetes makes them anew.
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
  verify:
    description: Read the backup from the bucket and compare it. Needs the C(s3_) options.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait for the end of the backup.
    type: int
    default: 900
  s3_url:
    description:
      - URL of an S3-compatible server with its scheme and port, such as V(https://s3.example.com:9000).
      - Empty for AWS itself.
    type: str
    default: ""
  s3_bucket:
    description: Name of the bucket.
    type: str
  s3_prefix:
    description: Folder within the bucket.
    type: str
    default: ""
  s3_region:
    description: Region of the bucket. Most S3-compatible servers take any.
    type: str
    default: us-east-1
  s3_access_key:
    description: Name of the key pair that may read objects of the bucket.
    type: str
  s3_secret_key:
    description: Secret of the key pair.
    type: str
  s3_ca_certificate:
    description: PEM certificate of the CA that signed the server's certificate. Empty to trust the CAs of the system.
    type: str
    default: ""
seealso:
  - module: mothership.hcp.velero_server
"""

EXAMPLES = r"""
- name: Back up a hosted cluster before a change, and prove the backup readable
  mothership.hcp.velero_backup:
    kubeconfig: artifacts/mothership/kubeconfig
    namespaces: [hcp-tenant-a]
    name: tenant-a-before-upgrade
    verify: true
    s3_url: https://s3.example.com:9000
    s3_bucket: backups
    s3_prefix: mothership
    s3_access_key: velero
    s3_secret_key: "{{ vault_velero_s3_secret_key }}"
"""

RETURN = r"""
backup:
  description:
    - The backup that now stands for the namespaces.
    - C(verified) is there when it was made and read back in this run; C(objects) counts all objects in the archive,
      C(compared) the Secrets and ConfigMaps found equal.
  returned: success
  type: dict
  sample:
    name: site-20261122t144500z
    phase: Completed
    reason: made now
    item_count: 41
    warnings_count: 0
    errors_count: 0
    completed: "2026-11-22T14:45:02Z"
    expires: "2026-12-22T14:45:00Z"
    verified: {"objects": 41, "compared": 17}
timings:
  description: Seconds taken by each phase.
  returned: success
  type: dict
  sample: {"backup": 2.1, "verify": 0.2}
plan:
  description: What was changed, or would be.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "create", "target": "Backup/velero/site-20261122t144500z"}]
restarts:
  description: Always empty.
  returned: success
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._backup.arguments import BACKUP_ARGUMENTS
from ansible_collections.mothership.hcp.plugins.module_utils._backup.runner import run_velero_backup
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._kube.connect import KUBE_ARGUMENTS


def argument_spec() -> dict[str, t.Any]:
    return {**KUBE_ARGUMENTS, **BACKUP_ARGUMENTS}


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    run_module(
        module,
        lambda: run_velero_backup(module.params, check_mode=module.check_mode, warn=module.warn),
        secrets=lambda: [module.params["s3_secret_key"] or ""],
    )


if __name__ == "__main__":
    main()
