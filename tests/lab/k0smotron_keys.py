# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys like those that a k0smotron cluster has: RSA, CAs with CN=kubernetes, private keys in PKCS #1."""

from __future__ import annotations

import base64
import datetime
import typing as t

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

#: Length of the keys; a test that only moves them about may want shorter ones.
BITS = 2048


def authority(days: int = 3650) -> tuple[str, str]:
    """Certificate and key of a CA."""
    key = _rsa()
    name = _name("kubernetes")
    certificate = _builder(name, name, key.public_key(), days=days).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    return _pem(certificate.sign(key, hashes.SHA256())), _private_pem(key)


def signing_key() -> tuple[str, str]:
    """Public and private key of service accounts."""
    key = _rsa()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return public.decode("ascii"), _private_pem(key)


def kubeconfig(cluster: str, server: str, authority_pem: str, authority_key: str) -> str:
    """Of an administrator."""
    key = _rsa()
    signer = serialization.load_pem_private_key(authority_key.encode("ascii"), password=None)
    issuer = x509.load_pem_x509_certificate(authority_pem.encode("ascii"))
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:masters"),
            x509.NameAttribute(NameOID.COMMON_NAME, "admin"),
        ]
    )
    certificate = _builder(subject, issuer.subject, key.public_key(), days=365).sign(
        t.cast(rsa.RSAPrivateKey, signer), hashes.SHA256()
    )
    names = {"cluster": f"{cluster}-k0s", "user": f"{cluster}-admin"}
    context = f"{names['user']}@{names['cluster']}"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": names["cluster"],
                "cluster": {"server": server, "certificate-authority-data": _encoded(authority_pem)},
            }
        ],
        "users": [
            {
                "name": names["user"],
                "user": {
                    "client-certificate-data": _encoded(_pem(certificate)),
                    "client-key-data": _encoded(_private_pem(key)),
                },
            }
        ],
        "contexts": [{"name": context, "context": names}],
        "current-context": context,
    }
    return yaml.safe_dump(content)


def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=BITS)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject: x509.Name, issuer: x509.Name, public: rsa.RSAPublicKey, *, days: int) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def _private_pem(key: rsa.RSAPrivateKey) -> str:
    """PKCS #1, as Cluster API writes it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode("ascii")


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")
