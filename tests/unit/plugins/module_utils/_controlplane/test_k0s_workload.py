# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.k0s_workload import (
    arguments,
    stateful_set,
)

from .planes import k0s_plane


def pod(**changed: t.Any) -> dict[str, t.Any]:
    spec: dict[str, t.Any] = stateful_set(k0s_plane(**changed), {})["spec"]["template"]["spec"]
    return spec


def test_one_hardened_container_that_becomes_k0s() -> None:
    (container,) = pod()["containers"]
    assert container["image"] == "quay.io/k0sproject/k0s:v1.36.3-k0s.2"
    assert container["command"][:2] == ["/bin/sh", "-ec"]
    assert "exec k0s controller" in container["command"][2]
    context = container["securityContext"]
    assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
    assert context["capabilities"] == {"drop": ["ALL"], "add": ["SETGID"]}


def test_probes_ask_the_api_and_a_database_outage_restarts_nothing() -> None:
    (container,) = pod()["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez?exclude=etcd"
    assert all(container[name]["timeoutSeconds"] >= 5 for name in ("startupProbe", "readinessProbe", "livenessProbe"))


def test_the_password_is_a_file_that_only_the_owner_reads() -> None:
    (container,) = pod()["containers"]
    assert container["env"][0] == {"name": "KINE_PGPASSFILE", "value": "/datastore/pgpass"}
    modes = {item["name"]: item["secret"]["defaultMode"] for item in pod()["volumes"] if "secret" in item}
    assert modes == {"config": 0o400, "datastore": 0o400}


def test_k0s_finds_its_authorities_under_its_own_names() -> None:
    (volume,) = [item for item in pod()["volumes"] if item["name"] == "pki"]
    paths = [entry["path"] for source in volume["projected"]["sources"] for entry in source["secret"]["items"]]
    assert paths == ["ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "sa.key", "sa.pub"]


def test_replicas_start_together_and_are_replaced_one_after_the_other() -> None:
    spec = stateful_set(k0s_plane(replicas=3), {"a": "b"})["spec"]
    assert (spec["replicas"], spec["podManagementPolicy"]) == (3, "Parallel")
    assert spec["updateStrategy"]["type"] == "RollingUpdate"
    assert spec["template"]["metadata"]["annotations"] == {"a": "b"}
    grace = spec["template"]["spec"]["terminationGracePeriodSeconds"]
    drain = spec["template"]["spec"]["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert drain + 20 < grace


def test_the_users_flags_and_image() -> None:
    assert arguments(k0s_plane(k0s_flags=("--debug",)))[-1] == "--debug"
    (container,) = pod(k0s_image="mirror/k0s@sha256:1")["containers"]
    assert container["image"] == "mirror/k0s@sha256:1"
    (container,) = pod(version="1.36.3+k0s.1")["containers"]
    assert container["image"].endswith(":v1.36.3-k0s.1")


def test_a_session_tells_which_pod_it_belongs_to() -> None:
    variables = {one["name"]: one for one in pod()["containers"][0]["env"]}
    assert variables["KINE_PGAPPNAME"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
