#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_bucket_check
short_description: Prove that a bucket can keep backups
version_added: "0.1.0"
description:
  - Writes a probe object, reads it back, compares it and deletes it, with the keys that Velero will use.
  - In check mode the bucket is only listed. A server that does not answer is then a warning, because an earlier part
    of the run may set it up.
author:
  - The mothership.hcp authors (@mothership-hcp)
requirements:
  - boto3 >= 1.34
extends_documentation_fragment:
  - mothership.hcp.attributes
  - mothership.hcp.s3
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  create_bucket:
    description: Create the bucket when it does not exist.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Prove that the bucket works before Velero is installed
  mothership.hcp.s3_bucket_check:
    s3_url: https://s3.example.com:9000
    s3_bucket: backups
    s3_prefix: mothership
    s3_access_key: velero
    s3_secret_key: "{{ vault_velero_s3_secret_key }}"
  delegate_to: localhost
"""

RETURN = r"""
written:
  description: Whether an object was written, read back, compared and deleted; false in check mode.
  returned: success
  type: bool
  sample: true
plan:
  description: What was changed, or would be; the probe object is no change.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "create", "target": "Bucket/backups"}]
restarts:
  description: Always empty.
  returned: success
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._backup.bucket_check import check_bucket
from ansible_collections.mothership.hcp.plugins.module_utils._backup.s3 import (
    S3_ARGUMENTS,
    BotoStore,
    S3Settings,
)
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module


def argument_spec() -> dict[str, t.Any]:
    return {**S3_ARGUMENTS, "create_bucket": {"type": "bool", "default": False}}


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params

    def work() -> dict[str, t.Any]:
        with BotoStore(S3Settings.from_params(params)) as store:
            plan, written = check_bucket(
                store, create_bucket=params["create_bucket"], check_mode=module.check_mode, warn=module.warn
            )
        return plan.result(written=written)

    run_module(module, work, secrets=lambda: [params["s3_secret_key"]])


if __name__ == "__main__":
    main()
