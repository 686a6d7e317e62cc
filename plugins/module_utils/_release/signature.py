# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Signatures of releases: ECDSA over SHA-256, as cosign makes them with a key of its own."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os

from .._core.errors import HcpError, InvalidInput
from .._pki.library import require_cryptography

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, utils
except ImportError:
    pass  # require_cryptography() reports it where it matters


class PublicKey:
    """A key that signatures are checked with.

    :param pem: text of the key, ``-----BEGIN PUBLIC KEY-----``.
    :param where: the option or URL it is from, for errors.
    """

    def __init__(self, pem: str, where: str) -> None:
        require_cryptography()
        try:
            key = serialization.load_pem_public_key(pem.encode("utf-8"))
        except ValueError:
            raise InvalidInput(
                "this is no public key in PEM", where=where, remedy="give the text or the file of cosign.pub"
            ) from None
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise InvalidInput("the key is no ECDSA key; k0s is signed with one", where=where, remedy="check the key")
        self._key = key

    @classmethod
    def from_option(cls, value: str) -> PublicKey:
        """From PEM text, or from the file of this name."""
        if "-----BEGIN" in value:
            return cls(value, "public_key")
        path = os.path.expanduser(value)
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return cls(file.read(), path)
        except OSError as error:
            raise InvalidInput(
                f"cannot be read: {error.strerror}", where=path, remedy="give PEM text, or a file on this machine"
            ) from None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key in DER (SubjectPublicKeyInfo), in hex."""
        der = self._key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(der).hexdigest()

    def verify(self, sha256: str, signature: str, what: str) -> None:
        """Check a signature over a file.

        :param sha256: of the file, in hex.
        :param signature: in base64.
        :raises HcpError: when it is not this key's signature of this file.
        """
        try:
            raw = base64.b64decode("".join(signature.split()), validate=True)
            self._key.verify(raw, bytes.fromhex(sha256), ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        except (InvalidSignature, binascii.Error):
            raise HcpError(
                f"the signature was not made with the key of SHA-256 {self.fingerprint}",
                where=what,
                remedy="do not use this file. Look at the release's page for a notice on its keys, and check the key "
                "and base_url that you gave",
            ) from None


def normal_fingerprint(value: str) -> str:
    """A fingerprint as :attr:`PublicKey.fingerprint` gives it, from the usual ways to write one.

    :raises InvalidInput: when it is no SHA-256.
    """
    text = value.strip().lower()
    text = (text[len("sha256:") :] if text.startswith("sha256:") else text).replace(":", "")
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise InvalidInput(
            "this is no SHA-256 in hex",
            where="public_key_sha256",
            remedy="take it from 'openssl pkey -pubin -in cosign.pub -outform DER | sha256sum'",
        )
    return text
