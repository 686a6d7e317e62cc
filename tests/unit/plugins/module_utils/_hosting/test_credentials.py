# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import dataclasses
import json
import pathlib

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._pki.scram import password_verifier

from .clusters import Site

A = ClusterSpec(name="tenant-a", version="1.36.3", endpoint="10.77.0.11")
B = dataclasses.replace(A, name="b", replicas=3)
PATH = "/api/v1/namespaces/hcp-tenant-a/secrets/kine-credentials"


@pytest.fixture
def site(tmp_path: pathlib.Path) -> Site:
    return Site(tmp_path)


def stored(site: Site) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in site.mothership.stored[PATH]["data"].items()}


def test_what_the_database_needs_is_returned_and_the_password_is_not(site: Site) -> None:
    result = site.credentials(A, B)
    login = stored(site)
    verifier = password_verifier(login["password"], base64.b64decode(login["salt"]))
    assert login["username"] == "hcp_tenant_a"
    assert result["verifiers"]["tenant-a"] == verifier
    assert result["databases"][0] == {
        "name": "hcp_tenant_a",
        "role": "hcp_tenant_a",
        "verifier": verifier,
        "connection_limit": 63,
    }
    assert [database["connection_limit"] for database in result["databases"]] == [63, 83]
    assert login["password"] not in json.dumps(result)
    assert login["password"] in site.secrets


def test_a_second_run_changes_nothing_and_returns_the_same(site: Site) -> None:
    first, second = site.credentials(A), site.credentials(A)
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["databases"] == second["databases"]
    assert site.credentials(A, check_mode=True)["verifiers"] == first["verifiers"]


def test_check_mode_makes_no_mutating_call_and_knows_no_verifier_yet(site: Site) -> None:
    for client in ("mothership", None):
        planned = site.credentials(A, check_mode=True, client=client)
        assert planned["changed"]
        assert planned["verifiers"] == {"tenant-a": None}
        assert planned["databases"][0]["name"] == "hcp_tenant_a"
    assert site.mutating == []
    done = site.credentials(A)
    assert len(site.mutating) == 2
    assert done["plan"] == planned["plan"]


def test_a_login_of_another_name_is_not_used(site: Site) -> None:
    site.credentials(A)
    site.mothership.stored[PATH]["data"]["username"] = base64.b64encode(b"postgres").decode()
    with pytest.raises(HcpError, match="holds the user name 'postgres' instead of 'hcp_tenant_a'"):
        site.credentials(A)
