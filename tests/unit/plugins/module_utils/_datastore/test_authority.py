# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the authority, with the real openssl. Whole rotations: tests/integration/test_database_authority.py."""

from __future__ import annotations

import os
import pathlib

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.authority import Authority
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.command import run


@pytest.fixture
def authority(tmp_path: pathlib.Path) -> Authority:
    made = Authority(run, str(tmp_path / "one"))
    made.make()
    return made


def test_a_rotation_passes_through_its_states(authority: Authority) -> None:
    old = authority.read().signer
    authority.begin()
    begun = authority.read()
    assert (begun.signer, begun.certificates) == (old, (old, begun.next))
    authority.begin()
    assert authority.read() == begun
    authority.sign()
    signed = authority.read()
    assert (signed.signer, signed.next, signed.certificates) == (begun.next, "", begun.certificates)
    authority.finish()
    assert authority.read().certificates == (signed.signer,)
    assert sorted(os.listdir(authority.folder)) == ["ca.crt", "ca.key"]


def test_a_key_of_nobody_is_an_error_with_the_way_out(authority: Authority, tmp_path: pathlib.Path) -> None:
    other = Authority(run, str(tmp_path / "other"))
    other.make()
    pathlib.Path(authority.key).write_text(pathlib.Path(other.key).read_text())
    with pytest.raises(HcpError, match="belongs to no certificate"):
        authority.read()


def test_it_is_handed_over_whole(authority: Authority, tmp_path: pathlib.Path) -> None:
    authority.begin()
    other = Authority(run, str(tmp_path / "other"))
    other.make_recipient()
    other.receive(authority.sealed_for(other.recipient()))
    assert other.read() == authority.read()
    assert os.stat(other.key).st_mode & 0o777 == 0o600
    assert os.stat(other.next_key).st_mode & 0o777 == 0o600
    assert os.stat(other.folder).st_mode & 0o777 == 0o700


def test_it_is_sealed_for_a_certificate_only(authority: Authority) -> None:
    with pytest.raises(InvalidInput, match="no certificate to seal it for"):
        authority.sealed_for("")
