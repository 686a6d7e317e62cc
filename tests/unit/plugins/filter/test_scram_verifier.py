# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mothership.hcp.plugins.filter.scram_verifier import FilterModule, scram_verifier


def test_the_same_input_gives_the_same_text_and_another_role_another() -> None:
    first = scram_verifier("secret", "mothership")
    assert first.startswith("SCRAM-SHA-256$4096:")
    assert first == scram_verifier("secret", "mothership")
    assert first != scram_verifier("secret", "other")
    assert "secret" not in first


@pytest.mark.parametrize("password", ["", None, "pässword"])
def test_what_cannot_be_a_password(password: object) -> None:
    with pytest.raises(AnsibleFilterError, match="ASCII"):
        scram_verifier(password, "mothership")


def test_ansible_finds_it() -> None:
    assert list(FilterModule().filters()) == ["scram_verifier"]
