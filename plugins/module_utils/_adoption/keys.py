# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The CAs and the service account key of a k0smotron cluster, taken over as they are."""

from __future__ import annotations

import typing as t

from .._controlplane.pki import Pki
from .._pki.authority import KeyPair, SigningKey, now
from .._pki.library import require_cryptography
from .old_cluster import OldCluster
from .problems import Findings

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
except ImportError:
    pass  # require_cryptography() reports it where it matters

#: Decoded texts of the Secrets in the cluster's namespace.
SecretTexts = t.Mapping[str, t.Mapping[str, str]]

_REMEDY = "restore the Secret from a backup: a new one would cut off every worker"


def read_keys(old: OldCluster, secrets: SecretTexts, findings: Findings) -> Pki | None:
    """The keys, checked; ``None`` after a problem."""
    require_cryptography()
    before = len(findings.problems)
    authority = _pair(old, "ca", secrets, findings)
    front_proxy = _pair(old, "proxy", secrets, findings)
    signing = _pair(old, "sa", secrets, findings)
    for pair, purpose in ((authority, "ca"), (front_proxy, "proxy")):
        if pair is not None:
            _check_authority(pair, _where(old, purpose), findings)
    if signing is not None:
        _check_signing_key(signing, _where(old, "sa"), findings)
    if authority is None or front_proxy is None or signing is None or len(findings.problems) > before:
        return None
    return Pki(authority, front_proxy, SigningKey(signing.key_pem, signing.certificate_pem), {})


def _where(old: OldCluster, purpose: str) -> str:
    return f"Secret/{old.namespace}/{old.certificate_secrets[purpose]}"


def _pair(old: OldCluster, purpose: str, secrets: SecretTexts, findings: Findings) -> KeyPair | None:
    texts = secrets.get(old.certificate_secrets[purpose])
    if texts is None:
        findings.refuse("does not exist", _where(old, purpose), _REMEDY)
        return None
    missing = [key for key in ("tls.crt", "tls.key") if not texts.get(key)]
    if missing:
        findings.refuse(f"has no {' and no '.join(missing)}", _where(old, purpose), _REMEDY)
        return None
    return KeyPair(texts["tls.crt"], texts["tls.key"])


def _check_authority(pair: KeyPair, where: str, findings: Findings) -> None:
    try:
        certificate = x509.load_pem_x509_certificate(pair.certificate_pem.encode("ascii"))
        key = serialization.load_pem_private_key(pair.key_pem.encode("ascii"), password=None)
    except (ValueError, TypeError):
        findings.refuse("holds no readable certificate and key", where, _REMEDY)
        return
    if key.public_key() != certificate.public_key():
        findings.refuse("holds a key that does not belong to its certificate", where, _REMEDY)
    if certificate.not_valid_after_utc <= now():
        findings.refuse(
            f"holds a CA that ended on {certificate.not_valid_after_utc:%Y-%m-%d}",
            where,
            "give the cluster a new CA and join its workers again before it is adopted",
        )


def _check_signing_key(pair: KeyPair, where: str, findings: Findings) -> None:
    """A service account has no certificate: ``tls.crt`` is the public key."""
    try:
        public = serialization.load_pem_public_key(pair.certificate_pem.encode("ascii"))
        key = serialization.load_pem_private_key(pair.key_pem.encode("ascii"), password=None)
    except (ValueError, TypeError):
        findings.refuse("holds no readable pair of keys", where, _REMEDY)
        return
    if key.public_key() != public:
        findings.refuse("holds two keys that do not belong together", where, _REMEDY)
