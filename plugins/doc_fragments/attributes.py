# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What every module of the collection says about itself; each module fills in C(support)."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the plan that a normal run would carry out.
  diff_mode:
    description: Returns what changed, or would change, with secrets shown as fingerprints only.
  idempotent:
    description: When run twice in a row with the same input, the second run changes nothing.
"""
