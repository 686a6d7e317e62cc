# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate authority and the server's certificate, with the real openssl."""

from __future__ import annotations

import grp
import os
import pathlib
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import server_tls
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.command import run
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

NAMES = ["10.77.0.21", "DB1", "localhost", "::1"]


@pytest.fixture
def tls(tmp_path: Path) -> t.Any:
    folder = tmp_path / "server"
    paths = server_tls.TlsPaths(str(tmp_path / "authority"), str(folder / "server.crt"), str(folder / "server.key"))
    return server_tls.ServerTls(paths, run, group=grp.getgrgid(os.getegid()).gr_name)


@pytest.fixture
def made(tls: t.Any) -> t.Any:
    tls.make_authority("Test CA")
    tls.make_server("10.77.0.21", NAMES)
    return tls


def certificate(path: t.Any) -> t.Any:
    return x509.load_pem_x509_certificate(pathlib.Path(path).read_bytes())


def mode(path: t.Any) -> t.Any:
    return os.stat(path).st_mode & 0o777


def test_nothing_is_there(tls: t.Any) -> None:
    state = tls.read(NAMES)
    assert (state.authority, state.renewal_reason) == (None, "there is none")


def test_what_was_made_is_good(made: t.Any) -> None:
    state = made.read(NAMES)
    assert state.authority.startswith("-----BEGIN CERTIFICATE-----")
    assert (state.renewal_reason, state.authority_key_open) == (None, False)
    assert state.names == ("DNS:db1", "DNS:localhost", "IP:10.77.0.21", "IP:::1")


def test_keys_are_closed_to_others(made: t.Any) -> None:
    assert mode(made.paths.authority_folder) == 0o700
    assert mode(made.paths.authority_key) == 0o600
    assert mode(made.paths.server_key) == 0o640
    assert sorted(os.listdir(made.paths.authority_folder)) == ["ca.crt", "ca.key"]


def test_certificates_say_what_they_are_for(made: t.Any) -> None:
    authority, server = certificate(made.paths.authority_certificate), certificate(made.paths.server_certificate)
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert (authority.not_valid_after_utc - authority.not_valid_before_utc).days == 3650
    server.verify_directly_issued_by(authority)
    assert not server.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_other_names_ask_for_another_certificate(made: t.Any) -> None:
    assert made.read([*NAMES, "10.77.0.100"]).renewal_reason == "its names are others"
    made.make_server("10.77.0.21", [*NAMES, "10.77.0.100"])
    assert made.read([*NAMES, "10.77.0.100"]).renewal_reason is None


def test_a_certificate_near_its_end_is_renewed(made: t.Any) -> None:
    made.renew_days = 731
    assert made.read(NAMES).renewal_reason == "it ends within 731 days"


def test_a_certificate_of_another_authority_is_renewed(made: t.Any) -> None:
    made.make_authority("Another CA")
    assert made.read(NAMES).renewal_reason == "it is not of this authority"


def test_a_key_of_another_certificate_is_noticed(made: t.Any) -> None:
    key = pathlib.Path(made.paths.server_key).read_text()
    made.make_server("10.77.0.21", NAMES)
    pathlib.Path(made.paths.server_key).write_text(key)
    assert made.read(NAMES).renewal_reason == "its key is another"


def test_an_open_authority_key_is_noticed_and_closed(made: t.Any) -> None:
    os.chmod(made.paths.authority_key, 0o644)
    assert made.read(NAMES).authority_key_open
    made.close_authority_key()
    assert not made.read(NAMES).authority_key_open


def test_a_lost_authority_key_is_an_error_with_the_way_out(made: t.Any) -> None:
    os.unlink(made.paths.authority_key)
    with pytest.raises(HcpError, match="key of PostgreSQL's certificate authority is missing"):
        made.read(NAMES)
