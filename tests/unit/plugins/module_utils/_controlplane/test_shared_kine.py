# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import dataclasses
import json
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane import api_server, pki, shared_kine
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.control_plane import Database
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.distribution import distribution_for
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.manifests import secret_texts
from cryptography import x509

from .planes import ADDRESS, SPEC, material, only, plane

Objects = list[dict[str, t.Any]]


def made(**changed: t.Any) -> Objects:
    return distribution_for("kubeadm").mothership_objects(plane(kine="shared", **changed))


def pod(objects: Objects, name: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", only(objects, "Deployment", name)["spec"]["template"]["spec"])


def test_by_default_nothing_of_it_is_made() -> None:
    names = {item["metadata"]["name"] for item in distribution_for("kubeadm").mothership_objects(plane())}
    assert not names & {"tenant-a-kine", pki.KINE_AUTHORITY, pki.KINE_SERVER, pki.KINE_CLIENT}
    assert shared_kine.secrets(plane()) == []


def test_the_objects_are_in_the_namespace_and_given_once() -> None:
    objects = made()
    keys = [(item["kind"], item["metadata"]["name"]) for item in objects]
    assert len(keys) == len(set(keys))
    leftovers = {(item["kind"], item["metadata"]["name"]) for item in shared_kine.leftovers(SPEC)}
    assert leftovers == set(keys) - {
        (item["kind"], item["metadata"]["name"]) for item in distribution_for("kubeadm").mothership_objects(plane())
    }
    assert json.dumps(objects) == json.dumps(made())


def test_an_authority_of_its_own_signs_both_sides_and_nothing_else() -> None:
    built = material("shared")
    assert built.kine_authority is not None
    authority = x509.load_pem_x509_certificate(built.kine_authority.certificate_pem.encode())
    for name, pair in built.leaves.items():
        certificate = x509.load_pem_x509_certificate(pair.certificate_pem.encode())
        assert (certificate.issuer == authority.subject) is (name in (pki.KINE_SERVER, pki.KINE_CLIENT))
    assert built.kine_authority.key_pem in built.private_texts


def test_each_side_has_its_own_key_only() -> None:
    objects = made()
    server, client = (secret_texts(only(objects, "Secret", name)) for name in (pki.KINE_SERVER, pki.KINE_CLIENT))
    assert set(server) == set(client) == {"tls.crt", "tls.key", "ca.crt"}
    assert server["tls.key"] != client["tls.key"]
    mounted = {volume["name"] for volume in pod(objects, "tenant-a")["volumes"]}
    assert pki.KINE_CLIENT in mounted
    assert not mounted & {pki.KINE_SERVER, pki.KINE_AUTHORITY, "kine-datastore", "kine"}
    assert {volume["name"] for volume in pod(objects, "tenant-a-kine")["volumes"]} == {
        pki.KINE_SERVER,
        "kine-datastore",
    }


def test_what_exists_is_kept_and_a_lost_authority_is_made_anew() -> None:
    shared = dataclasses.replace(SPEC, kine="shared")
    found = {item["metadata"]["name"]: secret_texts(item) for item in made() if item["kind"] == "Secret"}
    assert pki.ensure_pki(shared, ADDRESS, found).issued == ()
    del found[pki.KINE_AUTHORITY]
    issued = [text.split(":")[0] for text in pki.ensure_pki(shared, ADDRESS, found).issued]
    assert issued == [pki.KINE_AUTHORITY, pki.KINE_SERVER, pki.KINE_CLIENT]


def test_api_servers_reach_it_by_a_name_that_its_certificate_has() -> None:
    flags = api_server.arguments(plane(kine="shared"))
    assert "--etcd-servers=https://tenant-a-kine.hcp-tenant-a.svc:2379" in flags
    server = x509.load_pem_x509_certificate(material("shared").leaves[pki.KINE_SERVER].certificate_pem.encode())
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "tenant-a-kine.hcp-tenant-a.svc" in names.get_values_for_type(x509.DNSName)
    service = only(made(), "Service", "tenant-a-kine")["spec"]
    assert service["selector"] == only(made(), "Deployment", "tenant-a-kine")["spec"]["selector"]["matchLabels"]
    assert service["ports"][0]["port"] == 2379
    mounts = {mount["mountPath"] for mount in pod(made(), "tenant-a")["containers"][0]["volumeMounts"]}
    assert all(flag.partition("=")[2].rpartition("/")[0] in mounts for flag in flags if flag.startswith("--etcd-ca"))


def test_no_service_of_the_api_leads_to_its_pod() -> None:
    labels = only(made(), "Deployment", "tenant-a-kine")["spec"]["template"]["metadata"]["labels"]
    for name in ("tenant-a", "tenant-a-konnectivity"):
        assert not only(made(), "Service", name)["spec"]["selector"].items() <= labels.items()


def test_it_refuses_clients_without_certificate_and_other_pods() -> None:
    (container,) = pod(made(), "tenant-a-kine")["containers"]
    assert "--trusted-ca-file=/pki/ca.crt" in container["args"]
    assert not any(text.startswith("--listen-address=unix") for text in container["args"])
    rule = only(made(), "NetworkPolicy", "tenant-a-kine")["spec"]["ingress"][0]
    assert rule["from"][0]["podSelector"]["matchLabels"] == plane().selector
    assert [port["port"] for port in rule["ports"]] == ["kine"]


def test_its_pod_passes_pod_security_restricted_and_leaves_a_dead_machine_soon() -> None:
    spec = pod(made(), "tenant-a-kine")
    assert spec["securityContext"]["runAsNonRoot"] is True
    (container,) = spec["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "restartPolicy" not in container
    assert "memory" in container["resources"]["limits"]
    assert {item["tolerationSeconds"] for item in spec["tolerations"]} == {5}
    volumes = {volume["name"] for volume in spec["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    names = {port["name"] for port in container["ports"]}
    probes = [container[name] for name in ("startupProbe", "readinessProbe", "livenessProbe")]
    assert {next(iter(probe.values()))["port"] for probe in probes} <= names


def test_the_next_pod_is_ready_before_one_goes() -> None:
    spec = only(made(), "Deployment", "tenant-a-kine")["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_a_new_password_replaces_its_pod_and_no_api_server() -> None:
    database = Database("db1.example.com", 5432, "-----CA-----\n", "other")
    before, after = made(), made(database=database)
    for name, same in (("tenant-a", True), ("tenant-a-kine", False)):
        templates = [only(objects, "Deployment", name)["spec"]["template"] for objects in (before, after)]
        assert (templates[0] == templates[1]) is same


def test_a_new_client_certificate_replaces_the_api_servers() -> None:
    built = plane(kine="shared")
    again = pki.ensure_pki(built.spec, ADDRESS, {})
    leaves = {**built.pki.leaves, pki.KINE_CLIENT: again.leaves[pki.KINE_CLIENT]}
    other = dataclasses.replace(built, pki=dataclasses.replace(built.pki, leaves=leaves))
    objects = [distribution_for("kubeadm").mothership_objects(item) for item in (built, other)]
    kept, changed = (
        [only(made, "Deployment", name)["spec"]["template"]["metadata"]["annotations"] for made in objects]
        for name in ("tenant-a-kine", "tenant-a")
    )
    assert kept[0] == kept[1]
    assert changed[0] != changed[1]


def test_labels_of_the_user_reach_no_selector_and_no_pod() -> None:
    plain, labelled = (only(made(**more), "Deployment", "tenant-a-kine") for more in ({}, {"labels": {"team": "blue"}}))
    assert labelled["metadata"]["labels"]["team"] == "blue"
    assert labelled["spec"] == plain["spec"]


@pytest.mark.parametrize("secret", ["pass:word", "PRIVATE KEY"])
def test_nothing_secret_outside_secrets(secret: str) -> None:
    others = [item for item in made() if item["kind"] != "Secret"]
    assert secret not in json.dumps(others)
    assert base64.b64encode(secret.encode()).decode()[:8] not in json.dumps(others)
