# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Passwords for PostgreSQL and the verifiers under which PostgreSQL stores them (RFC 5803)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import string

_ALPHABET = string.ascii_letters + string.digits


def new_password(length: int = 40) -> str:
    """A random password of letters and digits: nothing in it needs quoting anywhere."""
    return "".join(secrets.choice(_ALPHABET) for _position in range(length))


def new_salt() -> bytes:
    """16 random bytes, as long as the salts that PostgreSQL makes."""
    return secrets.token_bytes(16)


def password_verifier(password: str, salt_bytes: bytes, iterations: int = 4096) -> str:
    """``SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>``; the same input gives the same text.

    :param password: ASCII, so that SASLprep has nothing to do.
    """
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt_bytes, iterations)
    client_key = hmac.new(salted, b"Client Key", hashlib.sha256).digest()
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.new(salted, b"Server Key", hashlib.sha256).digest()
    return f"SCRAM-SHA-256${iterations}:{_encoded(salt_bytes)}${_encoded(stored_key)}:{_encoded(server_key)}"


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
