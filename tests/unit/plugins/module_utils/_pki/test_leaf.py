# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._pki import authority
from ansible_collections.mothership.hcp.plugins.module_utils._pki.authority import KeyPair, new_authority
from ansible_collections.mothership.hcp.plugins.module_utils._pki.leaf import LeafRequest, issue, renewal_reason
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

SERVER = LeafRequest(
    "kube-apiserver", server=True, dns_names=("kubernetes", "a.example.com"), ip_addresses=("10.98.0.1", "127.0.0.1")
)
CLIENT = LeafRequest("tenant-a-admin", organizations=("system:masters",), client=True)


@pytest.fixture(scope="module")
def ca() -> KeyPair:
    return new_authority("kubernetes-ca")


def parsed(pair: KeyPair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate_pem.encode())


def test_a_server_leaf_says_what_was_requested(ca: KeyPair) -> None:
    certificate = parsed(issue(ca, SERVER))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert names.get_values_for_type(x509.DNSName) == ["kubernetes", "a.example.com"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["10.98.0.1", "127.0.0.1"]
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    certificate.verify_directly_issued_by(parsed(ca))


def test_a_client_leaf_carries_its_groups(ca: KeyPair) -> None:
    certificate = parsed(issue(ca, CLIENT))
    assert certificate.subject.rfc4514_string() == "CN=tenant-a-admin,O=system:masters"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_leaf_never_outlives_its_authority() -> None:
    short = new_authority("kubernetes-ca", days=10)
    assert parsed(issue(short, CLIENT, days=365)).not_valid_after_utc == parsed(short).not_valid_after_utc


def test_the_key_belongs_to_the_certificate_and_is_not_shown(ca: KeyPair) -> None:
    pair = issue(ca, CLIENT)
    key = serialization.load_pem_private_key(pair.key_pem.encode(), None)
    assert key.public_key() == parsed(pair).public_key()
    assert "PRIVATE" not in repr(pair)


@pytest.mark.parametrize("request_", [SERVER, CLIENT])
def test_a_fresh_leaf_needs_no_renewal(ca: KeyPair, request_: LeafRequest) -> None:
    assert renewal_reason(issue(ca, request_).certificate_pem, ca.certificate_pem, request_) is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (LeafRequest("kube-apiserver", server=True, dns_names=("kubernetes",)), "names differ: -10.98.0.1"),
        (LeafRequest("other", server=True), "is for CN=kube-apiserver instead of CN=other"),
        (LeafRequest("kube-apiserver", client=True), "is for another purpose"),
    ],
)
def test_another_request_is_a_reason(ca: KeyPair, changed: LeafRequest, reason: str) -> None:
    found = renewal_reason(issue(ca, SERVER).certificate_pem, ca.certificate_pem, changed)
    assert found is not None
    assert found.startswith(reason)


def test_another_authority_of_the_same_name_is_a_reason(ca: KeyPair) -> None:
    other = new_authority("kubernetes-ca")
    reason = renewal_reason(issue(other, SERVER).certificate_pem, ca.certificate_pem, SERVER)
    assert reason == "was signed by another CA"


def test_a_near_end_is_a_reason(ca: KeyPair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = issue(ca, SERVER, days=100)
    assert renewal_reason(pair.certificate_pem, ca.certificate_pem, SERVER) is None
    later = authority.now() + datetime.timedelta(days=75)
    monkeypatch.setattr(authority, "now", lambda: later)
    assert (renewal_reason(pair.certificate_pem, ca.certificate_pem, SERVER) or "").startswith("ends on ")


def test_a_leaf_that_ends_with_its_authority_is_not_renewed_for_ever() -> None:
    short = new_authority("kubernetes-ca", days=10)
    assert renewal_reason(issue(short, SERVER).certificate_pem, short.certificate_pem, SERVER) is None


def test_what_is_no_certificate_is_a_reason(ca: KeyPair) -> None:
    assert renewal_reason("nonsense", ca.certificate_pem, SERVER) == "is not a readable certificate"


def test_a_key_of_another_authority_is_refused(ca: KeyPair) -> None:
    mixed = KeyPair(ca.certificate_pem, new_authority("kubernetes-ca").key_pem)
    with pytest.raises(HcpError, match="does not belong"):
        issue(mixed, CLIENT)


def test_an_rsa_authority_works_too(ca: KeyPair) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    template = parsed(ca)
    builder = x509.CertificateBuilder(
        issuer_name=template.subject,
        subject_name=template.subject,
        public_key=key.public_key(),
        serial_number=7,
        not_valid_before=template.not_valid_before_utc,
        not_valid_after=template.not_valid_after_utc,
    )
    from cryptography.hazmat.primitives import hashes

    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    pair = issue(KeyPair(certificate, private), SERVER)
    assert renewal_reason(pair.certificate_pem, certificate, SERVER) is None
