# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""TLS of the server: a certificate authority that never leaves the machine, and the server's certificate.

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

from .._core.errors import HcpError
from . import files
from .command import Run

_AUTHORITY_DAYS = 3650
_SERVER_DAYS = 730
_RENEW_DAYS = 30

_AUTHORITY_CONFIGURATION = """[req]
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
_SERVER_CONFIGURATION = """[req]
distinguished_name = name
prompt = no
[name]
CN = {common_name}
[extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
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

    :param authority: the CA's certificate (PEM), ``None`` when one has to be made.
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

    :param group: operating system group that may read the server's key.
    """

    def __init__(self, paths: TlsPaths, run: Run, *, group: str = "postgres") -> None:
        self.paths = paths
        self._run = run
        self._group = group

    def read(self, names: t.Sequence[str]) -> TlsState:
        """The present state, judged against the wanted subject alternative ``names``."""
        authority, key = files.read(self.paths.authority_certificate), files.read(self.paths.authority_key)
        if authority is None:
            return TlsState()
        if key is None:
            raise HcpError(
                "the key of PostgreSQL's certificate authority is missing while its certificate is there",
                where=self.paths.authority_key,
                remedy="put the key back, or remove the certificate to have a new authority made "
                "(control planes then need its certificate before they can connect)",
            )
        exposed = key.mode & 0o077 != 0 or (os.geteuid() == 0 and key.owner != "root")
        present, reason = self._judge(subject_names(names))
        return TlsState(authority.text, exposed, reason, present)

    def _judge(self, names: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
        certificate, key = self.paths.server_certificate, self.paths.server_key
        key_file = files.read(key)
        if not os.path.exists(certificate) or key_file is None:
            return (), "there is none"
        shown = self._openssl(
            "x509", "-in", certificate, "-noout", "-ext", "subjectAltName", "-checkend", _seconds(_RENEW_DAYS)
        )
        present = subject_names(re.findall(r"(?:DNS|IP Address):([^,\s]+)", shown.stdout))
        verified = self._openssl("verify", "-CAfile", self.paths.authority_certificate, certificate)
        public = self._openssl("x509", "-in", certificate, "-noout", "-pubkey").stdout
        if present != names:
            return present, "its names are others"
        if shown.returncode != 0:
            return present, f"it ends within {_RENEW_DAYS} days"
        if verified.returncode != 0:
            return present, "it is not of this authority"
        if public != self._openssl("pkey", "-in", key, "-pubout").stdout:
            return present, "its key is another"
        if os.geteuid() == 0 and (key_file.mode, key_file.owner, key_file.group) != (0o640, "root", self._group):
            return present, "the rights of its key are others"
        return present, None

    def make_authority(self, common_name: str) -> None:
        """A new key and certificate, 10 years. The certificate comes last: without it the next run begins again."""
        os.makedirs(self.paths.authority_folder, mode=0o700, exist_ok=True)
        os.chmod(self.paths.authority_folder, 0o700)
        with tempfile.TemporaryDirectory(dir=self.paths.authority_folder) as folder:
            key = self._new_key(folder)
            configuration = _write(folder, "ca.conf", _AUTHORITY_CONFIGURATION.format(common_name=common_name))
            certificate = os.path.join(folder, "ca.crt")
            days = ("-days", str(_AUTHORITY_DAYS), "-sha256")
            self._made("req", "-x509", "-new", "-key", key, "-config", configuration, *days, "-out", certificate)
            files.write(files.TextFile(self.paths.authority_key, _text(key), 0o600))
            files.write(files.TextFile(self.paths.authority_certificate, _text(certificate), 0o644))

    def close_authority_key(self) -> None:
        """Owner root and mode 0600."""
        files.write(files.TextFile(self.paths.authority_key, _text(self.paths.authority_key), 0o600))

    def make_server(self, common_name: str, names: t.Sequence[str]) -> None:
        """A new key and certificate for the server, two years. PostgreSQL takes them at its next reload."""
        with tempfile.TemporaryDirectory(dir=self.paths.authority_folder) as folder:
            key, request = self._new_key(folder), os.path.join(folder, "server.csr")
            text = _SERVER_CONFIGURATION.format(common_name=common_name[:64], names=", ".join(subject_names(names)))
            configuration, certificate = _write(folder, "server.conf", text), os.path.join(folder, "server.crt")
            self._made("req", "-new", "-key", key, "-config", configuration, "-out", request)
            authority = ("-CA", self.paths.authority_certificate, "-CAkey", self.paths.authority_key)
            serial = ("-set_serial", f"0x{secrets.token_hex(16)}")
            extensions = ("-extfile", configuration, "-extensions", "extensions")
            days = ("-days", str(_SERVER_DAYS), "-sha256")
            self._made("x509", "-req", "-in", request, *authority, *serial, *extensions, *days, "-out", certificate)
            files.write(files.TextFile(self.paths.server_key, _text(key), 0o640, "root", self._group))
            files.write(files.TextFile(self.paths.server_certificate, _text(certificate), 0o644))

    def _new_key(self, folder: str) -> str:
        # The temporary folder has mode 0700, whatever the umask.
        path = os.path.join(folder, "key.pem")
        self._made("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
        return path

    def _made(self, *arguments: str) -> None:
        self._run(["openssl", *arguments], timeout=30)

    def _openssl(self, *arguments: str) -> t.Any:
        return self._run(["openssl", *arguments], timeout=30, check=False)


def _seconds(days: int) -> str:
    return str(days * 24 * 3600)


def _text(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()


def _write(folder: str, name: str, text: str) -> str:
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path
