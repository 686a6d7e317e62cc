# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import re

from ansible_collections.mothership.hcp.plugins.module_utils._pki.authority import now
from ansible_collections.mothership.hcp.plugins.module_utils._pki.bootstrap_token import BootstrapToken


def test_a_token_has_the_form_that_kubernetes_wants_and_is_never_the_same() -> None:
    one, other = BootstrapToken.new(), BootstrapToken.new()
    assert re.fullmatch(r"[a-z0-9]{6}\.[a-z0-9]{16}", one.value)
    assert one.value != other.value
    assert one.secret not in repr(one)


def test_the_secret_ends_with_the_token() -> None:
    token = BootstrapToken.new(ttl_seconds=60)
    manifest = token.secret_manifest("join of w1")
    data = manifest["stringData"]
    expiration = datetime.datetime.strptime(data["expiration"], "%Y-%m-%dT%H:%M:%S%z")
    assert 50 <= (expiration - now()).total_seconds() <= 60
    assert manifest["metadata"] == {"name": f"bootstrap-token-{token.token_id}", "namespace": "kube-system"}
    assert manifest["type"] == "bootstrap.kubernetes.io/token"
    assert f"{data['token-id']}.{data['token-secret']}" == token.value
    assert data["usage-bootstrap-signing"] == data["usage-bootstrap-authentication"] == "true"
    assert data["description"] == "join of w1"
