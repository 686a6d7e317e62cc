# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""TLS of the server: its key and certificate, signed by the authority of the machine.

Made with the openssl program, because the machine needs nothing but Python's standard library.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
import secrets
import tempfile
import typing as t

from . import files
from .authority import Authority
from .command import Run
from .openssl import OpenSsl, read_text, write_text

_SERVER_DAYS = 730
_RENEW_DAYS = 30

_SERVER_CONFIGURATION = """[req]
distinguished_name = name
prompt = no
[name]
CN = {common_name}
[extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = {usages}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""


@dataclasses.dataclass(frozen=True)
class TlsPaths:
    """Where keys and certificates are."""

    authority_folder: str
    server_certificate: str
    server_key: str

    @property
    def authority_certificate(self) -> str:
        return os.path.join(self.authority_folder, "ca.crt")

    @property
    def authority_key(self) -> str:
        return os.path.join(self.authority_folder, "ca.key")


@dataclasses.dataclass(frozen=True)
class TlsState:
    """What is there.

    :param authority: certificates of the CA (PEM; two during its rotation), ``None`` when one has to be made.
    :param authority_key_open: the CA's key can be read by others than root.
    :param renewal_reason: why the server's certificate has to be made; ``None`` when it is good.
    :param names: subject alternative names of the present server certificate.
    """

    authority: str | None = None
    authority_key_open: bool = False
    renewal_reason: str | None = "there is none"
    names: tuple[str, ...] = ()


def subject_names(names: t.Iterable[str]) -> tuple[str, ...]:
    """``names`` as openssl writes them, ``DNS:db1`` and ``IP:10.0.0.1``, each once, sorted."""
    return tuple(sorted({_subject_name(name) for name in names if name}))


def _subject_name(name: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name.lower()}"


class ServerTls:
    """Keys and certificates at ``paths``.

    :param group: operating system group of the server's key.
    :param key_mode: its rights; the owner is root.
    :param usages: what the certificate is for, as openssl writes it.
    :param renew_days: renew when fewer days are left.
    """

    def __init__(
        self,
        paths: TlsPaths,
        run: Run,
        *,
        group: str = "postgres",
        key_mode: int = 0o640,
        usages: str = "serverAuth",
        renew_days: int | None = None,
    ) -> None:
        self.paths = paths
        self.authority = Authority(run, paths.authority_folder)
        self._openssl = OpenSsl(run)
        self._group, self._key_mode, self._usages = group, key_mode, usages
        self.renew_days = _RENEW_DAYS if renew_days is None else renew_days

    def read(self, names: t.Sequence[str]) -> TlsState:
        """The present state, judged against the wanted subject alternative ``names``."""
        authority = self.authority.read()
        if authority.text is None:
            return TlsState()
        present, reason = self._judge(subject_names(names), authority.signer)
        return TlsState(authority.text, authority.key_open, reason, present)

    def _judge(self, names: tuple[str, ...], signer: str) -> tuple[tuple[str, ...], str | None]:
        certificate, key = self.paths.server_certificate, self.paths.server_key
        key_file = files.read(key)
        if not os.path.exists(certificate) or key_file is None:
            return (), "there is none"
        shown = self._openssl.asked(
            "x509", "-in", certificate, "-noout", "-ext", "subjectAltName", "-checkend", _seconds(self.renew_days)
        )
        present = subject_names(re.findall(r"(?:DNS|IP Address):([^,\s]+)", shown.stdout))
        verified = self._openssl.asked("verify", "-CAfile", "/dev/stdin", certificate, stdin=signer)
        public = self._openssl.asked("x509", "-in", certificate, "-noout", "-pubkey").stdout
        if present != names:
            return present, "its names are others"
        if shown.returncode != 0:
            return present, f"it ends within {self.renew_days} days"
        if verified.returncode != 0:
            return present, "it is not of this authority"
        if public != self._openssl.public_key_of_key(key):
            return present, "its key is another"
        rights = (self._key_mode, "root", self._group)
        if os.geteuid() == 0 and (key_file.mode, key_file.owner, key_file.group) != rights:
            return present, "the rights of its key are others"
        return present, None

    def make_authority(self, common_name: str) -> None:
        """A new key and certificate for the authority."""
        self.authority.make(common_name)

    def close_authority_key(self) -> None:
        """Owner root and mode 0600."""
        self.authority.close_key()

    def make_server(self, common_name: str, names: t.Sequence[str]) -> None:
        """A new key and certificate for the server, two years. PostgreSQL takes them at its next reload."""
        with tempfile.TemporaryDirectory(dir=self.paths.authority_folder) as folder:
            key, request = self._openssl.new_key(folder), os.path.join(folder, "server.csr")
            text = _SERVER_CONFIGURATION.format(
                common_name=common_name[:64], usages=self._usages, names=", ".join(subject_names(names))
            )
            configuration = write_text(folder, "server.conf", text)
            self._openssl.made("req", "-new", "-key", key, "-config", configuration, "-out", request)
            serial = ("-set_serial", f"0x{secrets.token_hex(16)}")
            extensions = ("-extfile", configuration, "-extensions", "extensions")
            days = ("-days", str(_SERVER_DAYS), "-sha256")
            authority = ("-CA", "/dev/stdin", "-CAkey", self.paths.authority_key)
            how = (*authority, *serial, *extensions, *days)
            certificate = self._openssl.made("x509", "-req", "-in", request, *how, stdin=self.authority.read().signer)
            files.write(files.TextFile(self.paths.server_key, read_text(key), self._key_mode, "root", self._group))
            files.write(files.TextFile(self.paths.server_certificate, certificate, 0o644))


def _seconds(days: int) -> str:
    return str(days * 24 * 3600)
