# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane import api_server
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.control_plane import Database
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.pki_secrets import consumer_secrets
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.workload import deployment

from .planes import DATABASE, plane


def made(**changed: t.Any) -> dict[str, t.Any]:
    built = plane(**changed)
    return deployment(built, [api_server.config_map(built)], consumer_secrets(built))


def pod(**changed: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", made(**changed)["spec"]["template"]["spec"])


def test_every_container_passes_pod_security_restricted() -> None:
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in [*pod()["initContainers"], *pod()["containers"]]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]
        assert "cpu" in container["resources"]["requests"]


def test_kine_and_konnectivity_are_native_sidecars_in_that_order() -> None:
    assert [(item["name"], item["restartPolicy"]) for item in pod()["initContainers"]] == [
        ("kine", "Always"),
        ("konnectivity-server", "Always"),
    ]


def test_every_mounted_volume_exists_and_secrets_are_readable_by_the_group_only() -> None:
    volumes = {volume["name"]: volume for volume in pod()["volumes"]}
    mounted = {
        mount["name"]
        for container in [*pod()["initContainers"], *pod()["containers"]]
        for mount in container["volumeMounts"]
    }
    assert mounted == set(volumes)
    assert {volume["secret"]["defaultMode"] for volume in volumes.values() if "secret" in volume} == {0o440}


def test_the_password_is_in_no_argument_and_no_variable() -> None:
    assert "pass:word" not in str(made())
    kine = pod()["initContainers"][0]
    dsn = "postgres://hcp_tenant_a_a@db1.example.com:5432/hcp_tenant_a?sslmode=verify-full"
    assert f"--endpoint={dsn}" in kine["args"]
    assert "--datastore-max-open-connections=20" in kine["args"]


def test_an_address_of_version_six_is_bracketed() -> None:
    kine = pod(database=Database("fd00::1", 5432, "CA", "x"))["initContainers"][0]
    assert any("@[fd00::1]:5432/" in text for text in kine["args"])


def test_replicas_are_known_to_konnectivity() -> None:
    assert "--server-count=3" in pod(replicas=3)["initContainers"][1]["args"]
    assert made(replicas=3)["spec"]["replicas"] == 3


def test_labels_of_the_user_change_neither_selector_nor_pods() -> None:
    plain, labelled = made(), made(labels={"team": "blue"})
    assert labelled["metadata"]["labels"]["team"] == "blue"
    assert labelled["spec"] == plain["spec"]


@pytest.mark.parametrize(
    ("changed", "annotation"),
    [
        ({"database": Database("db1.example.com", 5432, "-----CA-----\n", "other")}, "datastore"),
        ({"database": Database("db1.example.com", 5432, "other", "pass:word")}, "datastore"),
        ({"endpoint": "a.example.com"}, None),
        ({"kubelet_config": {"maxPods": 50}}, None),
    ],
)
def test_what_pods_read_decides_about_their_restart(changed: dict[str, t.Any], annotation: str | None) -> None:
    before = made()["spec"]["template"]["metadata"]["annotations"]
    after = made(**changed)["spec"]["template"]["metadata"]["annotations"]
    differing = [key for key in before if before[key] != after[key]]
    assert differing == ([f"mothership.hcp/checksum-{annotation}"] if annotation else [])


def test_replicas_spread_and_are_replaced_one_by_one() -> None:
    assert made()["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert "podAntiAffinity" in pod()["affinity"]
    assert pod()["topologySpreadConstraints"][0]["topologyKey"] == "topology.kubernetes.io/zone"
    assert pod()["terminationGracePeriodSeconds"] >= 10 + 30


def test_a_session_tells_which_pod_it_belongs_to() -> None:
    variables = {one["name"]: one for one in pod()["initContainers"][0]["env"]}
    assert variables["PGAPPNAME"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"


def test_the_login_is_the_one_of_the_secret() -> None:
    database = dataclasses.replace(DATABASE, user="hcp_tenant_a_b")
    assert any("//hcp_tenant_a_b@" in text for text in pod(database=database)["initContainers"][0]["args"])
