# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.manifests import secret_texts
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.pki_secrets import (
    admin_kubeconfig,
    consumer_secrets,
    credentials_secret,
    datastore_checksum,
    datastore_secret,
    password_file,
    state_secrets,
)

from .planes import DATABASE, SPEC, plane


def test_every_consumer_gets_what_it_needs_and_nothing_more() -> None:
    keys = {item["metadata"]["name"]: set(item["data"]) for item in consumer_secrets(plane())}
    assert keys == {
        "api-server-pki": {
            "ca.crt",
            "apiserver.crt",
            "apiserver.key",
            "apiserver-kubelet-client.crt",
            "apiserver-kubelet-client.key",
            "front-proxy-ca.crt",
            "front-proxy-client.crt",
            "front-proxy-client.key",
            "sa.key",
            "sa.pub",
        },
        "controller-manager-pki": {
            "ca.crt",
            "ca.key",
            "client.crt",
            "client.key",
            "front-proxy-ca.crt",
            "kubeconfig",
            "sa.key",
        },
        "scheduler-pki": {"ca.crt", "client.crt", "client.key", "kubeconfig"},
        "konnectivity-pki": {"ca.crt", "client.crt", "client.key", "kubeconfig", "server.crt", "server.key"},
        "kine-datastore": {"ca.crt", "pgpass"},
        "admin-kubeconfig": {"client.crt", "client.key", "kubeconfig"},
    }


def test_only_state_is_labelled_as_state() -> None:
    made = [*state_secrets(plane()), credentials_secret(SPEC, "u", "p", "s"), *consumer_secrets(plane())]
    state = {item["metadata"]["name"] for item in made if item["metadata"]["labels"].get("mothership.hcp/state")}
    assert state == {"kubernetes-ca", "kubernetes-front-proxy-ca", "service-account-key", "kine-credentials"}


def test_the_password_is_in_the_password_file_only() -> None:
    made = {item["metadata"]["name"]: str(secret_texts(item)) for item in consumer_secrets(plane())}
    assert [name for name, text in made.items() if "word" in text] == ["kine-datastore"]


def test_the_password_file_escapes_what_libpq_would_misread() -> None:
    assert password_file(plane()) == "db1.example.com:5432:hcp_tenant_a:hcp_tenant_a_a:pass\\:word\n"
    database = dataclasses.replace(DATABASE, host="fd00::1", password="back\\slash")
    assert password_file(plane(database=database)).startswith("fd00\\:\\:1:5432:")
    assert password_file(plane(database=database)).endswith(":back\\\\slash\n")


def test_a_previous_login_is_in_the_password_file_and_does_not_replace_pods() -> None:
    now = dataclasses.replace(DATABASE, user="hcp_tenant_a_b")
    both = dataclasses.replace(now, previous=("hcp_tenant_a_a", "o:ld"))
    lines = password_file(plane(database=both)).splitlines()
    assert [line.split(":")[3] for line in lines] == ["hcp_tenant_a_b", "hcp_tenant_a_a"]
    assert lines[1].endswith(":o\\:ld")
    first, second = (datastore_secret(plane(database=database))["data"] for database in (now, both))
    assert first != second
    assert datastore_checksum(first) == datastore_checksum(second)
    other = datastore_secret(plane(database=dataclasses.replace(now, password="other")))["data"]
    assert datastore_checksum(other) != datastore_checksum(first)


def test_the_administrator_reaches_the_cluster_from_outside() -> None:
    document = yaml.safe_load(admin_kubeconfig(plane(endpoint="a.example.com")))
    assert document["clusters"][0]["cluster"]["server"] == "https://a.example.com:30001"
    assert document["current-context"] == "tenant-a-admin@tenant-a"


def test_components_reach_the_api_server_of_their_own_pod() -> None:
    secrets = {item["metadata"]["name"]: secret_texts(item) for item in consumer_secrets(plane())}
    for name in ("controller-manager-pki", "scheduler-pki", "konnectivity-pki"):
        document = yaml.safe_load(secrets[name]["kubeconfig"])
        assert document["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:30001"
        files = [document["clusters"][0]["cluster"]["certificate-authority"], *document["users"][0]["user"].values()]
        assert {path.removeprefix("/pki/") for path in files} <= set(secrets[name])
