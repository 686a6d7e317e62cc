# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Certificate authorities and signing keys. Everything is ECDSA on P-256, as text in PEM."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib

from .library import require_cryptography

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID
except ImportError:
    pass  # require_cryptography() reports it where it matters

#: Clocks differ: a certificate is valid from this long before it is made.
CLOCK_SKEW = datetime.timedelta(minutes=5)


@dataclasses.dataclass(frozen=True)
class KeyPair:
    """A certificate and its private key, both PEM text."""

    certificate_pem: str
    key_pem: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class SigningKey:
    """A private key and its public key without any certificate (service account tokens), both PEM text."""

    private_pem: str = dataclasses.field(repr=False)
    public_pem: str


def now() -> datetime.datetime:
    """The present time, in one place so that tests can set it."""
    return datetime.datetime.now(datetime.timezone.utc)


def private_key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    """The key as unencrypted PKCS #8 PEM text."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")


def new_authority(common_name: str, days: int = 3650) -> KeyPair:
    """A self-signed certificate authority that may sign leaf certificates only."""
    require_cryptography()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - CLOCK_SKEW)
        .not_valid_after(now() + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_authority_usage(), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return KeyPair(certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"), private_key_pem(key))


def new_signing_key() -> SigningKey:
    """A fresh key pair for service account tokens."""
    require_cryptography()
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return SigningKey(private_key_pem(key), public.decode("ascii"))


def public_key_hash(certificate_pem: str) -> str:
    """``sha256:<64 hex>`` of the certificate's public key, as ``kubeadm join --discovery-token-ca-cert-hash`` wants."""
    require_cryptography()
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode("ascii"))
    public = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"sha256:{hashlib.sha256(public).hexdigest()}"


def _authority_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
