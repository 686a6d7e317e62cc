# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release on a server of this machine, signed with a key made for the test."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import threading
import typing as t
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

VERSION = "1.36.3+k0s.2"


class Release:
    """Files by path, as a server would have them.

    :ivar asked: paths that were requested, in order, without the release's folder.
    """

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.statuses: dict[str, int] = {}
        self.cut_short: set[str] = set()
        self.url = ""
        for architecture in ("amd64", "arm64", "arm"):
            self.add(architecture, f"k0s for {architecture}".encode() * 1000)

    @property
    def public_pem(self) -> str:
        return (
            self.key.public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode()
        )

    @property
    def fingerprint(self) -> str:
        der = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hashlib.sha256(der).hexdigest()

    def add(self, architecture: str, program: bytes, version: str = VERSION) -> None:
        """Publish a program with its signature."""
        folder, name = f"v{version}", f"k0s-v{version}-{architecture}"
        signature = base64.b64encode(self.key.sign(program, ec.ECDSA(hashes.SHA256())))
        self.files[f"{folder}/{name}"] = program
        self.files[f"{folder}/{name}.sig"] = signature + b"\n"
        self.files[f"{folder}/cosign.pub"] = self.public_pem.encode()
        line = f"{hashlib.sha256(program).hexdigest()} *{name}\n".encode()
        self.files[f"{folder}/sha256sums.txt"] = self.files.get(f"{folder}/sha256sums.txt", b"") + line

    def change(self, name: str, content: bytes) -> None:
        self.files[f"v{VERSION}/{name}"] = content

    def sha256(self, architecture: str) -> str:
        return hashlib.sha256(self.files[f"v{VERSION}/k0s-v{VERSION}-{architecture}"]).hexdigest()


@contextlib.contextmanager
def served(release: Release) -> t.Iterator[Release]:
    """The release at ``release.url``."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urllib.parse.unquote(self.path).lstrip("/")
            release.asked.append(path.rpartition("/")[2])
            content = release.files.get(path)
            status = release.statuses.get(path.rpartition("/")[2], 404 if content is None else 200)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            if status == 200 and content is not None:
                short = path.rpartition("/")[2] in release.cut_short
                self.wfile.write(content[: len(content) // 2] if short else content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    release.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield release
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
