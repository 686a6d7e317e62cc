# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib

from ansible_collections.mothership.hcp.plugins.module_utils._pki.authority import (
    new_authority,
    new_signing_key,
    public_key_hash,
)
from cryptography import x509
from cryptography.hazmat.primitives import serialization


def test_an_authority_signs_leaves_only_and_lasts_ten_years() -> None:
    pair = new_authority("kubernetes-ca")
    certificate = x509.load_pem_x509_certificate(pair.certificate_pem.encode())
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
    assert certificate.subject.rfc4514_string() == "CN=kubernetes-ca"
    assert 3649 <= (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days <= 3651
    certificate.verify_directly_issued_by(certificate)


def test_a_signing_key_is_a_pair_and_its_private_part_is_not_shown() -> None:
    key = new_signing_key()
    private = serialization.load_pem_private_key(key.private_pem.encode(), None)
    public = serialization.load_pem_public_key(key.public_pem.encode())
    assert private.public_key() == public
    assert "PRIVATE" not in repr(key)


def test_the_hash_is_what_kubeadm_computes() -> None:
    pair = new_authority("kubernetes-ca")
    public = x509.load_pem_x509_certificate(pair.certificate_pem.encode()).public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert public_key_hash(pair.certificate_pem) == "sha256:" + hashlib.sha256(der).hexdigest()
