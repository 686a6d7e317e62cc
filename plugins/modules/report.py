#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Say what a run of the site did and what stands now
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Prints at most 15 lines and writes C(report.json) and C(report.html) into O(directory).
  - Collects what the tasks of all hosts registered in variables whose names begin with two underscores; results of this
    collection's modules are known by their C(plan).
  - In check mode it prints the summary of the plan and writes nothing.
  - Is never counted as a change. Nothing secret is in it.
  - Runs on the controller; it needs no connection to the host.
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
  directory:
    description: Folder on the controller for the files of the report.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Report
  mothership.hcp.report:
    directory: artifacts
"""

RETURN = r"""
files:
  description: Files that were written; none in check mode.
  returned: success
  type: list
  elements: str
  sample: [artifacts/report.json, artifacts/report.html]
lines:
  description: The lines that were printed.
  returned: success
  type: list
  elements: str
  sample: ["mothership  mothership  Kubernetes 1.36.3  https://10.77.0.11:6443"]
summary:
  description: Numbers of what was done, or in check mode would be.
  returned: success
  type: dict
  sample: {"create": 142, "change": 3, "delete": 0, "restart": 1}
"""
