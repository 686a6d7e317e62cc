# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The openssl program, which every machine has: keys, certificates, sealed messages."""

from __future__ import annotations

import os
import re

from .command import Outcome, Run

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)


class OpenSsl:
    """Calls of the program. Secrets go through pipes, or through files in folders that only root may enter."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def made(self, *arguments: str, stdin: str | None = None) -> str:
        """Standard output of a call that must succeed."""
        return self._run(["openssl", *arguments], stdin=stdin, timeout=30).stdout

    def asked(self, *arguments: str, stdin: str | None = None) -> Outcome:
        """How a call ended that may say no."""
        return self._run(["openssl", *arguments], stdin=stdin, timeout=30, check=False)

    def new_key(self, folder: str) -> str:
        """Path of a new EC key in ``folder``, which must be closed to others (mode 0700)."""
        path = os.path.join(folder, "key.pem")
        self.made("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
        return path

    def self_signed(self, folder: str, key: str, configuration: str, days: int) -> str:
        """Text of a certificate for ``key``, signed with it; ``configuration`` as ``openssl req`` reads it."""
        path = write_text(folder, "certificate.conf", configuration)
        return self.made(
            "req", "-x509", "-new", "-key", key, "-config", path, "-days", str(days), "-sha256", "-outform", "PEM"
        )

    def public_key_of_certificate(self, certificate: str) -> str:
        return self.asked("x509", "-noout", "-pubkey", stdin=certificate).stdout

    def public_key_of_key(self, path: str) -> str:
        return self.asked("pkey", "-in", path, "-pubout").stdout

    def sealed(self, text: str, recipient: str) -> str:
        """``text`` for the holder of the key of ``recipient`` (path of a certificate) alone, as CMS in PEM form."""
        return self.made("cms", "-encrypt", "-binary", "-aes256", "-outform", "PEM", "-recip", recipient, stdin=text)

    def unsealed(self, text: str, certificate: str, key: str) -> str:
        """What :meth:`sealed` was given."""
        arguments = ("-binary", "-inform", "PEM", "-recip", certificate, "-inkey", key)
        return self.made("cms", "-decrypt", *arguments, stdin=text)


def certificates_in(text: str) -> tuple[str, ...]:
    """The certificates of a PEM text, each with one line end."""
    return tuple(found.rstrip("\n") + "\n" for found in _CERTIFICATE.findall(text))


def read_text(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()


def write_text(folder: str, name: str, text: str) -> str:
    """Path of a new file in ``folder``."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path
