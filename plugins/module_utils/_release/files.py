# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The files of one release: small ones as text, large ones as a stream to the disk."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import ssl
import time
import typing as t
import urllib.error
import urllib.parse

from ansible.module_utils.urls import open_url

from .._core.errors import HcpError, InvalidInput, Unreachable
from .._core.progress import Progress

_BLOCK = 1024 * 1024
_SMALL = 1024 * 1024
#: Seconds between two lines of progress.
_AT_MOST_EVERY = 5.0
_OFFLINE = (
    "give this machine access to it or a proxy (https_proxy), name a mirror or a copied folder (file:///...) with "
    "base_url, or run this on a machine that has access and copy the bundle"
)


class ReleaseFiles:
    """What is below one folder of a server.

    :param base_url: the folder of all releases.
    :param tag: the release, such as ``v1.36.3+k0s.2``.
    :param timeout: seconds without any data after which a request fails.
    :param ca_path: file with the certificate authorities to trust, or nothing for those of the system.
    """

    def __init__(self, base_url: str, tag: str, timeout: float, ca_path: str | None, progress: Progress) -> None:
        _check_url(base_url)
        self._folder = f"{base_url.rstrip('/')}/{urllib.parse.quote(tag, safe='')}"
        self._timeout, self._ca_path, self._progress = timeout, ca_path, progress

    def url(self, name: str) -> str:
        return f"{self._folder}/{urllib.parse.quote(name, safe='')}"

    def text(self, name: str) -> str | None:
        """A small text file; ``None`` when the release has no file of this name.

        :raises HcpError: when the server cannot be asked, or sends something else.
        """
        with self._errors(name), contextlib.closing(self._open(name)) as answer:
            data: bytes = answer.read(_SMALL + 1)
            if len(data) > _SMALL:
                raise InvalidInput("this is no small text file", where=self.url(name), remedy="check base_url")
            return data.decode("utf-8", "replace")
        return None

    def save(self, name: str, path: str, subject: str) -> str:
        """Stream a file to ``path``, which only its owner may read.

        :param subject: what lines of progress begin with.
        :returns: its SHA-256 in hex.
        :raises HcpError: when it cannot be read to its end, or not be written.
        """
        with self._errors(name), contextlib.closing(self._open(name)) as answer:
            expected = int(answer.headers.get("Content-Length") or 0)
            digest, received = self._copy(answer, path, subject, expected)
            if expected and received != expected:
                raise Unreachable(
                    f"the download ended after {received} of {expected} bytes",
                    where=self.url(name),
                    remedy="run again",
                )
            return digest
        raise InvalidInput("the release has no such file", where=self.url(name), remedy="check base_url")

    def _open(self, name: str) -> t.Any:
        return open_url(self.url(name), timeout=self._timeout, ca_path=self._ca_path, http_agent="mothership.hcp")

    def _copy(self, answer: t.Any, path: str, subject: str, expected: int) -> tuple[str, int]:
        digest, received, said_at = hashlib.sha256(), 0, 0.0
        with _Target(path) as target:
            for block in iter(lambda: answer.read(_BLOCK), b""):
                digest.update(block)
                target.write(block)
                received += len(block)
                if time.monotonic() - said_at >= _AT_MOST_EVERY:
                    said_at = time.monotonic()
                    self._progress.say(subject, _so_far(received, expected))
            target.finish()
        return digest.hexdigest(), received

    @contextlib.contextmanager
    def _errors(self, name: str) -> t.Iterator[None]:
        """Turn errors of the network into ours; a file that is not there ends the block."""
        try:
            yield
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != 404:
                raise Unreachable(
                    f"the server answers {error.code} {error.reason}", where=self.url(name), remedy=_OFFLINE
                ) from None
        except urllib.error.URLError as error:
            if not isinstance(error.reason, FileNotFoundError):
                raise self._unreachable(name, error.reason) from None
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(name, error) from None

    def _unreachable(self, name: str, reason: t.Any) -> HcpError:
        if isinstance(reason, ssl.SSLCertVerificationError):
            return Unreachable(
                f"the server's certificate is not trusted: {reason.verify_message}",
                where=self.url(name),
                remedy="name the file of the authority that signed it with ca_path",
            )
        return Unreachable(f"cannot be reached: {reason}", where=self.url(name), remedy=_OFFLINE)


def _check_url(base_url: str) -> None:
    parts = urllib.parse.urlsplit(base_url)
    if parts.scheme not in ("https", "http", "file") or not (parts.netloc or parts.scheme == "file"):
        raise InvalidInput(
            f"{base_url!r} is no URL that can be used",
            where="base_url",
            remedy="give one with https://, http:// or file://",
        )
    if parts.username or parts.password:
        raise InvalidInput(
            "a user or password in the URL would show up in results",
            where="base_url",
            remedy="put them into ~/.netrc of the user who runs this",
        )


def _so_far(received: int, expected: int) -> str:
    total = f" of {expected // _BLOCK}" if expected else ""
    return f"{received // _BLOCK}{total} MiB received"


class _Target:
    """The file that is written. Its errors are those of the disk, not of the network."""

    def __init__(self, path: str) -> None:
        self._path = path
        with self._errors():
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")

    def __enter__(self) -> _Target:
        return self

    def __exit__(self, *exc_info: object) -> None:
        with contextlib.suppress(OSError):
            self._file.close()

    def write(self, block: bytes) -> None:
        with self._errors():
            self._file.write(block)

    def finish(self) -> None:
        with self._errors():
            self._file.flush()
            os.fsync(self._file.fileno())

    @contextlib.contextmanager
    def _errors(self) -> t.Iterator[None]:
        try:
            yield
        except OSError as error:
            raise HcpError(
                f"cannot be written: {error.strerror}",
                where=self._path,
                remedy="make room on this disk, or let the user who runs this write there; then run again",
            ) from None
