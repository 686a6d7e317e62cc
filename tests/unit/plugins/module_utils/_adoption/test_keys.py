# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.keys import read_keys
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.old_cluster import old_cluster
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.problems import Findings
from ansible_collections.mothership.hcp.plugins.module_utils._pki.leaf import LeafRequest, issue, renewal_reason

from tests.lab.k0smotron_keys import authority
from tests.lab.k0smotron_objects import cluster

from .site import SHAPE, secrets_of

OLD = old_cluster(cluster(SHAPE))


def test_keys_are_taken_as_they_are_and_sign_certificates() -> None:
    secrets, findings = secrets_of(SHAPE), Findings()
    pki = read_keys(OLD, secrets, findings)
    assert pki is not None
    assert findings == Findings()
    assert pki.authority.key_pem == secrets["tenant-ca"]["tls.key"]
    assert pki.front_proxy_authority.certificate_pem == secrets["tenant-proxy"]["tls.crt"]
    assert pki.service_account_key.public_pem == secrets["tenant-sa"]["tls.crt"]
    request = LeafRequest("admin", client=True)
    leaf = issue(pki.authority, request)
    assert renewal_reason(leaf.certificate_pem, pki.authority.certificate_pem, request) is None


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("tenant-ca", None, "does not exist"),
        ("tenant-ca", {"tls.key": ""}, "has no tls.key"),
        ("tenant-proxy", {"tls.crt": "x"}, "no readable certificate"),
        ("tenant-sa", {"tls.crt": "x"}, "no readable pair"),
    ],
)
def test_what_is_missing_or_broken_is_told(name: str, change: dict[str, str] | None, message: str) -> None:
    secrets, findings = secrets_of(SHAPE), Findings()
    if change is None:
        del secrets[name]
    else:
        secrets[name] = {**secrets[name], **change}
    assert read_keys(OLD, secrets, findings) is None
    (problem,) = findings.problems
    assert message in problem.message
    assert problem.where == f"Secret/clusters/{name}"


def test_keys_of_another_pair_are_told_all_at_once() -> None:
    secrets, findings = secrets_of(SHAPE), Findings()
    secrets["tenant-ca"]["tls.key"] = secrets["tenant-proxy"]["tls.key"]
    secrets["tenant-sa"]["tls.key"] = secrets["tenant-proxy"]["tls.key"]
    assert read_keys(OLD, secrets, findings) is None
    assert ["belong" in problem.message for problem in findings.problems] == [True, True]


def test_a_ca_that_has_ended_is_told() -> None:
    secrets, findings = secrets_of(SHAPE), Findings()
    certificate, key = authority(days=0)
    secrets["tenant-ca"] = {"tls.crt": certificate, "tls.key": key}
    assert read_keys(OLD, secrets, findings) is None
    assert "ended on" in findings.problems[0].message
