# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The certificate authority of the database machines: its files, its rotation, and how it is handed over.

``ca.crt`` holds every certificate that is trusted, ``ca.key`` the key that signs: the authority is the certificate that
belongs to this key. A rotation goes idle, begun (``next.crt`` and ``next.key`` are there and ``ca.crt`` trusts both),
signed (``next.key`` took the place of ``ca.key``), idle. Each step ends with one rename, so a killed one is repeated.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import secrets
import tempfile
import typing as t

from .._core.errors import HcpError, InvalidInput
from .._core.redact import fingerprint
from . import files
from .command import Run
from .openssl import OpenSsl, certificates_in, read_text, write_text

#: Where it is on every database machine; removed with the databases only.
FOLDER = "/etc/mothership-hcp/postgresql-ca"
_DAYS = 3650
_NAME = "mothership.hcp PostgreSQL CA"
_CONFIGURATION = """[req]
distinguished_name = name
prompt = no
x509_extensions = extensions
[name]
CN = {common_name}
[extensions]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""
_EXCHANGE_CONFIGURATION = """[req]
distinguished_name = name
prompt = no
[name]
CN = mothership.hcp exchange
"""


@dataclasses.dataclass(frozen=True)
class AuthorityState:
    """What is there; ``AuthorityState()`` is a machine without an authority.

    :param certificates: all that are trusted, the one that signs among them.
    :param signer: the certificate of ``ca.key``.
    :param next: the certificate of ``next.key``, while a rotation has begun.
    :param key_open: the key can be read by others than root.
    """

    certificates: tuple[str, ...] = ()
    signer: str = ""
    next: str = ""
    key_open: bool = False

    @property
    def text(self) -> str | None:
        """What clients need to trust the machine; ``None`` when there is nothing yet."""
        return "".join(self.certificates) or None

    def description(self) -> dict[str, t.Any]:
        """The same for other machines: fingerprints only."""
        return {
            "certificates": [fingerprint(one) for one in self.certificates],
            "signer": fingerprint(self.signer) if self.signer else "",
            "next": fingerprint(self.next) if self.next else "",
        }


class Authority:
    """The files in ``folder`` of this machine."""

    def __init__(self, run: Run, folder: str = FOLDER) -> None:
        self.folder = folder
        self.certificate, self.key = self._path("ca.crt"), self._path("ca.key")
        self.next_certificate, self.next_key = self._path("next.crt"), self._path("next.key")
        self.exchange_certificate, self.exchange_key = self._path("exchange.crt"), self._path("exchange.key")
        self._openssl = OpenSsl(run)

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def read(self) -> AuthorityState:
        """The state.

        :raises HcpError: when a certificate is there, and not its key.
        """
        present, key = files.read(self.certificate), files.read(self.key)
        if present is None:
            return AuthorityState()
        if key is None:
            raise HcpError(
                "the key of PostgreSQL's certificate authority is missing while its certificate is there",
                where=self.key,
                remedy="put the key back, or remove the certificate to have a new authority made "
                "(control planes then need its certificate before they can connect)",
            )
        certificates = certificates_in(present.text)
        exposed = key.mode & 0o077 != 0 or (os.geteuid() == 0 and key.owner != "root")
        return AuthorityState(certificates, self._signer(certificates), self._next(), exposed)

    def _signer(self, certificates: tuple[str, ...]) -> str:
        public = self._openssl.public_key_of_key(self.key)
        for certificate in certificates:
            if public and self._openssl.public_key_of_certificate(certificate) == public:
                return certificate
        raise HcpError(
            "this key belongs to no certificate of PostgreSQL's certificate authority",
            where=self.key,
            remedy=f"put back the key of {self.certificate}, or remove both files to have a new authority made "
            "(control planes then need its certificate before they can connect)",
        )

    def _next(self) -> str:
        certificate = files.read(self.next_certificate)
        return certificate.text if certificate is not None and os.path.exists(self.next_key) else ""

    def make(self, common_name: str = "") -> None:
        """A new key and certificate, 10 years. The certificate comes last: without it the next run begins again."""
        self._make(common_name or _unique_name(), self.key, self.certificate)

    def close_key(self) -> None:
        """Owner root and mode 0600."""
        self._write_key(self.key, read_text(self.key))

    def begin(self) -> None:
        """Make the next authority, and trust it beside the present one."""
        if not self._next():
            self._make(_unique_name(), self.next_key, self.next_certificate)
        self._trust((*certificates_in(read_text(self.certificate)), self._next()))

    def sign(self) -> None:
        """Let the next authority sign from now on. The former one is still trusted, its key is gone."""
        os.replace(self.next_key, self.key)
        self._remove(self.next_certificate)

    def finish(self) -> None:
        """Trust nothing any more but the authority that signs."""
        self._trust((self._signer(certificates_in(read_text(self.certificate))),))
        self._remove(self.next_key, self.next_certificate)

    # -- handing over --------------------------------------------------------------------------------------------------

    def recipient(self) -> str:
        """The certificate for which others seal what only this machine may read; empty when it has to be made."""
        certificate = files.read(self.exchange_certificate)
        return certificate.text if certificate is not None and os.path.exists(self.exchange_key) else ""

    def make_recipient(self) -> None:
        self._make("", self.exchange_key, self.exchange_certificate, _EXCHANGE_CONFIGURATION)

    def sealed_for(self, recipient: str) -> str:
        """Everything of the authority, its keys among it, readable with the key of ``recipient`` alone."""
        state = self.read()
        content = {"certificates": state.text, "signer": state.signer, "key": read_text(self.key), "next": state.next}
        if state.next:
            content["next_key"] = read_text(self.next_key)
        if not certificates_in(recipient):
            raise InvalidInput(
                "a machine that needs PostgreSQL's certificate authority gave no certificate to seal it for",
                where="machines",
                remedy="run state=described on all database machines first",
            )
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            return self._openssl.sealed(json.dumps(content), write_text(folder, "recipient.crt", recipient))

    def receive(self, sealed: str) -> None:
        """Become equal to the machine that sealed its authority for this one.

        At each moment ``ca.key`` belongs to a certificate in ``ca.crt``, and what others trust is not taken away before
        the new key is in place.
        """
        content = json.loads(self._openssl.unsealed(sealed, self.exchange_certificate, self.exchange_key))
        wanted = certificates_in(content["certificates"])
        if not os.path.exists(self.certificate):
            self._write_key(self.key, content["key"])
        elif self.read().signer != content["signer"]:
            self._write_next(content["key"], content["signer"])
            self._trust((*certificates_in(read_text(self.certificate)), *wanted))
            self.sign()
        if content["next"]:
            self._write_next(content["next_key"], content["next"])
        self._trust(wanted)
        if not content["next"]:
            self._remove(self.next_key, self.next_certificate)

    def _make(self, common_name: str, key: str, certificate: str, configuration: str = _CONFIGURATION) -> None:
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        os.chmod(self.folder, 0o700)
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            made = self._openssl.new_key(folder)
            text = self._openssl.self_signed(folder, made, configuration.format(common_name=common_name), _DAYS)
            self._write_key(key, read_text(made))
            files.write(files.TextFile(certificate, text, 0o644))

    def _write_next(self, key: str, certificate: str) -> None:
        self._write_key(self.next_key, key)
        files.write(files.TextFile(self.next_certificate, certificate, 0o644))

    def _write_key(self, path: str, text: str) -> None:
        files.write(files.TextFile(path, text, 0o600))

    def _trust(self, certificates: t.Iterable[str]) -> None:
        files.write(files.TextFile(self.certificate, "".join(dict.fromkeys(certificates)), 0o644))

    def _remove(self, *paths: str) -> None:
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def _unique_name() -> str:
    """Two authorities never have the same name: some programs look for issuers by name alone."""
    return f"{_NAME} {secrets.token_hex(4)}"
