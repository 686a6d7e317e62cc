# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._pki.authority import KeyPair
from ansible_collections.mothership.hcp.plugins.module_utils._pki.kubeconfig import render


def test_embedded_credentials() -> None:
    text = render(server="https://a:1", cluster="c", user="u", ca_certificate_pem="CA", client=KeyPair("CRT", "KEY"))
    document = yaml.safe_load(text)
    assert document["clusters"][0]["cluster"] == {
        "server": "https://a:1",
        "certificate-authority-data": base64.b64encode(b"CA").decode(),
    }
    assert base64.b64decode(document["users"][0]["user"]["client-key-data"]) == b"KEY"
    assert document["current-context"] == document["contexts"][0]["name"] == "u@c"


def test_credentials_in_files() -> None:
    document = yaml.safe_load(render(server="https://a:1", ca_file="/ca", client_files=("/crt", "/key")))
    assert document["clusters"][0]["cluster"]["certificate-authority"] == "/ca"
    assert document["users"][0]["user"] == {"client-certificate": "/crt", "client-key": "/key"}
    token = yaml.safe_load(render(server="https://a:1", token_file="/token"))
    assert token["users"][0]["user"] == {"tokenFile": "/token"}


def test_the_same_input_gives_the_same_text() -> None:
    assert render(server="https://a:1", ca_file="/ca") == render(server="https://a:1", ca_file="/ca")
