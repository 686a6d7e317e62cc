# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``scram_verifier``; its documentation is in scram_verifier.yml."""

from __future__ import annotations

import hashlib
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mothership.hcp.plugins.module_utils._pki.scram import password_verifier


def scram_verifier(password: t.Any, role: str) -> str:
    """The verifier that PostgreSQL stores for a password; the same input gives the same text.

    :param role: its name makes the salt, which need not be secret but must differ from role to role.
    """
    if not isinstance(password, str) or not password or not password.isascii():
        raise AnsibleFilterError("scram_verifier: the password must be ASCII text and not empty")
    return password_verifier(password, hashlib.sha256(f"mothership.hcp/{role}".encode()).digest()[:16])


class FilterModule:
    """What Ansible finds in this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name -> filter."""
        return {"scram_verifier": scram_verifier}
