# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away authority and the two certificates a kube-apiserver and its administrator need."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import ipaddress
import pathlib
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclasses.dataclass(frozen=True)
class Certificates:
    """Paths of PEM files."""

    authority: pathlib.Path
    server_certificate: pathlib.Path
    server_key: pathlib.Path
    client_certificate: pathlib.Path
    client_key: pathlib.Path

    @classmethod
    def in_folder(cls, folder: pathlib.Path) -> Certificates:
        """Make them, or use those that are there."""
        names = ("authority.crt", "server.crt", "server.key", "client.crt", "client.key")
        found = cls(*(folder / name for name in names))
        if not found.client_key.exists():
            found._make()
        return found

    def tls_context(self) -> ssl.SSLContext:
        """For a client that presents the administrator's certificate."""
        context = ssl.create_default_context(cafile=str(self.authority))
        context.load_cert_chain(self.client_certificate, self.client_key)
        return context

    def kubeconfig_cluster(self) -> dict[str, str]:
        return {"certificate-authority-data": _base64(self.authority)}

    def kubeconfig_user(self) -> dict[str, str]:
        return {
            "client-certificate-data": _base64(self.client_certificate),
            "client-key-data": _base64(self.client_key),
        }

    def _make(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("test-ca")
        authority = (
            _builder(name, name, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        self._leaf(key, name, _name("kube-apiserver"), ExtendedKeyUsageOID.SERVER_AUTH, alternative, "server")
        self._leaf(key, name, _name("admin", "system:masters"), ExtendedKeyUsageOID.CLIENT_AUTH, None, "client")

    def _leaf(
        self,
        authority_key: ec.EllipticCurvePrivateKey,
        issuer: x509.Name,
        subject: x509.Name,
        usage: x509.ObjectIdentifier,
        alternative: x509.SubjectAlternativeName | None,
        name: str,
    ) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, issuer, key).add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if alternative is not None:
            builder = builder.add_extension(alternative, critical=False)
        certificate = builder.sign(authority_key, hashes.SHA256())
        folder = self.authority.parent
        (folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / f"{name}.key").touch(mode=0o600)
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )


def _name(common_name: str, organization: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2))
    )


def _base64(path: pathlib.Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")
