# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Kubeconfig texts. The same input always gives the same text, so that a re-run changes nothing."""

from __future__ import annotations

import base64
import typing as t

from .._core.plan import as_text
from .authority import KeyPair


def render(
    *,
    server: str,
    cluster: str = "kubernetes",
    user: str = "client",
    ca_certificate_pem: str | None = None,
    ca_file: str | None = None,
    client: KeyPair | None = None,
    client_files: tuple[str, str] | None = None,
    token_file: str | None = None,
) -> str:
    """One cluster, one user, one context, as YAML.

    :param server: URL of the API server.
    :param ca_certificate_pem: CA of the server, embedded; or ``ca_file``, its path where the text is used.
    :param client: client certificate, embedded; or ``client_files``, the paths of certificate and key;
        or ``token_file``, the path of a token.
    """
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster, "cluster": _cluster(server, ca_certificate_pem, ca_file)}],
        "users": [{"name": user, "user": _user(client, client_files, token_file)}],
        "contexts": [{"name": f"{user}@{cluster}", "context": {"cluster": cluster, "user": user}}],
        "current-context": f"{user}@{cluster}",
    }
    return as_text(document)


def _cluster(server: str, ca_certificate_pem: str | None, ca_file: str | None) -> dict[str, t.Any]:
    cluster = {"server": server}
    if ca_certificate_pem is not None:
        cluster["certificate-authority-data"] = _encoded(ca_certificate_pem)
    if ca_file is not None:
        cluster["certificate-authority"] = ca_file
    return cluster


def _user(client: KeyPair | None, client_files: tuple[str, str] | None, token_file: str | None) -> dict[str, t.Any]:
    user: dict[str, t.Any] = {}
    if client is not None:
        user["client-certificate-data"] = _encoded(client.certificate_pem)
        user["client-key-data"] = _encoded(client.key_pem)
    if client_files is not None:
        user["client-certificate"], user["client-key"] = client_files
    if token_file is not None:
        user["tokenFile"] = token_file
    return user


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")
