# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import dataclasses
import json
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._backup.scope import Scope
from ansible_collections.mothership.hcp.plugins.module_utils._backup.server_objects import (
    CHECKSUM_ANNOTATION,
    core_objects,
    location_object,
    schedule_object,
)

from tests.unit.plugins.module_utils._backup.fakes import S3, SECRET_KEY, SERVER


def by_kind(settings: t.Any = SERVER) -> t.Any:
    return {manifest["kind"]: manifest for manifest in core_objects(settings)}


def template(settings: t.Any = SERVER) -> t.Any:
    return by_kind(settings)["Deployment"]["spec"]["template"]


def test_the_deployment_is_called_velero_because_other_tools_look_for_it() -> None:
    assert by_kind()["Deployment"]["metadata"]["name"] == "velero"


def test_every_container_meets_pod_security_restricted() -> None:
    pod = template()["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["initContainers"] + pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_definitions_are_applied_before_the_server_starts_and_by_its_own_image() -> None:
    definitions = template()["spec"]["initContainers"][0]
    assert definitions["image"] == SERVER.image
    assert definitions["args"] == ["install", "--crds-only", "--apply"]


def test_the_secret_key_is_in_the_secret_only() -> None:
    for kind, manifest in by_kind().items():
        assert SECRET_KEY not in json.dumps(manifest), kind
    data = by_kind()["Secret"]["data"]["cloud"]
    assert f"aws_secret_access_key={SECRET_KEY}\n" in base64.b64decode(data).decode()


def test_a_new_key_restarts_the_server() -> None:
    other = dataclasses.replace(SERVER, s3=dataclasses.replace(S3, secret_key="another"))
    assert (
        template()["metadata"]["annotations"][CHECKSUM_ANNOTATION]
        != (template(other)["metadata"]["annotations"][CHECKSUM_ANNOTATION])
    )


def test_another_namespace_gets_a_binding_of_its_own() -> None:
    assert by_kind()["ClusterRoleBinding"]["metadata"]["name"] == "velero"
    other = by_kind(dataclasses.replace(SERVER, namespace="backup"))
    assert other["ClusterRoleBinding"]["metadata"]["name"] == "velero-backup"
    assert other["Deployment"]["metadata"]["namespace"] == "backup"


def test_location_of_an_s3_compatible_server() -> None:
    spec = location_object(SERVER)["spec"]
    assert spec["objectStorage"] == {"bucket": "backups", "prefix": "mothership"}
    assert spec["config"] == {"region": "us-east-1", "s3Url": S3.url, "s3ForcePathStyle": "true"}
    assert spec["accessMode"] == "ReadWrite"


def test_location_of_aws_itself() -> None:
    settings = dataclasses.replace(SERVER, s3=dataclasses.replace(S3, url="", prefix=""), read_only=True)
    spec = location_object(settings)["spec"]
    assert spec["objectStorage"] == {"bucket": "backups"}
    assert spec["config"] == {"region": "us-east-1"}
    assert spec["accessMode"] == "ReadOnly"


def test_location_takes_the_users_keys_and_ca() -> None:
    settings = dataclasses.replace(
        SERVER, s3=dataclasses.replace(S3, ca_certificate="PEM"), location_config={"checksumAlgorithm": ""}
    )
    spec = location_object(settings)["spec"]
    assert spec["config"]["checksumAlgorithm"] == ""
    assert base64.b64decode(spec["objectStorage"]["caCert"]) == b"PEM\n"


@pytest.fixture
def schedule() -> t.Any:
    return schedule_object(SERVER, Scope.of(["hcp-a"], [], "24h", "default"), "0 1 * * *")


def test_schedule_leaves_its_backups_behind(schedule: t.Any) -> None:
    assert schedule["spec"]["useOwnerReferencesInBackup"] is False
    assert schedule["spec"]["template"]["includedNamespaces"] == ["hcp-a"]


def test_schedule_does_not_set_what_velero_writes_itself(schedule: t.Any) -> None:
    # Velero resets skipImmediately: setting it would be a change in every run.
    assert "skipImmediately" not in schedule["spec"]
