#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: disk_latency
short_description: Measure how long a disk takes to keep what etcd writes
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Writes pieces of 2 KiB into a temporary file, each brought to the disk before the next, as etcd writes its log, for
    two seconds at most. The file is gone afterwards; in check mode the same is done.
extends_documentation_fragment:
  - mothership.hcp.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
  idempotent:
    support: full
options:
  path:
    description: Folder of etcd's data. Where it does not exist yet, the nearest folder above it is taken.
    type: path
    required: true
  samples:
    description: How many writes are measured when they are fast.
    type: int
    default: 200
"""

EXAMPLES = r"""
- name: Is the disk fast enough for etcd?
  mothership.hcp.disk_latency:
    path: /var/lib/etcd
  become: true
"""

RETURN = r"""
folder:
  description: Where it was measured.
  returned: success
  type: str
  sample: /var/lib/etcd
fsync:
  description: Median and 99th percentile in milliseconds.
  returned: success
  type: dict
  sample: {"p50": 0.6, "p99": 3.1, "samples": 200}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._host import disk_latency


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {"path": {"type": "path", "required": True}, "samples": {"type": "int", "default": 200}}


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    given = module.params
    run_module(module, lambda: {"changed": False, **disk_latency.measure(given["path"], given["samples"])})


if __name__ == "__main__":
    main()
