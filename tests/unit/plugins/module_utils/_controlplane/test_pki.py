# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane import pki
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.manifests import secret_texts
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.pki_secrets import (
    consumer_secrets,
    state_secrets,
)
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.watchdog import watchdog_objects
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from cryptography import x509

from .planes import ADDRESS, SPEC, material, plane


@pytest.fixture
def found() -> dict[str, dict[str, str]]:
    """The Secrets of a cluster that exists."""
    made = [*state_secrets(plane()), *consumer_secrets(plane()), *watchdog_objects(plane())]
    return {item["metadata"]["name"]: secret_texts(item) for item in made if item["kind"] == "Secret"}


def names(pem: str) -> set[str]:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(getattr(item, "value", item)) for item in extension}


def test_everything_is_made_once() -> None:
    made = material()
    assert len(made.issued) == 3 + len(made.leaves)
    assert all(reason.endswith(": did not exist") for reason in made.issued)
    for pair, name in (
        (made.authority, "CN=kubernetes-ca"),
        (made.front_proxy_authority, "CN=kubernetes-front-proxy-ca"),
    ):
        assert x509.load_pem_x509_certificate(pair.certificate_pem.encode()).subject.rfc4514_string() == name


def test_what_exists_is_kept_bit_by_bit(found: dict[str, dict[str, str]]) -> None:
    again = pki.ensure_pki(SPEC, ADDRESS, found)
    assert again.issued == ()
    assert dataclasses.replace(again, issued=()) == dataclasses.replace(material(), issued=())


def test_a_new_name_renews_only_the_servers(found: dict[str, dict[str, str]]) -> None:
    spec = dataclasses.replace(SPEC, endpoint="a.example.com")
    again = pki.ensure_pki(spec, ADDRESS, found)
    assert [text.split(":")[0] for text in again.issued] == ["api-server", "konnectivity-server"]
    assert "names differ: +a.example.com" in again.issued[0]
    assert again.authority == material().authority
    assert "a.example.com" in names(again.leaves["konnectivity-server"].certificate_pem)


def test_names_of_the_api_server() -> None:
    spec = dataclasses.replace(SPEC, endpoint="a.example.com", dns_domain="corp.local")
    assert names(pki.ensure_pki(spec, ADDRESS, {}).leaves["api-server"].certificate_pem) == {
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.corp.local",
        "localhost",
        "tenant-a.hcp-tenant-a.svc",
        "a.example.com",
        "10.98.0.1",
        "127.0.0.1",
        ADDRESS,
    }


def test_a_lost_leaf_is_issued_again_by_the_same_authority(found: dict[str, dict[str, str]]) -> None:
    del found["scheduler-pki"]
    again = pki.ensure_pki(SPEC, ADDRESS, found)
    assert again.issued == ("scheduler: did not exist",)
    assert again.authority == material().authority


def test_an_authority_is_recovered_from_the_controller_managers_copy(found: dict[str, dict[str, str]]) -> None:
    del found["kubernetes-ca"], found["service-account-key"]
    again = pki.ensure_pki(SPEC, ADDRESS, found)
    assert again.issued == ()
    assert (again.authority, again.service_account_key) == (material().authority, material().service_account_key)


def test_a_lost_authority_of_an_existing_cluster_is_never_replaced(found: dict[str, dict[str, str]]) -> None:
    del found["kubernetes-ca"], found["controller-manager-pki"]
    with pytest.raises(HcpError, match="a new CA would cut off every worker"):
        pki.ensure_pki(SPEC, ADDRESS, found)


def test_a_namespace_with_a_database_login_only_gets_everything_new() -> None:
    credentials: dict[str, t.Any] = {"kine-credentials": {"password": "x"}}
    assert len(pki.ensure_pki(SPEC, ADDRESS, credentials).issued) == 12


def test_a_new_front_proxy_authority_signs_its_client(found: dict[str, dict[str, str]]) -> None:
    del found["kubernetes-front-proxy-ca"]
    again = pki.ensure_pki(SPEC, ADDRESS, found)
    assert [text.split(":")[0] for text in again.issued] == ["kubernetes-front-proxy-ca", "front-proxy-client"]


def test_every_private_key_is_known_for_redaction(found: dict[str, dict[str, str]]) -> None:
    keys = {text for texts in found.values() for key, text in texts.items() if key.endswith(".key")}
    assert keys == set(material().private_texts)
