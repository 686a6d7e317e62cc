# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Leaf certificates: issue them, and tell why one has to be issued again."""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress

from .._core.errors import HcpError
from . import authority as _authority
from .authority import CLOCK_SKEW, KeyPair, private_key_pem
from .library import require_cryptography

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError:
    pass  # require_cryptography() reports it where it matters


@dataclasses.dataclass(frozen=True)
class LeafRequest:
    """What a leaf certificate has to say.

    :param organizations: become groups when the certificate authenticates a Kubernetes client.
    :param server: usable by a TLS server; ``dns_names`` and ``ip_addresses`` are what it answers to.
    :param client: usable by a TLS client.
    """

    common_name: str
    organizations: tuple[str, ...] = ()
    server: bool = False
    client: bool = False
    dns_names: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()


def issue(ca: KeyPair, request: LeafRequest, days: int = 365) -> KeyPair:
    """A new key with a certificate signed by ``ca``; it never outlives the certificate of the CA."""
    require_cryptography()
    authority_certificate, authority_key = _load_authority(ca)
    key = ec.generate_private_key(ec.SECP256R1())
    end = min(_authority.now() + datetime.timedelta(days=days), authority_certificate.not_valid_after_utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(request))
        .issuer_name(authority_certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_authority.now() - CLOCK_SKEW)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_leaf_usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage(_purposes(request)), critical=False)
        .add_extension(_authority_identifier(authority_certificate), critical=False)
    )
    names = _alternative_names(request)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(authority_key, hashes.SHA256())
    return KeyPair(certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"), private_key_pem(key))


def renewal_reason(
    certificate_pem: str, ca_certificate_pem: str, request: LeafRequest, before_days: int = 30
) -> str | None:
    """Why ``certificate_pem`` no longer does for ``request``; ``None`` when it does.

    :param before_days: a certificate that ends within so many days is renewed, unless the CA itself ends then.
    """
    require_cryptography()
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode("ascii"))
    except ValueError:
        return "is not a readable certificate"
    ca = x509.load_pem_x509_certificate(ca_certificate_pem.encode("ascii"))
    if not _signed_by(certificate, ca):
        return "was signed by another CA"
    end = certificate.not_valid_after_utc
    if end - datetime.timedelta(days=before_days) <= _authority.now() and end < ca.not_valid_after_utc:
        return f"ends on {end:%Y-%m-%d}"
    if certificate.subject != _subject(request):
        return f"is for {certificate.subject.rfc4514_string()} instead of {_subject(request).rfc4514_string()}"
    if _read_purposes(certificate) != set(_purposes(request)):
        return "is for another purpose"
    return _name_difference(certificate, request)


def _name_difference(certificate: x509.Certificate, request: LeafRequest) -> str | None:
    wanted = {*request.dns_names, *(str(ipaddress.ip_address(address)) for address in request.ip_addresses)}
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        present = {str(name) for name in extension.get_values_for_type(x509.DNSName)}
        present |= {str(address) for address in extension.get_values_for_type(x509.IPAddress)}
    except x509.ExtensionNotFound:
        present = set()
    if wanted == present:
        return None
    parts = [f"+{name}" for name in sorted(wanted - present)] + [f"-{name}" for name in sorted(present - wanted)]
    return f"names differ: {' '.join(parts)}"


def _signed_by(certificate: x509.Certificate, ca: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(ca)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _load_authority(ca: KeyPair) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate = x509.load_pem_x509_certificate(ca.certificate_pem.encode("ascii"))
    key = serialization.load_pem_private_key(ca.key_pem.encode("ascii"), password=None)
    if key.public_key() != certificate.public_key():
        raise HcpError(
            "the private key does not belong to the certificate",
            where=f"certificate authority {certificate.subject.rfc4514_string()}",
            remedy="restore the Secret of the certificate authority from a backup",
        )
    # RSA authorities that an administrator brought along sign just as well.
    return certificate, key  # type: ignore[return-value]


def _authority_identifier(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(certificate.public_key())  # type: ignore[arg-type]


def _subject(request: LeafRequest) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, name) for name in request.organizations]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, request.common_name)])


def _alternative_names(request: LeafRequest) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in request.dns_names]
    return names + [x509.IPAddress(ipaddress.ip_address(address)) for address in request.ip_addresses]


def _purposes(request: LeafRequest) -> list[x509.ObjectIdentifier]:
    purposes = [(request.server, ExtendedKeyUsageOID.SERVER_AUTH), (request.client, ExtendedKeyUsageOID.CLIENT_AUTH)]
    return [purpose for wanted, purpose in purposes if wanted]


def _read_purposes(certificate: x509.Certificate) -> set[x509.ObjectIdentifier]:
    try:
        return set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return set()


def _leaf_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=False,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
