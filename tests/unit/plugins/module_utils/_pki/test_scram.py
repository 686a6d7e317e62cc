# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

from ansible_collections.mothership.hcp.plugins.module_utils._pki.scram import (
    new_password,
    new_salt,
    password_verifier,
)


def test_the_verifier_agrees_with_the_example_of_rfc_7677() -> None:
    # RFC 7677 section 3: user "user", password "pencil"; stored and server key follow from its proof and signature.
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    assert password_verifier("pencil", salt) == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


def test_passwords_and_salts_are_random_and_need_no_quoting() -> None:
    assert new_password() != new_password()
    assert len(new_password()) == 40
    assert new_password().isalnum()
    assert len(new_salt()) == 16
    assert new_salt() != new_salt()
